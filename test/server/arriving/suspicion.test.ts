import { describe, expect, test } from 'bun:test'
import { memorySuspects } from '../../../src/adapters/memory/suspects.ts'
import type { Caller } from '../../../src/features/caller.ts'
import type { Reason } from '../../../src/ports/suspects.ts'
import { Failure, type FailureCode } from '../../../src/protocol/failure.ts'
import { isCrowd } from '../../../src/server/arriving/crowd.ts'
import { outsiders } from '../../../src/server/arriving/outsiders.ts'
import { suspecting } from '../../../src/server/arriving/suspicion.ts'
import { fakeClock, settled } from '../../support/clock.ts'

const MINUTE_MS = 60_000
const NET = '192.0.2.1'

function watched() {
  const { clock, pass } = fakeClock()
  const lines: { level: string; step: unknown; address: unknown; reasons: unknown }[] = []
  const counted: string[] = []
  const turnedOut: string[] = []
  const crowds = new Set<string>()
  const line =
    (level: string) =>
    ({ step, address, reasons }: Readonly<Record<string, unknown>>) =>
      void lines.push({ level, step, address, reasons })
  const suspicion = suspecting({
    suspects: memorySuspects(clock),
    clock,
    logger: { info: line('info'), warn: line('warn') },
    meter: { suspicious: (reason, step) => void counted.push(`${reason} ${step}`) },
    crowded: (network) => crowds.has(network),
    turnOut: (network) => void turnedOut.push(network),
  })
  return {
    ...suspicion,
    lines,
    counted,
    turnedOut,
    crowds,
    pass,
    now: clock.now,
    times(count: number, reason: Reason, network: string | undefined = NET) {
      for (let n = 0; n < count; n++) suspicion.noticed(network, reason)
    },
    guess(count: number, code: FailureCode = 'unauthenticated', network: string | undefined = NET) {
      for (let n = 0; n < count; n++) suspicion.refused(network, new Failure(code, 'No.'))
    },
    step: async () => (await suspicion.list(1))[0]?.step,
  }
}

/** Whether who comes from there has to wait. */
async function waits({ wait, pass }: ReturnType<typeof watched>, network = NET) {
  let through = false
  const waiting = wait(network)
  if (!waiting) return false
  void waiting.then(() => {
    through = true
  })
  await pass(1_999)
  await settled()
  expect(through).toBe(false)
  await pass(1)
  await waiting
  return true
}

describe('an address from which much is refused', () => {
  test('is noted, then slowed, then cut off: logged once a step, and counted each time', async () => {
    const one = watched()
    const reached: unknown[] = []
    for (let n = 1; n <= 400; n++) {
      one.guess(1)
      if (one.lines.length > reached.length) reached.push([n, one.lines.at(-1)])
    }
    const said = (level: string, step: string, refused_token: number) => [
      refused_token,
      { level, step, address: NET, reasons: { refused_token } },
    ]
    expect(reached).toEqual([said('info', 'noted', 20), said('warn', 'slowed', 100), said('warn', 'cut_off', 400)])
    expect(one.counted).toHaveLength(400)
    expect(
      ['watched', 'noted', 'slowed', 'cut_off'].map((step) => one.counted.indexOf(`refused_token ${step}`)),
    ).toEqual([0, 19, 99, 399])
    expect(one.turnedOut).toEqual([NET])
  })

  test.each([
    ['malformed', 80],
    ['stranger', 80],
    ['refused_commands', 20],
  ] as const)('by %s is cut off after %p times', (reason, count) => {
    const one = watched()
    one.times(count - 1, reason)
    expect(one.cutOff(NET)).toBe(0)
    one.times(1, reason)
    expect(one.cutOff(NET)).toBe(5 * MINUTE_MS)
  })

  test('because tokens have expired or were revoked is held against it four times less', () => {
    for (const code of ['token_expired', 'session_revoked'] as const) {
      const one = watched()
      one.guess(1_599, code)
      expect(one.cutOff(NET)).toBe(0)
      one.guess(1, code)
      expect(one.cutOff(NET)).toBeGreaterThan(0)
    }
  })

  test('because of the service itself is not suspected', async () => {
    const one = watched()
    for (const code of ['unavailable', 'internal', 'timeout', 'too_many_devices'] as const) one.guess(1_000, code)
    one.refused(NET, new Error('a bug'))
    expect(await one.list(10)).toEqual([])
  })

  test('slowly enough is never cut off: what is held against it fades', async () => {
    const one = watched()
    for (let minute = 0; minute < 300; minute++) {
      one.guess(10)
      await one.pass(MINUTE_MS)
    }
    expect([await one.step(), one.turnedOut]).toEqual(['noted', []])
  })

  test('does not concern any other address', async () => {
    const one = watched()
    one.guess(400)
    expect([one.cutOff('192.0.2.2'), one.wait('192.0.2.2')]).toEqual([0, undefined])
  })

  test('that is nobody’s is not suspected: that of a proxy stands for all behind it', async () => {
    const one = watched()
    for (let n = 0; n < 1_000; n++) one.noticed(undefined, 'malformed')
    one.signedIn(undefined, 'acme', 'ada')
    expect([await one.list(10), one.cutOff(undefined), one.wait(undefined)]).toEqual([[], 0, undefined])
  })
})

