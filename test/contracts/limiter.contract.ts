import { describe, expect, test } from 'bun:test'
import type { Limiter } from '../../src/ports/limiter.ts'

interface Under {
  limiter: Limiter
  /** Lets so many milliseconds pass, by hand or for real. */
  pass(ms: number): Promise<void>
}

/** What every `Limiter` must do, whatever is behind it. */
export function limiterContract(name: string, make: () => Promise<Under>) {
  const rate = { take: 3, every_ms: 3_000 }

  async function takeAll(limiter: Limiter, key: string) {
    for (let taken = 0; taken < rate.take; taken++) expect((await limiter.take(key, rate)).wait_ms).toBe(0)
  }

  describe(`${name} limiter`, () => {
    test('gives as many as the rate says, and then says how long to wait', async () => {
      const { limiter } = await make()
      await takeAll(limiter, 'ada')
      const { wait_ms, remaining } = await limiter.take('ada', rate)
      expect(wait_ms).toBeGreaterThan(0)
      expect(wait_ms).toBeLessThanOrEqual(1_000)
      expect(remaining).toBe(0)
    })

    test('tells how many are left, and when all are there again', async () => {
      const { limiter } = await make()
      expect((await limiter.take('ada', rate)).remaining).toBe(2)
      const second = await limiter.take('ada', rate)
      expect(second.remaining).toBe(1)
      expect(second.reset_ms).toBeGreaterThan(1_000)
      expect(second.reset_ms).toBeLessThanOrEqual(2_000)
    })

    test('gives one more after the time it told', async () => {
      const { limiter, pass } = await make()
      await takeAll(limiter, 'ada')
      const { wait_ms } = await limiter.take('ada', rate)
      await pass(wait_ms)
      expect((await limiter.take('ada', rate)).wait_ms).toBe(0)
      expect((await limiter.take('ada', rate)).wait_ms).toBeGreaterThan(0)
    })

    test('takes nothing for what it refuses', async () => {
      const { limiter, pass } = await make()
      await takeAll(limiter, 'ada')
      for (let refused = 0; refused < 20; refused++) await limiter.take('ada', rate)
      await pass(1_000)
      expect((await limiter.take('ada', rate)).wait_ms).toBe(0)
    })

    test('gives no more than the rate at once after a long pause', async () => {
      const { limiter, pass } = await make()
      await limiter.take('ada', rate)
      await pass(60_000)
      await takeAll(limiter, 'ada')
      expect((await limiter.take('ada', rate)).wait_ms).toBeGreaterThan(0)
    })

    test('counts each key by itself, whatever it is called', async () => {
      const { limiter } = await make()
      for (const key of ['ada', 'ada/x', '__proto__', 'constructor', '🙂']) await takeAll(limiter, key)
      expect((await limiter.take('__proto__', rate)).wait_ms).toBeGreaterThan(0)
    })
  })
}
