// How an entry gets its number. All of it happens in one turn, so what is appended is numbered in the order of the calls.
import { type Along, type Appended, Stale } from '../../ports/log.ts'
import { sameDraft } from '../../protocol/alike.ts'
import type { Draft, Entry } from '../../protocol/entry.ts'
import { Failure } from '../../protocol/failure.ts'
import { entryId } from '../../protocol/ids.ts'
import type { Batch } from './batch.ts'
import { changing } from './changes.ts'
import { unavailable } from './committer.ts'
import type { Core } from './core.ts'
import { DAY_MS, HOT_MS, keyHash } from './keys.ts'
import { type Lined, lineOf } from './line.ts'
import type { Item, RoomLog } from './rooms.ts'
import { wordOf } from './runs.ts'
import { takings } from './taking.ts'
import { touching } from './touching.ts'

const NOTHING: Along = {}

export function appending(core: Core) {
  const { clock, committer, entries, keys, last, rooms, seed } = core
  const ready = changing(core)
  const touches = touching(core)
  const { take } = takings(core)

  /** An entry of the last 24 h that this key was used for. */
  function usedFor(room: RoomLog, key: string, hash: number, asked: boolean | undefined): Lined | undefined {
    if (room.log === 0) return undefined
    const now = clock.now()
    for (const n of keys.find(hash, now, asked ? DAY_MS : HOT_MS)) {
      const lined = room.tail.find((item) => item.n === n) ?? entries.nth(room, n)
      if (lined?.key === key && lined.entry.at > now - DAY_MS) return lined
    }
    return undefined
  }

  /** A room that had no log yet has one then, and its key another hash. */
  function number(room: RoomLog, lined: Lined, known: number): Item {
    const { entry, key } = lined
    // of all that follows only this may fail
    const line = lineOf(lined, room.log === 0 ? entry : room)
    const batch = committer.gathering()
    const isNew = room.log === 0
    if (isNew) rooms.make(room, batch, entry)
    const n = ++last.n
    const bytes = batch.arena.put(line)
    batch.arena.number(room.log)
    batch.arena.number(entry.seq)
    batch.arena.number(bytes)
    const item = itemOf(room, lined, n, bytes)
    room.seq = entry.seq
    room.at = entry.at
    room.batch = batch.number
    room.tail.push(item)
    rooms.active.add(room)
    batch.items.push(item)
    keys.add(isNew ? keyHash(room.log, key, seed) : known, n, entry.at)
    return item
  }

  function alongWith(batch: Batch, { room, n, entry }: Item, along: Along) {
    const { expires_at, body, seq, at } = entry
    if (expires_at !== undefined && body !== undefined) batch.ops.push(['expires', expires_at, n, room.log, seq])
    if (along.touches) touches.add(batch, room, along.touches, seq)
    for (const redacted of along.redacts ?? []) take(batch, room, redacted, at)
  }

  return function append(name: string, key: string, draft: Draft, along: Along = NOTHING): Promise<Appended> {
    const room = rooms.of(name)
    const hash = keyHash(room.log, key, seed)
    const before = usedFor(room, key, hash, along.asked)
    if (before) return repeated(room, before, draft, along)
    const settled = touches.stale(room, along)
    if (settled) throw new Stale(settled)
    if (committer.full()) throw unavailable()
    const changes = along.changes?.map(ready)
    const entry = entryOf(room, draft, clock.now())
    const item = number(room, { key, entry, touchesRoom: along.touches?.includes('room') ?? false }, hash)
    const batch = committer.gathering()
    alongWith(batch, item, along)
    if (changes) for (const change of changes) change(batch, { room: name, seq: entry.seq })
    committer.added()
    along.numbered?.()
    return item.appended
  }
}

/** With every member there, so that all entries have one shape. */
function entryOf({ epoch, seq: before, at: latest }: RoomLog, draft: Draft, now: number): Entry {
  const at = Math.max(now, latest)
  const seq = before + 1
  return {
    id: entryId(at, seq),
    epoch,
    seq,
    at,
    tenant_id: draft.tenant_id,
    room_id: draft.room_id,
    action: draft.action,
    kept: draft.kept,
    body: draft.body,
    audience: draft.audience,
    expires_at: draft.expires_at,
    device_id: draft.device_id,
    redacted_at: undefined,
  }
}

function itemOf(room: RoomLog, { key, entry, touchesRoom }: Lined, n: number, bytes: number): Item {
  const { promise: appended, resolve, reject } = Promise.withResolvers<Appended>()
  return { room, n, key, entry, word: wordOf(entry), bytes, touchesRoom, appended, resolve, reject }
}

/** What waits for its commit is answered with it, and fails with it. */
function repeated(room: RoomLog, before: Lined, draft: Draft, { numbered }: Along): Promise<Appended> {
  const pending = before.entry.seq > room.committed ? (before as Item).appended : undefined
  if (!sameDraft(before.entry, draft)) {
    if (!pending) throw conflict()
    return pending.then(() => Promise.reject(conflict()))
  }
  numbered?.()
  if (pending) return pending.then((appended) => ({ ...appended, duplicate: true }))
  return Promise.resolve({ entry: before.entry, durability: 'log', duplicate: true })
}

const conflict = () => new Failure('conflict', 'This key was used before, for something else.')
