// Reading what is committed of a room's log: what is in runs from the file, the rest from memory.
import type { Entry } from '../../protocol/entry.ts'
import { asOf, type Lined, readLine } from './line.ts'
import { type Reading, RUNS_DOWN, RUNS_UP, runOf } from './reading.ts'
import type { Item, RoomLog } from './rooms.ts'
import { endOf, filterOf, holds, isMessage, mayBeFor, type Place, placeIn, RUN_LENGTH, type Run } from './runs.ts'

export interface Wanted {
  /** Numbers, both included. */
  readonly from: number
  readonly to: number
  readonly limit: number
  readonly messagesOnly?: boolean
  /** What is surely not for this user is passed over; after so much of it that it takes long, the next one is not. */
  readonly reader?: string | undefined
  /** Fewer, but one at least, where they weigh more than this together. */
  readonly bytes?: number
}

export interface Entries {
  /** Oldest first, beginning with the oldest that is wanted. */
  first(room: RoomLog, wanted: Wanted): Entry[]
  /** Oldest first, ending with the newest that is wanted. */
  last(room: RoomLog, wanted: Wanted): Entry[]
  at(room: RoomLog, seq: number): Entry | undefined
  /** Where an entry is, committed or not. */
  place(room: RoomLog, seq: number): Place | undefined
  /** What was written as the n-th entry of all, where that is one of this room. */
  nth(room: RoomLog, n: number): Lined | undefined
  /** The runs that hold these numbers, oldest first. */
  runs(room: RoomLog, from: number, to: number): Generator<Run>
}

const ENTRY = 'SELECT seq, entry FROM entries WHERE n = ? AND log = ?'
const RUNS_AT_ONCE = 16
const PASSED_MOST = 4_096

export function entriesOf(reading: Reading, clock: { now(): number }): Entries {
  function nth(room: RoomLog, n: number): (Lined & { bytes: number }) | undefined {
    const row = reading.row(ENTRY, n, room.log)
    if (!row) return undefined
    const line = row[1] as Uint8Array
    return { ...readLine(line, row[0] as number, room), bytes: line.byteLength }
  }

  /** The last one is known: most that is asked for is in it. */
  function* runs({ log, run }: RoomLog, from: number, to: number): Generator<Run> {
    if (run && from >= run.first) {
      if (from <= to) yield run
      return
    }
    for (let seq = from; seq <= to; ) {
      const page = reading.rows(RUNS_UP, log, seq, to, RUNS_AT_ONCE).map(runOf)
      yield* page
      const last = page.at(-1)
      if (!last || page.length < RUNS_AT_ONCE) return
      seq = endOf(last) + 1
    }
  }

  function* placesUp(room: RoomLog, from: number, to: number): Generator<Place> {
    for (const run of runs(room, from, to))
      for (let seq = Math.max(from, run.first); seq <= Math.min(to, endOf(run)); seq++) yield placeIn(run, seq)
  }

  function* placesDown(room: RoomLog, from: number, to: number): Generator<Place> {
    for (let seq = to; seq >= from; ) {
      const page = reading.rows(RUNS_DOWN, room.log, from, seq, RUNS_AT_ONCE).map(runOf)
      for (const run of page)
        for (let one = Math.min(seq, endOf(run)); one >= Math.max(from, run.first); one--) yield placeIn(run, one)
      const last = page.at(-1)
      if (!last || page.length < RUNS_AT_ONCE) return
      seq = last.first - 1
    }
  }

  /** Entries of runs, and whether these are all that are wanted of there. */
  function stored(room: RoomLog, places: Generator<Place>, wanted: Wanted): { found: Entry[]; all: boolean } {
    const { limit, messagesOnly, reader, bytes: left = Number.POSITIVE_INFINITY } = wanted
    const filter = reader === undefined ? 0 : filterOf(reader)
    const found: Entry[] = []
    let [weight, passed] = [0, 0]
    for (const { n, word } of places) {
      if (messagesOnly && !isMessage(word)) continue
      if (reader !== undefined && !mayBeFor(word, filter) && passed++ < PASSED_MOST) continue
      const lined = nth(room, n)
      if (lined) found.push(asOf(lined.entry, clock.now()))
      weight += lined?.bytes ?? 0
      if (found.length >= limit || weight >= left || passed > PASSED_MOST) return { found, all: false }
    }
    return { found, all: true }
  }

  /** Entries that are in no run yet. */
  function fresh(room: RoomLog, { from, to, messagesOnly, reader }: Wanted): Entry[] {
    const begin = tailFrom(room)
    return room.tail
      .slice(Math.max(0, from - begin), Math.max(0, Math.min(to, room.committed) - begin + 1))
      .filter((item) => !messagesOnly || isMessage(item.word))
      .filter(({ entry }) => reader === undefined || (entry.audience?.includes(reader) ?? true))
      .map((item) => asOf(item.entry, clock.now()))
  }

  const held = (room: RoomLog, wanted: Wanted): Wanted => ({ ...wanted, from: Math.max(wanted.from, room.tailSeq) })

  return {
    nth,
    runs,

    first(room, asked) {
      const wanted = held(room, asked)
      const { from, to, limit } = wanted
      const inRuns = Math.min(to, tailFrom(room) - 1)
      if (limit <= 0) return []
      const read = () => stored(room, placesUp(room, from, inRuns), wanted)
      const { found, all } = inRuns < from ? { found: [], all: true } : reading.within(read)
      if (!all) return found // what is in memory does not follow on it
      return [...found, ...fresh(room, wanted).slice(0, limit - found.length)]
    },

    last(room, asked) {
      const wanted = held(room, asked)
      const { from, to, limit } = wanted
      const found = limit > 0 ? fresh(room, wanted).slice(-limit) : []
      const inRuns = Math.min(to, tailFrom(room) - 1)
      if (found.length >= limit || inRuns < from) return found
      const more = { ...wanted, limit: limit - found.length }
      const { found: older } = reading.within(() => stored(room, placesDown(room, from, inRuns), more))
      return [...older.reverse(), ...found]
    },

    at(room, seq) {
      if (!(seq >= room.tailSeq && seq <= room.committed)) return undefined
      const item = itemAt(room, seq)
      const place = item ? undefined : placeOf(reading, room, seq)
      const entry = item?.entry ?? (place && nth(room, place.n)?.entry)
      return entry && asOf(entry, clock.now())
    },

    place: (room, seq) => placeOf(reading, room, seq),
  }
}

function placeOf(reading: Reading, room: RoomLog, seq: number): Place | undefined {
  if (!(seq >= room.tailSeq && seq <= room.seq)) return undefined
  const item = itemAt(room, seq)
  if (item) return { seq, n: item.n, word: item.word }
  if (room.run && holds(room.run, seq)) return placeIn(room.run, seq)
  const row = reading.row(RUNS_DOWN, room.log, seq - RUN_LENGTH + 1, seq, 1)
  const run = row && runOf(row)
  return run && holds(run, seq) ? placeIn(run, seq) : undefined
}

/** The first number that is in no run. */
export const tailFrom = ({ tail, committed }: RoomLog): number => tail[0]?.entry.seq ?? committed + 1

export const itemAt = (room: RoomLog, seq: number): Item | undefined => room.tail[seq - tailFrom(room)]
