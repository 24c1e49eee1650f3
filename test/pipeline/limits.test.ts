import { describe, expect, test } from 'bun:test'
import { memoryLimiter } from '../../src/adapters/memory/limiter.ts'
import type { Caller, Connection } from '../../src/features/caller.ts'
import { type LimitName, type Limits, limiting, standardLimits, toldLimits } from '../../src/pipeline/limits.ts'
import type { Bucket, Limiter } from '../../src/ports/limiter.ts'
import type { Failure } from '../../src/protocol/failure.ts'
import { callerOf } from '../support/caller.ts'
import { fakeClock } from '../support/clock.ts'
import { testService } from '../support/service.ts'

const few = { take: 3, every_ms: 3_000 }

/** Limits so wide that none is met, but for one. */
function only(name: LimitName): Limits {
  const wide = { take: 1_000_000, every_ms: 1_000 }
  return { connection: wide, user: wide, address: wide, tenant: wide, key: wide, [name]: few }
}

function limited(limits: Limits) {
  const { clock, pass } = fakeClock()
  const { anything, one } = limiting(memoryLimiter(clock), limits)
  /** What became of so many commands: how many were taken, and the first refusal. */
  const ask = (caller: Caller, times: number, take = () => anything(caller)) => {
    for (let taken = 0; taken < times; taken++) {
      try {
        take()
      } catch (refusal) {
        return { taken, refusal: (refusal as Failure).data }
      }
    }
    return { taken: times }
  }
  return { ask, pass, one }
}

function caller(connection: string | undefined, more: Partial<Caller> & { from?: string } = {}): Caller {
  const { from, ...rest } = more
  if (connection === undefined) return callerOf(rest)
  return callerOf({ connection: { id: connection, network: from } as Connection, ...rest })
}

describe('the limit of', () => {
  test.each([
    ['connection', caller('c1'), caller('c2')],
    ['user', caller('c1'), caller('c2', { user_id: 'bob' })],
    ['user', caller(undefined), caller(undefined, { user_id: 'bob' })],
    ['address', caller('c1', { from: '192.0.2.1' }), caller('c2', { from: '192.0.2.2' })],
    ['address', caller(undefined, { network: '192.0.2.1' }), caller(undefined, { network: '192.0.2.2' })],
    ['tenant', caller('c1'), caller('c2', { tenant_id: 'globex' })],
    ['key', caller(undefined, { key: 'crm' }), caller(undefined, { key: 'ops' })],
    ['key', caller(undefined, { key: 'crm' }), caller(undefined, { key: 'crm', tenant_id: 'globex' })],
  ] as const)('a %s is its own, and named in the refusal', async (name, one, other) => {
    const { ask, pass } = limited(only(name))
    expect(ask(one, 10)).toEqual({
      taken: 3,
      refusal: {
        code: 'rate_limited',
        message: expect.any(String),
        retryable: true,
        retry_after_ms: 1_000,
        details: { limit: name, remaining: 0, reset_ms: 3_000 },
      },
    })
    expect(ask(other, 3)).toEqual({ taken: 3 })
    await pass(1_000)
    expect(ask(one, 10).taken).toBe(1)
  })

  test.each([
    ['connections', 'user', caller('c1'), caller('c2')],
    ['users', 'address', caller('c1', { from: 'a' }), caller('c2', { from: 'a', user_id: 'bob' })],
    ['users', 'tenant', caller('c1'), caller('c2', { user_id: 'bob' })],
    ['servers', 'tenant', caller(undefined, { key: 'crm' }), caller('c2')],
  ] as const)('several %s together is that of their %s', (_, name, one, other) => {
    const { ask } = limited(only(name))
    expect([ask(one, 2).taken, ask(other, 10).taken]).toEqual([2, 1])
  })

  test('one tenant does not touch another, whatever they are called', () => {
    const { ask } = limited(standardLimits)
    const [acme, odd] = [caller('c1'), caller('c2', { tenant_id: '#acme' })]
    const users = (who: Caller, n: number): Caller => ({
      ...who,
      user_id: `${n}`,
      connection: { id: `${n}` } as Connection,
    })
    let taken = 0
    for (let n = 0; n < 1_000; n++) taken += ask(users(acme, n), 200).taken
    expect(taken).toBe(100_000)
    expect(ask(acme, 1).refusal?.details).toMatchObject({ limit: 'tenant' })
    for (const other of [odd, caller('c3', { tenant_id: 'globex' })]) expect(ask(other, 300).taken).toBe(300)
  })

  test('a connection that is met takes nothing from its tenant', () => {
    const { ask } = limited({ ...only('connection'), tenant: { take: 10, every_ms: 10_000 } })
    for (let n = 0; n < 50; n++) ask(caller('c1'), 10)
    expect(ask(caller('c2'), 3).taken).toBe(3)
  })

  test('an API key stands for the server: neither whom it acts for, nor one command, is counted', () => {
    const { ask, one } = limited({ ...only('user'), address: few })
    const server = caller(undefined, { key: 'crm', network: '192.0.2.1' })
    expect(ask(server, 50).taken).toBe(50)
    expect(ask(server, 50, () => one('message:send', few, server)).taken).toBe(50)
  })

  test('nobody is taken by a worker, or by who has not signed in yet', () => {
    const { ask } = limited(only('tenant'))
    expect(ask(caller(undefined, { counted: true }), 50).taken).toBe(50)
    expect(ask(caller('c1', { tenant_id: '' }), 50).taken).toBe(50)
    expect(ask(caller('c2'), 50).taken).toBe(3)
  })
})

