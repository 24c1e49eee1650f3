import { describe, expect, test } from 'bun:test'
import type { Suspects } from '../../src/ports/suspects.ts'

interface Under {
  suspects: Suspects
  now(): number
  /** Lets so many milliseconds pass, by hand or for real. */
  pass(ms: number): Promise<void>
}

const MINUTE_MS = 60_000

/** What every `Suspects` must do, whatever is behind it. `most`: how many it has room for. */
export function suspectsContract(name: string, make: (most?: number) => Promise<Under>) {
  describe(`${name} suspects`, () => {
    test('add up what is held against an address, by reason, from the first on', async () => {
      const { suspects, now, pass } = await make()
      const since = now()
      expect(suspects.of('192.0.2.1')).toBeUndefined()
      suspects.add('192.0.2.1', 'malformed', 5)
      suspects.add('192.0.2.1', 'refused_token', 1)
      expect(suspects.add('192.0.2.1', 'malformed', 5)).toMatchObject({ points: 11, since })
      await pass(1_000)
      expect(suspects.of('192.0.2.1')).toMatchObject({
        network: '192.0.2.1',
        reasons: { malformed: 2, refused_token: 1 },
        step: 'watched',
        since,
        until: 0,
        times: 0,
      })
      expect(suspects.of('192.0.2.2')).toBeUndefined()
    })

    test('halve the points every five minutes, and forget who has none left', async () => {
      const { suspects, pass } = await make()
      suspects.add('192.0.2.1', 'malformed', 8)
      await pass(5 * MINUTE_MS)
      expect(suspects.of('192.0.2.1')?.points).toBeCloseTo(4)
      await pass(10 * MINUTE_MS)
      expect(suspects.add('192.0.2.1', 'malformed', 1).points).toBeCloseTo(2)
      await pass(60 * MINUTE_MS)
      expect(suspects.of('192.0.2.1')).toBeUndefined()
      expect(await suspects.list(10)).toEqual([])
    })

    test('remember for an hour after its end that one was cut off', async () => {
      const { suspects, now, pass } = await make()
      const until = now() + 5 * MINUTE_MS
      suspects.add('192.0.2.1', 'malformed', 5)
      suspects.mark('192.0.2.1', { step: 'cut_off', until, times: 1 })
      await pass(64 * MINUTE_MS)
      expect(suspects.of('192.0.2.1')).toMatchObject({ step: 'cut_off', until, times: 1 })
      await pass(2 * MINUTE_MS)
      expect(suspects.of('192.0.2.1')).toBeUndefined()
    })

    test('keep nothing of a mark on one that nothing is held against', async () => {
      const { suspects } = await make()
      suspects.mark('192.0.2.1', { step: 'noted' })
      expect(suspects.of('192.0.2.1')).toBeUndefined()
    })

    test('count who signs in only where something is held against the address', async () => {
      const { suspects } = await make()
      expect(suspects.signedIn('192.0.2.1', 'acme', 'ada')).toBeUndefined()
      expect(suspects.of('192.0.2.1')).toBeUndefined()
      suspects.add('192.0.2.1', 'refused_token', 1)
      suspects.signedIn('192.0.2.1', 'acme', 'ada')
      suspects.signedIn('192.0.2.1', 'acme', 'ada')
      suspects.signedIn('192.0.2.1', 'acme', 'bob')
      expect(suspects.signedIn('192.0.2.1', 'globex', 'ada')).toMatchObject({ tenants: 2, users: 3 })
      for (let n = 0; n < 500; n++) suspects.signedIn('192.0.2.1', `tenant ${n}`, 'ada')
      expect(suspects.of('192.0.2.1')).toMatchObject({ tenants: 100, users: 100 })
    })

    test('are listed from the most suspicious on, before them who is cut off', async () => {
      const { suspects, now } = await make()
      suspects.add('192.0.2.1', 'malformed', 5)
      suspects.add('192.0.2.2', 'malformed', 50)
      suspects.add('192.0.2.3', 'malformed', 1)
      suspects.mark('192.0.2.3', { step: 'cut_off', until: now() + MINUTE_MS, times: 1 })
      const listed = async (limit: number) => (await suspects.list(limit)).map(({ network }) => network)
      expect(await listed(10)).toEqual(['192.0.2.3', '192.0.2.2', '192.0.2.1'])
      expect(await listed(1)).toEqual(['192.0.2.3'])
    })

    test('hold nothing against one who is pardoned', async () => {
      const { suspects } = await make()
      suspects.add('192.0.2.1', 'malformed', 5)
      expect([await suspects.pardon('192.0.2.1'), await suspects.pardon('192.0.2.1')]).toEqual([true, false])
      expect(suspects.of('192.0.2.1')).toBeUndefined()
    })

    test('are no more than there is room for: the least suspicious makes way', async () => {
      const { suspects, now } = await make(100)
      suspects.add('cut off', 'refused_token', 1)
      suspects.mark('cut off', { step: 'cut_off', until: now() + MINUTE_MS, times: 1 })
      suspects.add('bad', 'malformed', 50)
      for (let n = 0; n < 1_000; n++) suspects.add(`address ${n}`, 'refused_token', 1)
      expect((await suspects.list(1_000)).length).toBeLessThanOrEqual(100)
      expect([suspects.of('cut off')?.step, suspects.of('bad')?.points]).toEqual(['cut_off', 50])
    })
  })
}
