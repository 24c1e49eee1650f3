import { describe, expect, test } from 'bun:test'
import { memoryWorld } from '../../src/adapters/memory/world.ts'
import { newId } from '../../src/protocol/ids.ts'
import { startWorkers } from '../../src/workers/workers.ts'
import { fakeClock } from '../support/clock.ts'

/** The workers, over a store in which so many notifications wait for a second at most. */
async function waiting(count: number) {
  const { clock, pass } = fakeClock()
  const { log, store } = memoryWorld(clock)
  const now = clock.now()
  const one = { tenant_id: 'acme', user_id: 'ada', device_id: undefined, action: 'notification', data: null }
  const queued = () => ({ ...one, id: newId(now), created_at: now, expires_at: now + 1_000 })
  await store.apply(Array.from({ length: count }, () => ({ do: 'enqueue', queued: queued(), most: count })))
  const asked: number[] = []
  const workers = startWorkers({
    clock,
    log,
    store: {
      ...store,
      async forget(at, limit) {
        const forgotten = await store.forget(at, limit)
        asked.push(forgotten)
        return forgotten
      },
    },
    dispatch: () => Promise.reject(new Error('Nothing is due.')),
    report: () => {},
  })
  return { ...workers, pass, asked }
}

describe('forgetting', () => {
  test('lets go every five seconds of what has expired', async () => {
    const { pass, stop, asked } = await waiting(3)
    await pass(4_999)
    expect(asked).toEqual([])
    await pass(1)
    expect(asked).toEqual([3])
    await pass(5_000)
    expect(asked).toEqual([3, 0])
    await stop()
  })

  test('goes on at once where there is more than it takes in one round', async () => {
    const { pass, stop, asked } = await waiting(1_100)
    await pass(5_000)
    expect(asked).toEqual([500, 500, 100])
    await stop()
  })
})
