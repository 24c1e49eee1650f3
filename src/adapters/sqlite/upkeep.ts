// What shortens the log: expiry, retention, and what dropped rooms left behind. One piece of it at a time.
import { inBatch } from './batch.ts'
import type { Core } from './core.ts'
import { DAY_MS } from './keys.ts'
import type { Young } from './ops.ts'
import type { RoomLog } from './rooms.ts'
import { endOf, isMessage, placeIn, type Run } from './runs.ts'
import { takings } from './taking.ts'

/** Entries and logs that are gone leave their row here, which is then taken out. */
const EXPIRING = `SELECT x.expires_at, x.n, x.seq, l.room, e.n FROM expiring x
  LEFT JOIN logs l ON l.log = x.log LEFT JOIN entries e ON e.n = x.n AND e.log = x.log AND e.seq = x.seq
  WHERE x.expires_at <= ? ORDER BY x.expires_at, x.n LIMIT ?`
const DROPPED = 'SELECT 1 FROM dropped LIMIT 1'
const GHOST = 'SELECT 1 FROM ghosts WHERE until < ? LIMIT 1'
const PURGED_AT_ONCE = 1_024

interface Older {
  count: number
  messages: number
  bytes: number
  readonly old: number[]
  /** Their keys still count. */
  readonly young: Young[]
}

export function upkeep(core: Core) {
  const { reading, rooms, entries, committer, folding, clock, keys } = core
  const { take } = takings(core)
  let last: Promise<unknown> = Promise.resolve()

  /** After what goes on already: two at once would count the same. */
  function inTurn<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
  }

  function commit(): Promise<void> {
    const batch = committer.gathering()
    batch.wanted = true
    const done = inBatch(batch)
    committer.added()
    return done
  }

  function fold(): Promise<void> {
    folding.want()
    return commit()
  }

  async function expire(now: number, limit: number): Promise<number> {
    const batch = committer.gathering()
    let count = 0
    for (const [expires_at, n, seq, room, alive] of reading.rows(EXPIRING, now, limit)) {
      if (room === null || alive === null) batch.ops.push(['expired', expires_at as number, n as number])
      else {
        take(batch, rooms.settled(room as string), seq as number, undefined)
        count++
      }
    }
    if (batch.ops.length > 0) await commit()
    return count
  }

  async function cut(name: string, before: number, limit: number): Promise<number> {
    const fresh = rooms.settled(name).tail[0]
    if (fresh && fresh.entry.at < before) await fold()
    const room = rooms.settled(name)
    const { count, messages, bytes, old, young } = reading.within(() => older(room, before, limit))
    if (count === 0) return 0
    const batch = committer.gathering()
    const tailSeq = room.tailSeq + count
    const cut = { messages: room.cut.messages + messages, bytes: room.cut.bytes + Math.round(bytes) }
    room.batch = batch.number
    batch.ops.push(['cut', room.log, tailSeq, old, young], ['cut_log', room.log, tailSeq, cut.messages, cut.bytes])
    batch.committed.push(() => Object.assign(room, { tailSeq, cut }))
    await commit()
    return count
  }

  /** Where its oldest entries are that were said before then. */
  function older(room: RoomLog, before: number, limit: number): Older {
    const found: Older = { count: 0, messages: 0, bytes: 0, old: [], young: [] }
    let bytesBefore = room.cut.bytes
    for (const run of entries.runs(room, room.tailSeq, room.committed)) {
      const first = Math.max(run.first, room.tailSeq)
      const last = Math.min(olderIn(room, run, before), first + limit - found.count - 1)
      const places = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => placeIn(run, first + i))
      const ns = places.map(({ n }) => n)
      found.count += ns.length
      found.messages += places.filter(({ word }) => isMessage(word)).length
      found.bytes += ((run.bytes - bytesBefore) * ns.length) / (endOf(run) - first + 1)
      if (run.at + DAY_MS < clock.now()) found.old.push(...ns)
      else found.young.push({ until: run.at + DAY_MS, ns })
      bytesBefore = run.bytes
      if (last < endOf(run)) break
    }
    return found
  }

  /** The last number of a run that was said before then. */
  function olderIn(room: RoomLog, run: Run, before: number): number {
    if (run.at < before) return endOf(run)
    let seq = Math.max(run.first, room.tailSeq) - 1
    while (seq < endOf(run) && (entries.nth(room, placeIn(run, seq + 1).n)?.entry.at ?? 0) < before) seq++
    return seq
  }

  return {
    expire: (now: number, limit: number) => inTurn(() => expire(now, limit)),
    cut: (name: string, before: number, limit: number) => inTurn(() => cut(name, before, limit)),
    fold,

    /** A piece of what is to be cleared away, and the index; after a failure, whether it can be written again. */
    async tidy() {
      const { ops } = committer.gathering()
      const now = clock.now()
      for (const { id } of keys.expired(now)) ops.push(['drop_keys', id])
      if (reading.row(DROPPED)) ops.push(['purge', PURGED_AT_ONCE])
      if (reading.row(GHOST, now)) ops.push(['bury', now, PURGED_AT_ONCE], ['buried', now, PURGED_AT_ONCE])
      if (committer.trouble()) ops.push(['try', now])
      if (folding.waiting() > 0) await fold()
      else if (ops.length > 0) await commit()
    },
  }
}
