// The index of the log is written late, for many entries at once: until then they are in memory.
import type { Batch } from './batch.ts'
import type { Item, RoomLog, Rooms } from './rooms.ts'
import { extended, type Run } from './runs.ts'

export interface Folding {
  /** Puts the runs into the batch, where it is time to. */
  prepare(batch: Batch): { runs: number; foldedN: number | undefined }
  /** These are committed now, and weigh so much. */
  committed(items: readonly Item[], weight: number): void
  /** The next batch brings the runs, whatever their number. */
  want(): void
  /** How many committed entries are in no run. */
  waiting(): number
}

export const FOLD_AT = 8_192
const AT_BYTES = 16 * 1_048_576

interface From {
  readonly lastN: number
  readonly waiting: number
  /** How many entries wait for each other. */
  readonly foldAt: number
}

export function folding(rooms: Rooms, { lastN, waiting, foldAt }: From): Folding {
  let committedN = lastN
  let count = waiting
  let bytes = 0
  let wanted = false

  return {
    prepare(batch) {
      if (count === 0 || (!wanted && count < foldAt && bytes < AT_BYTES)) return { runs: 0, foldedN: undefined }
      const foldedN = committedN
      const folds = [...rooms.active].flatMap((room) => foldOf(room, foldedN))
      for (const { room, runs } of folds) for (const run of runs) put(batch, room, run)
      const now = { count, bytes }
      batch.committed.unshift(() => {
        for (const fold of folds) settle(rooms, fold)
        count -= now.count
        bytes -= now.bytes
        wanted = false
      })
      return { runs: folds.reduce((sum, { runs }) => sum + runs.length, 0), foldedN }
    },
    committed(items, weight) {
      count += items.length
      bytes += weight
      committedN = items.at(-1)?.n ?? committedN
    },
    want() {
      wanted = true
    },
    waiting: () => count,
  }
}

interface Fold {
  readonly room: RoomLog
  readonly runs: readonly Run[]
  readonly items: number
}

function foldOf(room: RoomLog, upTo: number): Fold[] {
  const { tail, run } = room
  const later = tail.findIndex(({ n }) => n > upTo)
  const items = later === -1 ? tail : tail.slice(0, later)
  return items.length === 0 ? [] : [{ room, runs: extended(run, items), items: items.length }]
}

function put({ arena }: Batch, { log }: RoomLog, { first, n, at, touched, messages, bytes, places }: Run) {
  for (const value of [log, first, n, at, touched, messages, bytes, places.byteLength]) arena.number(value)
  arena.put(new Uint8Array(places.buffer, places.byteOffset, places.byteLength))
}

function settle({ active }: Rooms, { room, runs, items }: Fold) {
  room.run = runs.at(-1)
  if (room.tail.length > items) room.tail.splice(0, items)
  else {
    room.tail.length = 0
    active.delete(room)
  }
}
