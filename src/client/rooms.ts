/** What is known of each room's log: how far it was heard, and what came before something that is still missing. Pure. */
import type { Envelope } from '../protocol/envelope.ts'

export interface RoomLog {
  readonly room_id: string
  /** Nothing until the service has said which it is. */
  epoch: string | undefined
  /** The last entry that was told. */
  seq: number
  /** When it was last spoken in, in ms. */
  at: number
  /** Whether its live stream follows on `seq`, on the connection there is. */
  attached: boolean
  /** The last entry that this connection knows to be there. */
  highest: number
  /** Entries that came ahead of others. */
  readonly ahead: Map<number, Envelope>
}

/** More than this is not held: it is asked for with what is missing. */
const AHEAD_MOST = 1_000

export const newLog = (room_id: string): RoomLog => ({
  room_id,
  epoch: undefined,
  seq: 0,
  at: 0,
  attached: false,
  highest: 0,
  ahead: new Map(),
})

export function hold(log: RoomLog, seq: number, entry: Envelope) {
  log.highest = Math.max(log.highest, seq)
  if (log.ahead.size < AHEAD_MOST) log.ahead.set(seq, entry)
}

export const isBehind = (log: RoomLog): boolean => log.seq < log.highest

/** The lowest number among what is held. */
export const firstAhead = (log: RoomLog): number => Math.min(...log.ahead.keys())

export function moveTo(log: RoomLog, { epoch, seq }: { epoch: string; seq: number }) {
  log.epoch = epoch
  log.seq = seq
  for (const held of log.ahead.keys()) if (held <= seq) log.ahead.delete(held)
}

/** The next entry, where it is there: among what is held, or the one given. */
export function takeNext(log: RoomLog, given?: Envelope): Envelope | undefined {
  const seq = log.seq + 1
  const next = given ?? log.ahead.get(seq)
  if (!next) return undefined
  log.ahead.delete(seq)
  log.seq = seq
  return next
}

export const latestFirst = (logs: Iterable<RoomLog>): RoomLog[] => [...logs].sort((one, other) => other.at - one.at)
