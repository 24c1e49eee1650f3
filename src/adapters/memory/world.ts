// A log and its store for tests and trials: they forget everything with the process, so they must not run in production.
import type { Log } from '../../ports/log.ts'
import type { Store } from '../../ports/store.ts'
import { changing } from './changing.ts'
import { memoryLog } from './log.ts'
import { noPeople } from './people.ts'
import { heldRooms } from './rooms.ts'
import { memoryStore, type Tables } from './store.ts'

export function memoryWorld(
  clock: { now(): number },
  report: (error: unknown) => void = console.error,
): { log: Log; store: Store } {
  const tables: Tables = { rooms: heldRooms(), people: noPeople(), scheduled: new Map() }
  const log = memoryLog({ clock, report, rooms: tables.rooms, change: changing(tables, clock) })
  return { log, store: memoryStore(clock, tables) }
}
