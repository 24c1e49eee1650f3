import { describe, expect, test } from 'bun:test'
import type { Connection } from '../../../src/features/caller.ts'
import type { Revocable } from '../../../src/pipeline/revocations.ts'
import type { Identity } from '../../../src/ports/tokens.ts'
import { Failure, type FailureCode } from '../../../src/protocol/failure.ts'
import { isLoopback, type SignedIn, signing } from '../../../src/server/arriving/signing.ts'
import { fakeClock, settled } from '../../support/clock.ts'

const HERE = '127.0.0.1'
const connection = { id: 'c' } as Connection

const ada: Identity = {
  user_id: 'ada',
  tenant_id: 'acme',
  permissions: ['message:send'],
  rooms: { lobby: 'admin' },
  session_id: 's',
  device_id: undefined,
  token_id: 't',
  issued_at: 0,
  expires_at: 9_000,
}

/** Tokens of three kinds: `good…`, one that says what is refused, and one that fails otherwise. */
function doors({ development = false, chance = 0.5, identity = ada } = {}) {
  const { clock, pass } = fakeClock()
  const tokens = {
    async verify(token: string) {
      if (token === 'good') return identity
      if (token === 'bug') throw new Error('bug')
      throw new Failure(token as FailureCode, 'No.')
    },
  }
  const revocations = {
    refuses: ({ device_id, session_id }: Revocable) =>
      device_id === 'lost' || session_id === 'lost' ? new Failure('session_revoked', 'No.') : undefined,
  }
  const made = signing({ tokens, revocations, clock, development, chance: () => chance })
  const come = (auth: object, address = HERE) => made.fromHandshake(auth, address, connection)
  /** So much time, after what can be settled without it. */
  async function wait(ms: number) {
    await settled()
    await pass(ms)
  }
  return { ...made, come, clock, wait }
}

/** What became of it so far. */
function watch(signed: Promise<SignedIn> | undefined) {
  let state = 'waiting'
  signed?.then(
    () => {
      state = 'in'
    },
    (error: Error & { code?: string }) => {
      state = error.code ?? error.message
    },
  )
  return async () => {
    await settled()
    return state
  }
}

describe('a handshake', () => {
  test('may hold who the device is, and nothing at all', () => {
    const { handshake } = doors()
    const auth = { device_id: 'd', device_name: 'Phone', platform: 'ios', session_id: 's', protocol: 1 }
    expect(handshake({ ...auth, colour: 'red' })).toEqual(auth)
    for (const nothing of [undefined, null, {}]) expect(handshake(nothing)).toEqual({ protocol: 1 })
  })

  test.each([2, 0, -1, 1.5, 1e9])('of protocol %p is told what is spoken here', (protocol) => {
    expect(refusalOf(() => doors().handshake({ protocol }))).toMatchObject({
      code: 'unsupported_version',
      retryable: false,
      details: { supported: [1] },
    })
  })

  test.each([
    ['protocol', { protocol: '1' }],
    ['device_id', { device_id: '' }],
    ['device_id', { device_id: 7 }],
    ['session_id', { session_id: 'a\u0000' }],
    ['device_name', { device_name: 'x'.repeat(257) }],
    ['platform', { platform: {} }],
    ['positions', { positions: 'all' }],
    ['positions.lobby.seq', { positions: { lobby: { epoch: 'e' } } }],
    [
      'positions',
      { positions: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [n, { epoch: 'e', seq: 1 }])) },
    ],
  ])('says which field is wrong: %s', (path, auth) => {
    const refused = refusalOf(() => doors().handshake(auth))
    expect(refused).toMatchObject({ code: 'validation_failed', details: [{ path }] })
  })

  test('says nothing of what is null in it', () => {
    const { device_id, session_id, protocol } = doors().handshake({ device_id: null, session_id: null, platform: null })
    expect({ device_id, session_id, protocol }).toEqual({ device_id: undefined, session_id: undefined, protocol: 1 })
  })

  test.each(['hello', 7, true, 1n])('that is %p is refused, and no bug', (auth) => {
    expect(refusalOf(() => doors().handshake(auth))).toMatchObject({ code: 'validation_failed' })
  })
})

