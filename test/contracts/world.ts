// What the contracts of the log and the store have in common.
import type { Along, Log } from '../../src/ports/log.ts'
import type { Change, HistoryWhere, RoomState, Store } from '../../src/ports/store.ts'
import type { Draft, Position } from '../../src/protocol/entry.ts'

export interface Under {
  readonly log: Log
  readonly store: Store
  readonly now: () => number
  /** What was reported since. */
  readonly reported: readonly unknown[]
  /** Lets so many milliseconds pass. */
  pass(ms: number): Promise<void>
}

export const MINUTE_MS = 60_000
export const DAY_MS = 86_400_000

export const draft = (text: string, more: Partial<Draft> = {}): Draft => ({
  tenant_id: 'acme',
  room_id: 'lobby',
  action: 'message_new',
  kept: { sender_id: 'ada' },
  body: { content: { text } },
  ...more,
})

/** Before the first entry of a room, in the epoch it has. */
export async function start(log: Log, room: string): Promise<Position> {
  const [head] = await log.heads([room])
  return { epoch: (head as Position).epoch, seq: 0 }
}

export const seqs = (positions: readonly Pick<Position, 'seq'>[]) => positions.map(({ seq }) => seq)

export const textOf = ({ body }: { body?: unknown }) =>
  (body as { content: { text: string } } | undefined)?.content.text

export const state = (room_id: string, more: Partial<RoomState> = {}): RoomState => ({
  tenant_id: 'acme',
  room_id,
  kind: 'group',
  name: 'A room',
  metadata: { colour: 'blue' },
  visibility: 'private',
  history: 'all',
  retention_s: undefined,
  permissions: {},
  archived: false,
  created_by: 'ada',
  created_at: 1_000,
  version: 1,
  ...more,
})

let keys = 0
/** Says something under a key of its own. */
export const say = (log: Log, room: string, text: string, more: Partial<Draft> = {}, along: Along = {}) =>
  log.append(room, `key-${++keys}`, draft(text, more), along)

/** An entry that stands for these changes. */
export const commit = (log: Log, room: string, changes: readonly Change[], along: Along = {}) =>
  log.append(room, `key-${++keys}`, draft('', { action: 'room_updated', body: undefined }), { ...along, changes })

/** The numbers of all messages for a reader, page by page; where much was passed over, a page ends with one that is not. */
export async function pagesFor(store: Store, room: string, where: HistoryWhere): Promise<number[]> {
  const page = (await store.history(room, where)).map(({ entry }) => entry)
  const forward = where.after_seq !== undefined
  const end = forward ? page.at(-1)?.seq : page[0]?.seq
  if (end === undefined) return []
  const rest = await pagesFor(store, room, { ...where, ...(forward ? { after_seq: end } : { before_seq: end }) })
  const own = page.filter(({ audience }) => audience?.includes(where.for ?? '') ?? true).map(({ seq }) => seq)
  return forward ? [...own, ...rest] : [...rest, ...own]
}

/** What it was refused with. Bun's `rejects` waits in a way in which no other thread's answer arrives. */
export const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error) => error,
  )