describe('with the standard limits', () => {
  const perSecond = async (commands: number, seconds: number) => {
    const { ask, pass } = limited(standardLimits)
    let refused = 0
    for (let second = 0; second < seconds; second++) {
      if (ask(caller('c1'), commands).refusal) refused++
      await pass(1_000)
    }
    return refused
  }

  test('someone who moves a shared cursor twenty times a second for minutes meets none', async () => {
    expect(await perSecond(25, 300)).toBe(0)
  })

  test('a program with fifty commands a second does', async () => {
    expect(await perSecond(50, 60)).toBeGreaterThan(30)
  })

  test('ten thousand users of a tenant who all come back within two seconds meet none', async () => {
    const { ask, pass } = limited(standardLimits)
    let taken = 0
    for (const half of [0, 1]) {
      for (let n = half * 5_000; n < half * 5_000 + 5_000; n++)
        taken += ask(caller(`c${n}`, { user_id: `u${n}`, from: `${n >> 8}.${n & 255}` }), 8).taken
      await pass(1_000)
    }
    expect(taken).toBe(80_000)
  })

  test('each is told as two numbers', () => {
    expect(toldLimits(standardLimits, { take: 400, every_ms: 2_000 })).toEqual({
      connection_burst: 300,
      connection_per_second: 30,
      user_burst: 600,
      user_per_second: 60,
      address_burst: 20_000,
      address_per_second: 2_000,
      tenant_burst: 100_000,
      tenant_per_second: 10_000,
      frames_burst: 400,
      frames_per_second: 200,
    })
  })
})

describe('a command', () => {
  test('beyond a limit is not even looked at, and one that is not known counts like any other', async () => {
    const service = testService({ limited: true, limits: { user: few } })
    const ada = service.user('ada')
    for (const name of ['nothing:known', 'room:get', 'room:list']) await ada.reply(name, { room_id: 'nowhere' })
    expect(await ada.failure('room:get', { room_id: 7 })).toMatchObject({
      code: 'rate_limited',
      details: { limit: 'user', remaining: 0 },
    })
    expect(service.measured.at(-1)).toBe('room:get rate_limited')
    await service.pass(1_000)
    expect(await ada.refused('room:list')).toBe('not refused')
  })

  test('meets no limit where they are lifted', async () => {
    const ada = testService({ limits: { user: few } }).user('ada')
    for (let n = 0; n < 200; n++) expect(await ada.refused('room:list')).toBe('not refused')
  })

  test('waits for a limiter that does not answer at once', async () => {
    const late = { wait_ms: 5, remaining: 0, reset_ms: 9 }
    const limiter: Limiter = {
      take: async () => late,
      bucket: (kind, _, rate) => ({ kind, rate }),
      takeEach: async ([, second]) => ({ kind: (second as Bucket).kind, ...late }),
    }
    const { anything, one } = limiting(limiter, standardLimits)
    const refused = (promise: Promise<void> | undefined) => promise?.catch((error: Failure) => error.more)
    expect(await refused(anything(caller('c1')))).toMatchObject({ details: { limit: 'user' } })
    expect(await refused(one('message:send', few, caller('c1')))).toMatchObject({ details: { limit: 'message:send' } })
  })
})