describe('an address that is slowed', () => {
  test('waits for 2 s, and no longer when what is held against it has faded', async () => {
    const one = watched()
    one.guess(99)
    expect(await waits(one)).toBe(false)
    one.guess(1)
    expect(await waits(one)).toBe(true)
    await one.pass(4 * MINUTE_MS)
    expect(await waits(one)).toBe(true)
    await one.pass(2 * MINUTE_MS)
    expect(await waits(one)).toBe(false)
  })

  test('is told of once while it stays about there', async () => {
    const one = watched()
    one.guess(100)
    for (let n = 0; n < 50; n++) {
      await one.pass(30_000)
      one.guess(7)
    }
    expect(one.lines.map(({ step }) => step)).toEqual(['noted', 'slowed'])
  })

  test('holds a thousand, and no more', async () => {
    const one = watched()
    one.guess(100)
    const waiting = Array.from({ length: 1_000 }, () => one.wait(NET))
    expect([waiting.includes(undefined), one.wait(NET)]).toEqual([false, undefined])
    await one.pass(2_000)
    await Promise.all(waiting)
    one.guess(10)
    expect(one.wait(NET)).toBeDefined()
  })
})

describe('an address that is cut off', () => {
  test('is let in again after five minutes, the next time after ten, and in the end after an hour', async () => {
    const one = watched()
    const lasted: number[] = []
    for (let time = 0; time < 6; time++) {
      one.guess(400)
      lasted.push(one.cutOff(NET) / MINUTE_MS)
      await one.pass(one.cutOff(NET) - 1)
      expect(one.cutOff(NET)).toBe(1)
      await one.pass(1)
      expect(one.cutOff(NET)).toBe(0)
    }
    expect(lasted).toEqual([5, 10, 20, 40, 60, 60])
    expect(one.turnedOut).toHaveLength(6)
  })

  test('is slowed for a while after that', async () => {
    const one = watched()
    one.guess(400)
    await one.pass(5 * MINUTE_MS)
    expect([await waits(one), await one.step()]).toEqual([true, 'slowed'])
    await one.pass(30 * MINUTE_MS)
    expect([await waits(one), await one.step()]).toEqual([false, 'watched'])
  })

  test('is not cut off for longer by what comes meanwhile', async () => {
    const one = watched()
    one.guess(400)
    await one.pass(MINUTE_MS)
    one.guess(100)
    expect(one.cutOff(NET)).toBe(4 * MINUTE_MS)
    expect(one.lines).toHaveLength(3)
  })

  test('is let in at once when it is pardoned', async () => {
    const one = watched()
    one.guess(400)
    expect(await one.pardon(NET)).toBe(true)
    expect([one.cutOff(NET), one.wait(NET), await one.list(10)]).toEqual([0, undefined, []])
  })
})

