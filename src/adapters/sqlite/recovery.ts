// What is read of the file at the start: the entries that are in no run yet, and the keys that are on no page yet.
import { type Generation, HOT_MS, type Keys, keyHash, keysOf, PAGES, tableOf } from './keys.ts'
import { readLine } from './line.ts'
import { type Reading, type Row, uint32sOf } from './reading.ts'
import type { Item, RoomLog, Rooms } from './rooms.ts'
import { wordOf } from './runs.ts'

export interface Facts {
  readonly epoch: string
  readonly seed: number
  readonly foldedN: number
  readonly lastN: number
  readonly lastLog: number
}

const ENTRIES = 'SELECT n, log, seq, entry FROM entries WHERE n > ? ORDER BY n LIMIT ?'
const PAGE = 'SELECT hashes FROM keys WHERE page = ?'
const PAGES_OF = 'SELECT hashes FROM keys WHERE page >= ? AND page < ?'
const GENERATIONS = 'SELECT generation, first_n, last_n, since, until, bits FROM generations'
const AT_ONCE = 4_096

export function factsOf(reading: Reading): Facts {
  const fact = (name: string) => reading.row('SELECT value FROM facts WHERE name = ?', name)?.[0]
  const most = (sql: string) => (reading.row(sql)?.[0] as number | null) ?? 0
  const foldedN = fact('folded') as number
  return {
    epoch: fact('epoch') as string,
    seed: fact('seed') as number,
    foldedN,
    lastN: Math.max(foldedN, most('SELECT max(n) FROM entries'), most('SELECT max(last_n) FROM generations')),
    lastLog: Math.max(most('SELECT max(log) FROM logs'), most('SELECT max(log) FROM dropped')),
  }
}

/** What ten minutes and more ago was used stays on disk. */
export function knownKeys(reading: Reading, now: number): Keys {
  const pages = (rows: readonly Row[]) => rows.map(([hashes]) => uint32sOf(hashes as Uint8Array))
  const known = reading.rows(GENERATIONS).map((row): Generation => {
    const [id, first, last, since, until, bits] = row as number[] as [number, number, number, number, number, number]
    const hot = until >= now - HOT_MS
    const table = hot ? tableOf(pages(reading.rows(PAGES_OF, id * PAGES, (id + 1) * PAGES))) : undefined
    return { id, first, last, since, until, bits, table, count: 0, storing: false }
  })
  return keysOf(known, (id, page) => pages(reading.rows(PAGE, id * PAGES + page))[0])
}

/** How many entries are in no run. */
export function takeUp(reading: Reading, { foldedN, seed }: Facts, { rooms, keys }: { rooms: Rooms; keys: Keys }) {
  const logs = new Map<number, RoomLog>()
  const keptN = keys.lastStored()
  let count = 0

  function roomOf(log: number): RoomLog {
    const room = logs.get(log) ?? rooms.byLog(log)
    logs.set(log, room)
    return room
  }

  for (let n = Math.min(foldedN, keptN); ; ) {
    const rows = reading.rows(ENTRIES, n, AT_ONCE)
    for (const row of rows) {
      n = row[0] as number
      const item = itemOf(roomOf(row[1] as number), row)
      if (n > keptN) keys.add(keyHash(row[1] as number, item.key, seed), n, item.entry.at)
      if (n <= foldedN) continue
      item.room.tail.push(item)
      rooms.active.add(item.room)
      count++
    }
    if (rows.length < AT_ONCE) break
  }
  for (const room of rooms.active) {
    rooms.restore(room)
    room.committed = room.seq
  }
  return count
}

/** It was committed before: nobody waits for it. */
function itemOf(room: RoomLog, [n, , seq, line]: Row): Item {
  const bytes = line as Uint8Array
  const { entry, key, touchesRoom } = readLine(bytes, seq as number, room)
  const appended = Promise.resolve({ entry, durability: 'log', duplicate: false } as const)
  const nobody = () => {}
  const parts = { room, n: n as number, key, entry, word: wordOf(entry), bytes: bytes.length, touchesRoom }
  return { ...parts, appended, resolve: nobody, reject: nobody }
}
