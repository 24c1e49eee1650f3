// What is read of the file at the start: the entries that are in no run yet, and the keys that are on no page yet.
import { type Generation, HOT_MS, type Keys, keyHash, keysOf, PAGES, tagsOf } from './keys.ts'
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
/** Each may be as large as a payload. */
const AT_ONCE = 128

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
    const isHot = until >= now - HOT_MS
    const tags = isHot ? tagsOf(pages(reading.rows(PAGES_OF, id * PAGES, (id + 1) * PAGES))) : undefined
    return { id, first, last, since, until, bits, tags, table: undefined, count: 0, storing: false }
  })
  return keysOf(known, (id, page) => pages(reading.rows(PAGE, id * PAGES + page))[0])
}

const NAMELESS = { epoch: '', tenant_id: undefined, room_id: undefined }

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

  function addKey([n, log, seq, line]: Row) {
    const { key, entry } = readLine(line as Uint8Array, seq as number, NAMELESS)
    keys.add(keyHash(log as number, key, seed), n as number, entry.at)
  }

  function addItem(row: Row) {
    const room = roomOf(row[1] as number)
    room.tail.push(itemOf(room, row))
    rooms.active.add(room)
    count++
  }

  for (let n = Math.min(foldedN, keptN); ; ) {
    const rows = reading.rows(ENTRIES, n, AT_ONCE)
    for (const row of rows) {
      n = row[0] as number
      if (n > keptN) addKey(row)
      if (n > foldedN) addItem(row)
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
