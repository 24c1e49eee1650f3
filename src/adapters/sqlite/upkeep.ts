// What shortens the log: expiry, retention, and what dropped rooms left behind. One piece of it at a time.
import { inBatch } from './batch.ts'
import type { Core } from './core.ts'
import type { RoomLog } from './rooms.ts'
import { endOf, isMessage, placeIn, type Run } from './runs.ts'
import { takings } from './taking.ts'

/** Entries and logs that are gone leave their row here, which is then taken out. */
const EXPIRING = `SELECT x.expires_at, x.n, x.seq, l.room, e.n FROM expiring x
  LEFT JOIN logs l ON l.log = x.log LEFT JOIN entries e ON e.n = x.n AND e.log = x.log AND e.seq = x.seq
  WHERE x.expires_at <= ? ORDER BY x.expires_at, x.n LIMIT ?`
const DROPPED = 'SELECT 1 FROM dropped LIMIT 1'
const PURGED_AT_ONCE = 1_024

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
    const { ns, messages, bytes } = reading.within(() => older(room, before, limit))
    if (ns.length === 0) return 0
    const batch = committer.gathering()
    const tailSeq = room.tailSeq + ns.length
    const cut = { messages: room.cut.messages + messages, bytes: room.cut.bytes + bytes }
    room.batch = batch.number
    batch.ops.push(['cut', room.log, tailSeq, ns], ['cut_log', room.log, tailSeq, cut.messages, cut.bytes])
    batch.committed.push(() => Object.assign(room, { tailSeq, cut }))
    await commit()
    return ns.length
  }

  /** Where its oldest entries are that were said before then. */
  function older(room: RoomLog, before: number, limit: number) {
    const found = { ns: [] as number[], messages: 0, bytes: 0 }
    let bytesBefore = room.cut.bytes
    for (const run of entries.runs(room, room.tailSeq, room.committed)) {
      const cut = olderIn(room, run, before)
      for (let seq = Math.max(run.first, room.tailSeq); seq <= cut && found.ns.length < limit; seq++) {
        const { n, word } = placeIn(run, seq)
        found.ns.push(n)
        if (isMessage(word)) found.messages++
        found.bytes += (run.bytes - bytesBefore) / (endOf(run) - Math.max(run.first, room.tailSeq) + 1)
      }
      bytesBefore = run.bytes
      if (cut < endOf(run) || found.ns.length === limit) break
    }
    return { ...found, bytes: Math.round(found.bytes) }
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

    /** For when little is going on. */
    idle() {
      const { ops } = committer.gathering()
      for (const { id } of keys.expired(clock.now())) ops.push(['drop_keys', id])
      if (reading.row(DROPPED)) ops.push(['purge', PURGED_AT_ONCE])
      if (folding.waiting() > 0) folding.want()
      if (ops.length > 0 || folding.waiting() > 0) committer.gathering().wanted = true
      committer.added()
    },
  }
}
