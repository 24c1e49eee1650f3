// Group commit: while one batch is written the next one gathers, and where much is said it waits a little for more.
import { join } from 'node:path'
import { clearImmediate, clearTimeout, setImmediate, setTimeout } from 'node:timers'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { Failure } from '../../protocol/failure.ts'
import { Arena } from './arena.ts'
import { type Batch, isEmpty, newBatch } from './batch.ts'
import type { Outcome, Written } from './ops.ts'

export interface Committer {
  /** What is put into it is committed after all that was put there before, or fails with it. */
  gathering(): Batch
  /** Something was put there. */
  added(): void
  /** The number of the last committed batch. */
  committed(): number
  /** Comes true when all that was put there by now is committed or has failed. */
  settled(): Promise<void>
  /** Why the last batch could not be committed. */
  trouble(): Error | undefined
  /** Whether so much waits that no more should be taken. */
  full(): boolean
  /** Before this nothing can be committed. */
  begin(handling: Handling): void
  close(): Promise<void>
}

export interface Committing {
  readonly path: string
  /** How long a batch may wait for more, at most. */
  readonly linger_ms: number
  report(error: unknown): void
}

/** What is done about batches. */
export interface Handling {
  /** Puts what else is due into a batch that is about to be written: how many runs, and up to where all are in runs. */
  prepare(batch: Batch): { runs: number; foldedN: number | undefined }
  complete(batch: Batch, ms: number): void
  /** None of these is committed; the failure is what is answered. */
  fail(batches: readonly Batch[], failure: Failure): void
}

/** Where so many come in a millisecond, a batch waits for more as long as it may; where fewer do, less. */
const LINGER_AT = 2
const RATE_MEMORY_MS = 20
const FULL_ITEMS = 100_000
const FULL_BYTES = 256 * 1_048_576
const RETRY_AFTER_MS = 1_000
const REPORT_EVERY_MS = 10_000

export async function openCommitter({ path, linger_ms, report }: Committing): Promise<Committer> {
  const worker = new Worker(join(fileURLToPath(import.meta.url), '../writer.ts'), { workerData: { path } })
  await ready(worker)

  const spare = [new Arena(0), new Arena(1)]
  let gathering = newBatch(1, spare.pop() as Arena)
  let writing: Batch | undefined
  let committed = 0
  let cancel: (() => void) | undefined
  let sentAt = 0
  let rate = 0
  let trouble: Error | undefined
  let reportedAt = Number.NEGATIVE_INFINITY
  let ended = false
  let on: Handling = UNHANDLED

  worker.on('message', (outcome: Outcome) => finish(outcome))
  worker.on('error', (error) => end(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', () => end(new Error('The thread that writes has ended.')))

  function plan() {
    if (writing || cancel || isEmpty(gathering)) return
    const wait = sentAt + linger_ms * Math.min(1, rate / LINGER_AT) - performance.now()
    if (wait > 0.5) {
      const timer = setTimeout(send, wait)
      cancel = () => clearTimeout(timer)
    } else {
      const turn = setImmediate(send)
      cancel = () => clearImmediate(turn)
    }
  }

  function send() {
    cancel = undefined
    const batch = gathering
    const { items, arena } = batch
    measure(items.length + batch.ops.length)
    const folding = on.prepare(batch)
    writing = batch
    gathering = newBatch(batch.number + 1, spare.pop() as Arena)
    if (ended) return finish({ failed: 'The thread that writes has ended.', lastN: 0 })
    const memory = arena.known ? {} : arena.shared()
    arena.known = true
    const written: Written = {
      slot: arena.slot,
      ...memory,
      firstN: items[0]?.n ?? 0,
      entries: items.length,
      ...folding,
      ops: [...batch.ops, ...batch.latest.values()],
    }
    worker.postMessage(written)
  }

  /** What came since the last batch, per ms, so that it is forgotten in some 20 ms. */
  function measure(count: number) {
    const now = performance.now()
    const passed = Math.max(now - sentAt, 0.1)
    const weight = Math.min(1, passed / RATE_MEMORY_MS)
    rate += (count / passed - rate) * weight
    sentAt = now
  }

  function finish(outcome: Outcome) {
    const batch = writing
    if (!batch) return
    writing = undefined
    const reached = 'ms' in outcome || (batch.items.at(-1)?.n ?? Number.POSITIVE_INFINITY) <= outcome.lastN
    if (reached) succeed(batch, 'ms' in outcome ? outcome.ms : 0)
    else giveUp(batch, outcome.failed)
    batch.arena.clear()
    spare.push(batch.arena)
    plan()
  }

  function succeed(batch: Batch, ms: number) {
    trouble = undefined
    committed = batch.number
    on.complete(batch, ms)
    for (const settle of batch.settled) settle()
  }

  /** What was numbered on top of a batch that failed goes with it. */
  function giveUp(batch: Batch, why: string) {
    const behind = gathering
    cancel?.()
    cancel = undefined
    gathering = newBatch(behind.number + 1, behind.arena)
    behind.arena.clear()
    note(new Error(`The log could not be written: ${why}`))
    on.fail([batch, behind], unavailable())
    for (const settle of [...batch.settled, ...behind.settled]) settle()
  }

  function note(error: Error) {
    trouble = error
    if (performance.now() < reportedAt + REPORT_EVERY_MS) return
    reportedAt = performance.now()
    report(error)
  }

  function end(error: Error) {
    if (ended) return
    ended = true
    note(error)
    if (writing) finish({ failed: error.message, lastN: 0 })
  }

  const settled = () =>
    new Promise<void>((resolve) => {
      const last = isEmpty(gathering) ? writing : gathering
      if (last) last.settled.push(resolve)
      else resolve()
    })

  return {
    gathering: () => gathering,
    added: plan,
    committed: () => committed,
    settled,
    trouble: () => trouble,
    full: () => gathering.items.length >= FULL_ITEMS || gathering.arena.used >= FULL_BYTES,
    begin(handling) {
      on = handling
    },
    async close() {
      while (writing || !isEmpty(gathering)) await settled()
      if (ended) return
      ended = true
      const closed = new Promise((resolve) => worker.once('message', resolve))
      worker.postMessage('close')
      await closed
      await worker.terminate()
    },
  }
}

const UNHANDLED: Handling = { prepare: () => ({ runs: 0, foldedN: undefined }), complete() {}, fail() {} }

export const unavailable = () =>
  new Failure('unavailable', 'The log cannot be written at the moment.', { retry_after_ms: RETRY_AFTER_MS })

function ready(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', () => {
      worker.off('error', reject)
      resolve()
    })
  })
}
