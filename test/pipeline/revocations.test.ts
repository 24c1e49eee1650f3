import { describe, expect, test } from 'bun:test'
import { memoryWorld } from '../../src/adapters/memory/world.ts'
import { isRevokedBy, revocable, revocations } from '../../src/pipeline/revocations.ts'
import type { Revocation } from '../../src/ports/store.ts'
import type { Identity } from '../../src/ports/tokens.ts'
import { Failure } from '../../src/protocol/failure.ts'
import { keyOf } from '../../src/protocol/ids.ts'
import { refusal } from '../contracts/world.ts'
import { fakeClock } from '../support/clock.ts'

const HOUR = 3_600_000
const NOW = fakeClock().clock.now()

const ada: Identity = {
  tenant_id: 'acme',
  user_id: 'ada',
  device_id: 'phone',
  session_id: 's1',
  token_id: 't1',
  issued_at: NOW - HOUR,
  expires_at: NOW + HOUR,
  permissions: undefined,
  rooms: {},
}

const of = (what: Revocation['what'], subject: string, more: Partial<Revocation> = {}): Revocation => ({
  tenant_id: 'acme',
  what,
  subject,
  before: NOW,
  until: NOW + 24 * HOUR,
  ...more,
})

function start() {
  const { clock, pass } = fakeClock()
  const { store } = memoryWorld(clock, () => {})
  return { clock, pass, store, revoked: revocations(store, clock) }
}

const all: [string, Revocation][] = [
  ['a device', of('device', keyOf('ada', 'phone'))],
  ['a session', of('session', 's1')],
  ['a user', of('user', 'ada')],
  ['a token by its id', of('token', 't1')],
  ['everything issued before a time', of('all', '')],
]

describe('a revocation of', () => {
  test.each(all)('%s refuses what it is of, and nothing else', async (_, revocation) => {
    const { revoked } = start()
    expect(revoked.refuses(ada)).toBeUndefined()
    await revoked.revoke(revocation)
    expect(revoked.refuses(ada)?.code).toBe('session_revoked')
    const bob = { ...ada, user_id: 'bob', session_id: 's2', token_id: 't2', device_id: 'desk' }
    const others = [
      { ...ada, tenant_id: 'globex' },
      { ...ada, issued_at: NOW },
      ...(revocation.what === 'all' ? [] : [bob]),
      ...(revocation.what === 'device'
        ? [
            { ...bob, device_id: 'phone' },
            { ...ada, device_id: undefined },
          ]
        : []),
    ]
    for (const one of others) {
      expect(revoked.refuses(one)).toBeUndefined()
      expect(isRevokedBy(revocation, one)).toBe(false)
    }
    expect(isRevokedBy(revocation, ada)).toBe(true)
  })

  test.each(all)('%s is in force again after a restart', async (_, revocation) => {
    const { clock, store, revoked } = start()
    await revoked.revoke(revocation)
    const later = revocations(store, clock)
    expect(later.refuses(ada)).toBeUndefined()
    await later.read()
    expect(later.refuses(ada)?.code).toBe('session_revoked')
  })
})

describe('what was revoked', () => {
  test('is forgotten when its time is over, and no sooner', async () => {
    const { pass, revoked } = start()
    await revoked.revoke(of('user', 'ada'))
    await pass(24 * HOUR - 1)
    expect(revoked.refuses(ada)?.code).toBe('session_revoked')
    await pass(1)
    await revoked.revoke(of('user', 'bob', { until: NOW + 99 * HOUR }))
    expect(revoked.refuses(ada)).toBeUndefined()
  })

  test('is in force no longer than that, though nothing has been revoked since', async () => {
    const { pass, revoked } = start()
    await revoked.revoke(of('user', 'ada'))
    await pass(24 * HOUR)
    expect(revoked.refuses(ada)).toBeUndefined()
  })

  test('twice stands as the later of the two', async () => {
    const { revoked } = start()
    await revoked.revoke(of('user', 'ada'))
    await revoked.revoke(of('user', 'ada', { before: 0, until: NOW + 1 }))
    expect(revoked.refuses(ada)?.code).toBe('session_revoked')
  })

  test('is told to who listens, once, also where another server stored it', async () => {
    const { store, revoked } = start()
    const told: unknown[] = []
    revoked.onRevoked(({ what, subject }, whose) => told.push([what, subject, whose]))
    await revoked.revoke(of('device', keyOf('ada', 'phone')), { whose: 'ada' })
    await store.apply([{ do: 'revoke', revocation: of('session', 's9') }])
    await revoked.read()
    await revoked.read()
    expect(told).toEqual([
      ['device', 'ada/phone', 'ada'],
      ['session', 's9', undefined],
    ])
  })

  test('is not in force where it could not be kept: whoever asked is told, and asks again', async () => {
    const { store, revoked } = start()
    store.apply = () => Promise.reject(new Failure('unavailable', 'The disk is full.'))
    expect(await refusal(revoked.revoke(of('user', 'ada')))).toMatchObject({ code: 'unavailable' })
    expect(revoked.refuses(ada)).toBeUndefined()
  })

  test('is refused by the tokens that know of it, which otherwise say what they always said', async () => {
    const { revoked } = start()
    const tokens = revocable({ verify: async () => ada }, revoked)
    expect(await tokens.verify('t')).toBe(ada)
    await revoked.revoke(of('session', 's1'))
    expect(await refusal(tokens.verify('t'))).toMatchObject({ code: 'session_revoked' })
  })
})
