import { describe, expect, test } from 'bun:test'
import { memoryWorld } from '../../src/adapters/memory/world.ts'
import { startWorkers } from '../../src/workers/workers.ts'
import { fakeClock, settled } from '../support/clock.ts'

/** Workers of which the expiry does what the test says. */
function atWork(expire: (limit: number) => Promise<number>) {
  const { clock, pass } = fakeClock()
  const { log, store } = memoryWorld(clock)
  const reported: unknown[] = []
  const dispatch = () => Promise.reject(new Error('Nothing is due.'))
  const workers = startWorkers({
    clock,
    log: { ...log, expire: (_, limit) => expire(limit) },
    store,
    dispatch,
    report: (error, where) => void reported.push([error, where]),
  })
  return { ...workers, pass, reported }
}

describe('the workers', () => {
  test('work every second, and at once again where more is left', async () => {
    let rounds = 0
    const { pass, stop } = atWork(async (limit) => (++rounds === 1 ? limit : 0))
    await pass(999)
    expect(rounds).toBe(0)
    await pass(1)
    expect(rounds).toBe(2)
    await pass(2_000)
    expect(rounds).toBe(4)
    await stop()
  })

  test('report what failed, and go on', async () => {
    let rounds = 0
    const { pass, stop, reported } = atWork(async () => {
      if (++rounds < 3) throw new Error('away')
      return 0
    })
    await pass(4_000)
    expect([rounds, reported]).toEqual([4, Array(2).fill([new Error('away'), 'expiry'])])
    await stop()
  })

  test('stop when none is at work any more, and begin nothing after', async () => {
    let finish = () => {}
    let rounds = 0
    const { pass, stop } = atWork(async () => {
      rounds++
      await new Promise<void>((then) => {
        finish = then
      })
      return 500
    })
    await pass(1_000)
    let stopped = false
    const stopping = stop().then(() => {
      stopped = true
    })
    await settled()
    expect(stopped).toBe(false)
    finish()
    await stopping
    await pass(60_000)
    expect(rounds).toBe(1)
  })
})
