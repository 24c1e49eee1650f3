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

    test('takes one of each of several, or of none where one has none, and says which', async () => {
      const { limiter, pass } = await make()
      const wide = { take: 100, every_ms: 3_000 }
      const both = [limiter.bucket('tenant', 'ada', wide), limiter.bucket('user', 'ada', rate)]
      for (let taken = 0; taken < rate.take; taken++) expect(await limiter.takeEach(both)).toBeUndefined()
      for (let refused = 0; refused < 20; refused++)
        expect(await limiter.takeEach(both)).toMatchObject({ kind: 'user', remaining: 0 })
      const tenant = both.slice(0, 1)
      for (let taken = 0; taken < 97; taken++) expect(await limiter.takeEach(tenant)).toBeUndefined()
      expect(await limiter.takeEach(tenant)).toMatchObject({ kind: 'tenant', remaining: 0 })
      const refused = await limiter.takeEach(both.slice(1))
      await pass(refused?.wait_ms ?? 0)
      expect(await limiter.takeEach(both)).toBeUndefined()
    })

    test('knows a bucket by its kind and key, whoever holds it and for how long', async () => {
      const { limiter, pass } = await make()
      const [one, other] = [limiter.bucket('user', 'ada', rate), limiter.bucket('user', 'ada', rate)]
      for (const bucket of [one, other, one]) expect(await limiter.takeEach([bucket])).toBeUndefined()
      for (const bucket of [one, other]) expect(await limiter.takeEach([bucket])).toBeDefined()
      await pass(60_000)
      for (let n = 0; n < 100; n++) await limiter.takeEach([limiter.bucket('user', `someone ${n}`, rate)])
      const anew = limiter.bucket('user', 'ada', rate)
      for (const bucket of [one, anew, other]) expect(await limiter.takeEach([bucket])).toBeUndefined()
      for (const bucket of [one, anew, other]) expect(await limiter.takeEach([bucket])).toBeDefined()
    })

    test('answers in the order asked', async () => {
      const { limiter } = await make()
      const answers = await Promise.all(Array.from({ length: 5 }, () => limiter.take('ada', rate)))
      expect(answers.map(({ wait_ms }) => wait_ms === 0)).toEqual([true, true, true, false, false])
    })

    test('counts each key by itself, whatever it is called', async () => {
      const { limiter } = await make()
      for (const key of ['ada', 'ada/x', '__proto__', 'constructor', '🙂']) await takeAll(limiter, key)
      expect((await limiter.take('__proto__', rate)).wait_ms).toBeGreaterThan(0)
    })
  })
}
