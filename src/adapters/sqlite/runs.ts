// Where a log's entries are. A run is up to 64 of them in a row: for each its place among all entries, and what can be
// answered without reading it.
import type { Entry } from '../../protocol/entry.ts'
import { hashOf } from './hashes.ts'
import { isTaken } from './line.ts'
import type { Item } from './rooms.ts'

export const RUN_LENGTH = 64

/** Of entry `first + i` the numbers 2i and 2i + 1 tell: how far it is from `n`, and its word. */
export interface Run {
  readonly first: number
  readonly n: number
  readonly places: Uint32Array
  /** Of its last entry. */
  readonly at: number
  /** The last entry up to its end that touched the room. */
  readonly touched: number
  /** How many messages and bytes there were up to its end, since the log began. */
  readonly messages: number
  readonly bytes: number
}

export interface Place {
  readonly seq: number
  readonly n: number
  readonly word: number
}

/** A word: 28 bits of who said it, or of whom it is for, and flags. */
const SENDER = (1 << 28) - 1
const SENDER_BITS = 28
const OTHER = 1 << 28
const RESTRICTED = 1 << 29
const TAKEN = 1 << 30
/** Whom it is for is told by a Bloom filter; words that were written before there was one have the sender. */
const FILTERED = 1 << 31
const N_SPAN = 2 ** 32

export const isMessage = (word: number) => (word & OTHER) === 0
export const isRestricted = (word: number) => (word & RESTRICTED) !== 0

export const senderHash = (user_id: string) => hashOf(user_id, 0) & SENDER

/** Three of 28 bits: of five people, one in fifteen others is taken for one of them. */
export function filterOf(user_id: string): number {
  const hash = hashOf(user_id, 1)
  return [0, 8, 16].reduce((bits, from) => bits | (1 << ((hash >>> from) % SENDER_BITS)), 0)
}

/** Whether it may be for a user with this filter; to be sure, it must be read. */
export const mayBeFor = (word: number, filter: number) => (word & FILTERED) === 0 || (word & filter) === filter

export function wordOf(entry: Entry): number {
  const sender = (entry.kept as { sender_id?: unknown } | null | undefined)?.sender_id
  let word = typeof sender === 'string' ? senderHash(sender) : 0
  if (entry.audience) word = entry.audience.reduce((bits, user_id) => bits | filterOf(user_id), FILTERED)
  if (entry.action !== 'message_new') word |= OTHER
  if (entry.audience) word |= RESTRICTED
  if (isTaken(entry)) word |= TAKEN
  return word
}

/** Whether what is for everyone is news to this one. */
export const isNewsTo = (word: number, sender: number) => isThere(word) && (word & SENDER) !== sender

/** Whether it is a message, and its body was not taken. */
export const isThere = (word: number) => (word & (OTHER | TAKEN)) === 0

export const endOf = ({ first, places }: Pick<Run, 'first' | 'places'>) => first + places.length / 2 - 1

export const holds = (run: Run, seq: number) => seq >= run.first && seq <= endOf(run)

export function placeIn({ first, n, places }: Run, seq: number): Place {
  const i = (seq - first) * 2
  return { seq, n: n + (places[i] as number), word: places[i + 1] as number }
}

/** Written where it stands, in a run that may be a copy of the stored one. */
export function markTaken({ first, places }: Pick<Run, 'first' | 'places'>, seq: number) {
  const i = (seq - first) * 2 + 1
  places[i] = (places[i] as number) | TAKEN
}

/** The last run and those after it, with these entries added; what is given stays as it is. */
export function extended(last: Run | undefined, items: readonly Item[]): Run[] {
  const runs: Run[] = []
  let open = last && endOf(last) - last.first + 1 < RUN_LENGTH ? reopened(last) : undefined
  let before = last
  for (const item of items) {
    if (open && (open.places.length === RUN_LENGTH * 2 || item.n - open.n >= N_SPAN)) {
      before = closed(open)
      runs.push(before)
      open = undefined
    }
    open ??= opened(item, before)
    add(open, item)
  }
  if (open) runs.push(closed(open))
  return runs
}

interface Open extends Omit<Run, 'places' | 'at' | 'touched' | 'messages' | 'bytes'> {
  places: number[]
  at: number
  touched: number
  messages: number
  bytes: number
}

const reopened = (run: Run): Open => ({ ...run, places: [...run.places] })

const closed = (open: Open): Run => ({ ...open, places: Uint32Array.from(open.places) })

function opened({ entry, n }: Item, before: Run | undefined): Open {
  const { touched = 0, messages = 0, bytes = 0 } = before ?? {}
  return { first: entry.seq, n, places: [], at: entry.at, touched, messages, bytes }
}

function add(open: Open, { entry, word, n, bytes, touchesRoom }: Item) {
  open.places.push(n - open.n, word)
  open.at = entry.at
  if (touchesRoom) open.touched = entry.seq
  if (isMessage(word)) open.messages++
  open.bytes += bytes
}
