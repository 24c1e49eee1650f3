// The log and the store of one process, in one file: this puts the parts together.
import { clearInterval, setInterval } from 'node:timers'
import type { Log } from '../../ports/log.ts'
import type { Store } from '../../ports/store.ts'
import { Failure } from '../../protocol/failure.ts'
import type { Batch } from './batch.ts'
import { openCommitter } from './committer.ts'
import type { Core } from './core.ts'
import { entriesOf } from './entries.ts'
import { takeFile } from './file.ts'
import { FOLD_AT, folding } from './folding.ts'
import { bitsFor, type Keys } from './keys.ts'
import { sqliteLog } from './log.ts'
import { openReading } from './reading.ts'
import { factsOf, knownKeys, takeUp } from './recovery.ts'
import { type RoomLog, type Rooms, roomLogs } from './rooms.ts'
import { sqliteStore } from './store.ts'
import { followings } from './telling.ts'
import { upkeep } from './upkeep.ts'

/** What was in a commit, and how long the writer's thread took. */
export interface Commit {
  readonly entries: number
  readonly changes: number
  readonly ms: number
}

export interface Opening {
  readonly directory: string
  readonly clock: { now(): number }
  report(error: unknown): void
  onCommit?(commit: Commit): void
  /** How long an entry may wait for others that it can be committed with, where much is said. */
  readonly linger_ms?: number
  /** After how many entries the index of the log is written. */
  readonly foldAt?: number
}

export interface Opened {
  readonly log: Log
  readonly store: Store
  health(): { readonly status: 'ok' | 'failing'; readonly detail?: string }
  /** Does now what else is done every second: the index, and what dropped rooms and old keys left behind. */
  tidy(): Promise<void>
  /** All that was appended is committed then. */
  close(): Promise<void>
}

const LINGER_MS = 4
const UPKEEP_MS = 1_000

export async function openSqlite({ linger_ms = LINGER_MS, ...opening }: Opening): Promise<Opened> {
  const { directory, report } = opening
  const file = takeFile(directory)
  const undo = [file.release]
  try {
    const committer = await openCommitter({ path: file.path, linger_ms, report })
    undo.push(committer.close)
    const reading = openReading(file.path)
    undo.push(reading.close)
    return opened({ committer, reading, opening }, file.release)
  } catch (error) {
    for (const close of undo.reverse()) await close()
    throw error
  }
}

function opened(foundation: Foundation, release: () => void): Opened {
  const { committer, reading, opening } = foundation
  const { core, parts } = partsOf(foundation)
  /** That a commit failed has been reported, and it is tried again. */
  const reportOthers = (error: unknown) => error instanceof Failure || opening.report(error)
  const timer = setInterval(() => void parts.upkeep.tidy().catch(reportOthers), UPKEEP_MS)
  timer.unref()
  let closed: Promise<void> | undefined

  async function close() {
    clearInterval(timer)
    core.keys.close()
    await parts.upkeep.fold().catch(reportOthers)
    reading.close() // the last to close takes the log of writes over into the file, which a reader cannot
    await committer.close()
    release()
  }

  return {
    log: sqliteLog(parts),
    store: sqliteStore(core),
    health() {
      const trouble = committer.trouble()
      return trouble ? { status: 'failing', detail: trouble.message } : { status: 'ok' }
    },
    tidy: parts.upkeep.tidy,
    close() {
      closed ??= close()
      return closed
    },
  }
}

interface Foundation {
  readonly committer: Core['committer']
  readonly reading: Core['reading']
  readonly opening: Opening
}

function partsOf({ committer, reading, opening }: Foundation) {
  const { clock, report, onCommit, foldAt = FOLD_AT } = opening
  const facts = factsOf(reading)
  const { epoch, seed, lastN, lastLog } = facts
  const last = { n: lastN }
  const { committed } = committer
  const rooms = roomLogs({ reading, epoch, last: lastLog, committed, lastN: () => last.n })
  const keys = knownKeys(reading, clock.now())
  const waiting = takeUp(reading, facts, { rooms, keys })
  const entries = entriesOf(reading, clock)
  const core: Core = {
    clock,
    reading,
    rooms,
    entries,
    keys,
    committer,
    seed,
    last,
    folding: folding(rooms, { lastN, waiting, foldAt }),
  }
  const followers = followings(report)
  let commits = 0

  function measured(commit: Commit) {
    try {
      onCommit?.(commit)
    } catch (error) {
      report(error)
    }
  }

  committer.begin({
    prepare(batch) {
      keepKeys(batch, keys)
      return core.folding.prepare(batch)
    },
    complete(batch, ms) {
      for (const settle of batch.committed) settle()
      for (const { room, entry } of batch.items) room.committed = entry.seq
      core.folding.committed(batch.items, batch.arena.used)
      if (batch.items.length > 0 || batch.ops.some(([name]) => name === 'make_log' || name === 'cut_log')) commits++
      for (const { room, entry, resolve } of batch.items) {
        followers.tell(room.name, entry)
        resolve({ entry, durability: 'log', duplicate: false })
      }
      measured({ entries: batch.items.length, changes: batch.ops.length + batch.latest.size, ms })
    },
    fail: (batches, failure) => takeBack(rooms, batches, failure),
  })
  return { core, parts: { core, followers, upkeep: upkeep(core), commits: () => commits } }
}

/** A generation that is complete goes to the file, once. */
function keepKeys(batch: Batch, keys: Keys) {
  for (const generation of keys.complete()) {
    const { id, first, last, since, until, count, table } = generation
    const bits = bitsFor(count)
    generation.storing = true
    batch.ops.push(['keep_keys', { id, first, last, since, until, bits }, table as Uint32Array])
    batch.committed.push(() => keys.stored(generation, bits))
    batch.undone.push(() => {
      generation.storing = false
    })
  }
}

/** All of it is as it was before it was numbered. */
function takeBack(rooms: Rooms, batches: readonly Batch[], failure: Failure) {
  for (const { undone } of batches.toReversed()) for (const undo of undone.toReversed()) undo(failure)
  const items = batches.flatMap(({ items }) => items)
  for (const room of new Set<RoomLog>(items.map(({ room }) => room))) {
    const kept = room.tail.findIndex(({ entry }) => entry.seq > room.committed)
    if (kept >= 0) room.tail.length = kept
    if (room.tail.length === 0) rooms.active.delete(room)
    rooms.restore(room)
  }
  for (const { reject } of items) reject(failure)
}