describe('many who sign in from one address', () => {
  const crowd = (one: ReturnType<typeof watched>, tenants: number, users: number) => {
    for (let n = 0; n < users; n++) one.signedIn(NET, `tenant ${n % tenants}`, `user ${n}`)
  }

  test('are an office, or a carrier: nothing is held against it', async () => {
    const one = watched()
    crowd(one, 500, 5_000)
    expect(await one.list(10)).toEqual([])
  })

  test('are nothing either where a few tokens are refused, as happens', async () => {
    const one = watched()
    one.guess(19)
    crowd(one, 500, 5_000)
    expect((await one.list(1))[0]).toMatchObject({ step: 'watched', reasons: { refused_token: 19 } })
  })

  test('are one reason more where much is refused, once', async () => {
    const one = watched()
    one.guess(30)
    crowd(one, 19, 99)
    expect((await one.list(1))[0]?.reasons).toEqual({ refused_token: 30 })
    crowd(one, 500, 5_000)
    const [suspect] = await one.list(1)
    expect(suspect).toMatchObject({
      step: 'slowed',
      reasons: { refused_token: 30, many_tenants: 1, many_users: 1 },
    })
    expect(suspect?.points).toBeCloseTo(130)
  })
})

describe('an address from which many are signed in', () => {
  test('is slowed and never cut off, and this is told; until they are gone', async () => {
    const one = watched()
    one.crowds.add(NET)
    one.guess(5_000)
    expect([one.cutOff(NET), await waits(one), await one.step()]).toEqual([0, true, 'slowed'])
    expect(one.lines.map(({ step }) => step)).toEqual(['noted', 'slowed', undefined])
    one.crowds.delete(NET)
    one.guess(1)
    expect(one.cutOff(NET)).toBe(0)
    await one.pass(MINUTE_MS)
    one.guess(1)
    expect([one.cutOff(NET), one.turnedOut]).toEqual([5 * MINUTE_MS, [NET]])
  })

  test('is one of fifty users, not of fifty connections', () => {
    const here = (network: string, user_id: string) => ({ network, caller: { tenant_id: 'acme', user_id } as Caller })
    const crowd = (users: number, from = NET) => Array.from({ length: 60 }, (_, n) => here(from, `user ${n % users}`))
    expect([isCrowd(crowd(50), NET), isCrowd(crowd(49), NET), isCrowd(crowd(50, '192.0.2.2'), NET)]).toEqual([
      true,
      false,
      false,
    ])
  })
})

describe('what an engine learns of how connections end', () => {
  test.each([
    ['parse error', true, 'malformed'],
    ['parse error', false, 'malformed'],
    ['protocol_abuse', true, 'malformed'],
    ['protocol_abuse', false, 'stranger'],
    ['too_many_connections', false, 'stranger'],
    ['transport close', false, undefined],
    ['ping timeout', true, undefined],
    ['forced close', true, undefined],
  ] as const)('%s (signed in: %p) is held against the address as %p', async (why, signedIn, reason) => {
    const one = watched()
    outsiders(one, (address) => address).ended(NET, why, signedIn)
    expect((await one.list(1)).map(({ reasons }) => reasons)).toEqual(reason ? [{ [reason]: 1 }] : [])
  })

  test('keeps newcomers out while their address is cut off, and tells them for how long', async () => {
    const one = watched()
    const { keepOut } = outsiders(one, (address) => address)
    one.guess(399)
    expect(keepOut(NET)).toBeUndefined()
    one.guess(1)
    const response = keepOut(NET)
    expect([response?.status, response?.headers.get('retry-after')]).toEqual([429, '300'])
    expect(await response?.json()).toMatchObject({ error: { code: 'rate_limited', retry_after_ms: 300_000 } })
  })

  test('is nothing where limits are lifted', () => {
    const { keepOut, ended, refused } = outsiders(undefined, (address) => address)
    ended(NET, 'parse error', false)
    expect([keepOut(NET), refused(NET, new Failure('unauthenticated', 'No.'))]).toEqual([undefined, undefined])
  })
})
