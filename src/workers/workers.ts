/** What goes on without a caller. Each does a bounded piece of work, and comes again at once where more is left. */
import type { Dispatch } from '../pipeline/dispatch.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Store } from '../ports/store.ts'
import { expiry, retention } from './expiry.ts'
import { forgetting } from './forgetting.ts'
import { scheduler } from './scheduler.ts'

export interface World {
  readonly clock: Clock
  readonly log: Log
  readonly store: Store
  readonly dispatch: Dispatch
  report(error: unknown, where: string): void
}

export interface Worker {
  readonly name: string
  readonly every_ms: number
  /** Whether more is left to do now. */
  work(): Promise<boolean>
}

export function startWorkers(world: World) {
  const cancels = new Map<string, () => void>()
  const running = new Set<Promise<void>>()
  let stopped = false

  async function run(worker: Worker) {
    let more = false
    try {
      more = await worker.work()
    } catch (error) {
      world.report(error, worker.name)
    }
    plan(worker, more ? 0 : worker.every_ms)
  }

  function plan(worker: Worker, ms: number) {
    if (stopped) return
    const cancel = world.clock.after(ms, () => {
      const run_ = run(worker).finally(() => running.delete(run_))
      running.add(run_)
    })
    cancels.set(worker.name, cancel)
  }

  for (const worker of [expiry(world), retention(world), scheduler(world), forgetting(world)])
    plan(worker, worker.every_ms)

  return {
    /** Comes true when none is at work any more. */
    async stop() {
      stopped = true
      for (const cancel of cancels.values()) cancel()
      await Promise.all(running)
    },
  }
}
