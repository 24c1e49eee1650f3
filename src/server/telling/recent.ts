/**
 * What was said last in rooms that are being joined: read once for all who join at a time, and kept up with for as long
 * as they come. Thousands come back at once, and have missed the same.
 */
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Entry, Position } from '../../protocol/entry.ts'

export interface Recent {
  /** Entries after a position, as the log has them. */
  read(room: string, after: Position): Promise<readonly Entry[]> | readonly Entry[]
  /** This was just told in the room. */
  heard(room: string, entry: Entry): void
  /** How often a log was read. */
  readonly reads: number
  close(): void
}

/** Entries of one epoch without a hole, oldest first. */
interface Window {
  entries: Entry[]
  bytes: number
  readonly since: number
  used: number
}

const PAGE = 200
/** So many more than were asked for, since others may have missed a little more. */
const BACK = 50
const WINDOW_BYTES = 4_194_304
/** Of all windows together. */
const MOST_BYTES = 67_108_864
const UNUSED_MS = 5_000
/** What retention has cut since is not told for long. */
const LONGEST_MS = 30_000

/** What takes something of earlier entries away. */
const TAKING = new Set(['message_deleted', 'room_deleted'])

export function recentOf(log: Pick<Log, 'read'>, clock: Clock): Recent {
  const windows = new Map<string, Window>()
  const reading = new Map<string, Promise<readonly Entry[]>>()
  let bytes = 0
  let reads = 0
  let stop: (() => void) | undefined

  function drop(room: string) {
    bytes -= windows.get(room)?.bytes ?? 0
    windows.delete(room)
  }

  function sweep() {
    const now = clock.now()
    for (const [room, { since, used }] of windows) if (now - used >= UNUSED_MS || now - since >= LONGEST_MS) drop(room)
    stop = windows.size > 0 ? clock.after(UNUSED_MS, sweep) : undefined
  }

  function put(room: string, entries: Entry[]) {
    const since = windows.get(room)?.since ?? clock.now()
    drop(room)
    const window = bounded({ entries, bytes: weightOf(entries), since, used: clock.now() })
    windows.set(room, window)
    bytes += window.bytes
    for (const [oldest] of windows) {
      if (bytes <= MOST_BYTES) break
      drop(oldest)
    }
    stop ??= clock.after(UNUSED_MS, sweep)
  }

  function kept(room: string, after: Position): readonly Entry[] | undefined {
    const window = windows.get(room)
    const found = window && following(window.entries, after)
    if (found) window.used = clock.now()
    return found
  }

  /** One read of a room at a time: whoever comes meanwhile may find what they want in its answer. */
  async function read(room: string, after: Position): Promise<readonly Entry[]> {
    for (;;) {
      const under = reading.get(room)
      if (!under) return fetch(room, after)
      const entries = await under.catch(() => []) // who began it is told
      const found = kept(room, after) ?? following(entries, after)
      if (found) return found
    }
  }

  /** A page ends early where its entries weigh much, so it may end before those that are wanted. */
  async function page(room: string, after: Position): Promise<Entry[]> {
    const goesOn = windows.get(room)?.entries.at(-1)?.seq === after.seq
    const from = goesOn ? after.seq : Math.max(0, after.seq - BACK)
    const entries = await log.read(room, { epoch: after.epoch, seq: from }, PAGE)
    const last = entries.at(-1)
    return last && last.seq <= after.seq ? log.read(room, after, PAGE) : entries
  }

  async function fetch(room: string, after: Position): Promise<readonly Entry[]> {
    reads++
    const under = page(room, after)
    reading.set(room, under)
    try {
      const entries = await under
      if (reading.get(room) === under && entries.length > 0) put(room, joined(windows.get(room)?.entries, entries))
      return entries.filter(({ seq }) => seq > after.seq)
    } finally {
      if (reading.get(room) === under) reading.delete(room)
    }
  }

  return {
    read: (room, after) => kept(room, after) ?? read(room, after),
    heard(room, entry) {
      if (windows.size === 0 && reading.size === 0) return
      if (TAKING.has(entry.action)) {
        reading.delete(room) // what is being read may be as it was before
        return drop(room)
      }
      const window = windows.get(room)
      const last = window?.entries.at(-1)
      if (!window || last?.epoch !== entry.epoch || last.seq + 1 !== entry.seq) return
      const before = window.bytes
      window.entries.push(entry)
      window.bytes += weight(entry)
      bytes += bounded(window).bytes - before
    },
    get reads() {
      return reads
    },
    close: () => stop?.(),
  }
}

/** A page of those that come after a position, where the next one is among them. */
function following(entries: readonly Entry[], { epoch, seq }: Position): readonly Entry[] | undefined {
  const [first] = entries
  const from = seq + 1 - (first?.seq ?? 0)
  const isAmong = first?.epoch === epoch && Number.isInteger(from) && from >= 0 && from < entries.length
  return isAmong ? entries.slice(from, from + PAGE) : undefined
}

/** Two stretches as one, where they meet; else the later. */
function joined(before: readonly Entry[] = [], read: Entry[]): Entry[] {
  const [first, last] = [before[0], before.at(-1)]
  const [start, end] = [read[0], read.at(-1)]
  if (!first || !last || !start || !end || first.epoch !== start.epoch) return read
  if (start.seq > last.seq + 1 || end.seq + 1 < first.seq) return end.seq > last.seq ? read : [...before]
  return [...read.filter(({ seq }) => seq < first.seq), ...before, ...read.filter(({ seq }) => seq > last.seq)]
}

function bounded(window: Window): Window {
  while (window.bytes > WINDOW_BYTES && window.entries.length > 1)
    window.bytes -= weight(window.entries.shift() as Entry)
  return window
}

const weightOf = (entries: readonly Entry[]) => entries.reduce((sum, entry) => sum + weight(entry), 0)

/** About what it takes in memory. */
const weight = ({ body }: Entry): number => 500 + sizeOf(body)

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 8
  if (ArrayBuffer.isView(value)) return value.byteLength
  return Object.entries(value).reduce((sum, [key, part]) => sum + key.length + sizeOf(part), 0)
}