describe('a token', () => {
  test('says who it is, what they may, and until when', async () => {
    const { caller, expires_at } = (await doors().come({ token: 'good', device_id: 'phone' })) as SignedIn
    expect(caller).toMatchObject({
      tenant_id: 'acme',
      user_id: 'ada',
      device_id: 'phone',
      session_id: 's',
      grants: { lobby: 'admin' },
      connection,
    })
    expect([caller.permissions.listed, expires_at]).toEqual([['message:send'], 9_000])
  })

  test('is refused on a device that was revoked, late, also where only the handshake names it', async () => {
    const { come, wait } = doors({ development: true })
    const states = [
      watch(come({ token: 'good', device_id: 'lost' })),
      watch(come({ userId: 'ada', device_id: 'lost' })),
      watch(come({ token: 'session_revoked' })),
    ]
    expect(await Promise.all(states.map((state) => state()))).toEqual(['waiting', 'waiting', 'waiting'])
    await wait(2_000)
    expect(await Promise.all(states.map((state) => state()))).toEqual(Array(3).fill('session_revoked'))
  })

  test.each([0, 0.5, 0.999])('that is refused is answered after 1 to 2 s, by chance (%p)', async (chance) => {
    for (const code of ['unauthenticated', 'token_expired'] as const) {
      const { come, wait } = doors({ chance })
      const state = watch(come({ token: code }))
      await wait(999)
      expect(await state()).toBe('waiting')
      await wait(1_001)
      expect(await state()).toBe(code)
    }
  })

  test('that cannot be judged now is answered at once, to come back', async () => {
    const { come } = doors()
    expect(await watch(come({ token: 'unavailable' }))()).toBe('unavailable')
    expect(await watch(come({ token: 'bug' }))()).toBe('bug')
  })

  test.each([7, {}, true])('that is %p is refused late too', async (token) => {
    const { come, wait } = doors()
    const state = watch(come({ token }))
    expect(await state()).toBe('waiting')
    await wait(2_000)
    expect(await state()).toBe('unauthenticated')
  })

  test('refused on an open connection is answered as late', async () => {
    const { fromToken, wait } = doors()
    const state = watch(fromToken({ token: 'unauthenticated' }, connection))
    expect(await state()).toBe('waiting')
    await wait(2_000)
    expect(await state()).toBe('unauthenticated')
  })

  test('refused does not wait where a thousand wait already', async () => {
    const { come, wait } = doors()
    const crowd = Array.from({ length: 1_000 }, () => watch(come({ token: 'unauthenticated' })))
    await settled()
    const one = watch(come({ token: 'unauthenticated' }))
    expect([await one(), await crowd[0]?.()]).toEqual(['unauthenticated', 'waiting'])
    await wait(2_000)
    expect(await crowd[999]?.()).toBe('unauthenticated')
    const next = watch(come({ token: 'unauthenticated' }))
    expect(await next()).toBe('waiting')
  })

  test.each([
    ['device_id', { device_id: 'mine' }, { device_id: 'other' }, 'forbidden'],
    ['device_id', { device_id: 'mine' }, { device_id: 'mine' }, 'in'],
    ['device_id', { device_id: undefined }, { device_id: 'any' }, 'in'],
    ['device_id', { device_id: 'mine' }, {}, 'in'],
    ['session_id', { session_id: 's' }, { session_id: 'other' }, 'forbidden'],
    ['session_id', { session_id: 's' }, { session_id: 's' }, 'in'],
    ['session_id', { session_id: 's' }, {}, 'in'],
    ['session_id', { session_id: 'made', session_made: true as const }, { session_id: 'any' }, 'in'],
  ])('and a handshake about the %s: %p, %p → %s', async (_, said, auth, answer) => {
    const { come, wait } = doors({ identity: { ...ada, ...said } })
    const state = watch(come({ token: 'good', ...auth }))
    await wait(2_000)
    expect(await state()).toBe(answer)
  })

  test('that says no session is of the one that the handshake names, and rests on its own as well', async () => {
    const made = { ...ada, session_id: 'made', session_made: true as const }
    const signed = await doors({ identity: made }).come({ token: 'good', session_id: 'mine' })
    expect(signed?.caller).toMatchObject({ session_id: 'mine', token: { session_id: 'made' } })
    for (const [own, named] of [
      ['lost', 'mine'],
      ['made', 'lost'],
    ] as const) {
      const { come, wait } = doors({ identity: { ...made, session_id: own } })
      const state = watch(come({ token: 'good', session_id: named }))
      await wait(2_000)
      expect(await state()).toBe('session_revoked')
    }
  })

  test('names the device where the handshake does not', async () => {
    const signed = await doors({ identity: { ...ada, device_id: 'mine' } }).come({ token: 'good' })
    expect(signed?.caller.device_id).toBe('mine')
  })
})

describe('without a token', () => {
  const named = { userId: 'ada', sessionId: 's', device_id: 'd' }

  test('one may stay for now, in development too where no name is given', () => {
    for (const auth of [{}, { token: '' }, { token: null }, { device_id: 'd' }]) {
      expect(doors().come(auth)).toBeUndefined()
      expect(doors({ development: true }).come(auth)).toBeUndefined()
    }
  })

  test('a name is enough in development, on loopback, and is of the tenant `dev` where it names none', async () => {
    const { come, clock } = doors({ development: true })
    const signed = await come(named)
    expect(signed?.caller).toMatchObject({
      user_id: 'ada',
      session_id: 's',
      device_id: 'd',
      tenant_id: 'dev',
      grants: {},
    })
    expect(signed?.caller.permissions.admin).toBe(false)
    expect((signed?.expires_at ?? 0) - clock.now()).toBe(86_400_000)
    expect((await come({ userId: 'bob', tenantId: 'acme' }))?.caller).toMatchObject({
      tenant_id: 'acme',
      session_id: 'development.bob',
    })
  })

  test.each(['192.168.0.7', '10.0.0.1', '128.0.0.1', '::', '::ffff:10.0.0.1', '127.0.0.1.example.org', ''])(
    'a name from %p is not enough',
    (address) => {
      expect(doors({ development: true }).come(named, address)).toBeUndefined()
    },
  )

  test('a name is not enough outside development, and a bad one nowhere', () => {
    expect(doors().come(named)).toBeUndefined()
    for (const userId of ['', 7, 'x'.repeat(129), '\ud800'])
      expect(doors({ development: true }).come({ userId })).toBeUndefined()
  })

  test('a token that is bad is not made good by a name beside it', async () => {
    const { come, wait } = doors({ development: true })
    const state = watch(come({ ...named, token: 'unauthenticated' }))
    await wait(2_000)
    expect(await state()).toBe('unauthenticated')
  })
})

test('loopback is what cannot come from elsewhere', () => {
  expect(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'].every(isLoopback)).toBe(true)
  expect(['1127.0.0.1', '127.0.0', '::2', 'localhost', '0.0.0.0', '127.0.0.1\n'].some(isLoopback)).toBe(false)
})

function refusalOf(refused: () => unknown) {
  try {
    refused()
  } catch (error) {
    if (error instanceof Failure) return error.data
    throw error
  }
  return undefined
}
