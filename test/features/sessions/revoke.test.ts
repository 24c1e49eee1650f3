import { describe, expect, test } from 'bun:test'
import { isRevokedBy } from '../../../src/pipeline/revocations.ts'
import { fakeClock } from '../../support/clock.ts'
import { testService } from '../../support/service.ts'

const DAY_MS = 86_400_000
const KEPT_MS = 400 * DAY_MS
const YESTERDAY = fakeClock().clock.now() - DAY_MS

/** Ada has two sessions, on a phone and a desk; bob has one; root may everything. */
async function people() {
  const service = testService()
  const phone = service.user('ada', { device: 'phone', session: 's1' })
  const desk = service.user('ada', { device: 'desk', session: 's2' })
  const bob = service.user('bob', { session: 's3' })
  for (const one of [phone, desk, bob]) await one.arrive()
  const device = { device_id: 'phone', name: undefined, platform: undefined, last_seen_at: 1 }
  await service.store.apply([{ do: 'set_device', tenant_id: 'acme', user_id: 'ada', device }])
  const root = service.user('root', { permissions: ['admin'], connection: 'none' })
  const now = service.clock.now()
  return { service, phone, desk, bob, root, now }
}

describe('session:list', () => {
  test('is one’s own sessions that are connected, and which is this one', async () => {
    const { phone, now } = await people()
    const times = { connections: 1, since: now, last_active_at: now }
    expect((await phone.send('session:list')).sessions).toEqual([
      { session_id: 's1', current: true, devices: ['phone'], ...times },
      { session_id: 's2', current: false, devices: ['desk'], ...times },
    ])
  })

  test('is empty for who is not connected, and in another tenant', async () => {
    const { service } = await people()
    expect((await service.user('eve').send('session:list')).sessions).toEqual([])
    expect((await service.user('ada', { tenant: 'globex' }).send('session:list')).sessions).toEqual([])
  })
})

const EVER = 8_640_000_000_000_000

describe('session:revoke', () => {
  test('is for one’s own sessions, tokens and devices, and for all of oneself', async () => {
    const { service, phone, now } = await people()
    for (const asked of [
      { session_id: 's1' },
      { session_id: 's2' },
      { token_id: 'token of s1' },
      { user_id: 'ada', device_id: 'phone' },
      { user_id: 'ada' },
      { user_id: 'ada', issued_before: now - 5_000 },
    ])
      expect(await phone.send('session:revoke', asked)).toEqual({})
    const until = now + KEPT_MS
    expect(service.revoked).toEqual([
      { tenant_id: 'acme', what: 'session', subject: 'ada/s1', before: EVER, until },
      { tenant_id: 'acme', what: 'session', subject: 'ada/s2', before: EVER, until },
      { tenant_id: 'acme', what: 'token', subject: 'token of s1', before: EVER, until },
      { tenant_id: 'acme', what: 'device', subject: 'ada/phone', before: now + 1, until },
      { tenant_id: 'acme', what: 'user', subject: 'ada', before: now + 1, until },
    ])
    expect(await service.store.devices('acme', 'ada')).toEqual([])
  })

  test.each([
    ['the session', { session_id: 's3' }],
    ['the token', { token_id: 'token of s3' }],
    ['a session that is not known', { session_id: 'who knows' }],
    ['the device', { user_id: 'bob', device_id: 'phone' }],
    ['a device one does not have', { user_id: 'ada', device_id: 'fridge' }],
    ['the tokens', { user_id: 'bob' }],
    ['the earlier tokens', { user_id: 'bob', issued_before: YESTERDAY }],
    ['all earlier tokens', { issued_before: YESTERDAY }],
  ])('of %s of someone else takes the permission `admin`', async (_, asked) => {
    const { service, phone, root } = await people()
    expect(await phone.refused('session:revoke', asked)).toBe('forbidden')
    expect(service.revoked).toEqual([])
    expect(await root.send('session:revoke', asked)).toEqual({})
    expect(service.revoked).toMatchObject([{ tenant_id: 'acme' }])
  })

  test('stays in the tenant', async () => {
    const { service } = await people()
    await service.user('root', { tenant: 'globex', permissions: ['admin'] }).send('session:revoke', { user_id: 'ada' })
    expect(service.revoked).toMatchObject([{ tenant_id: 'globex', subject: 'ada' }])
    expect(await service.user('ada', { tenant: 'globex' }).refused('session:revoke', { session_id: 's1' })).toBe(
      'forbidden',
    )
  })

  test.each([
    ['nothing', {}],
    ['two things', { session_id: 's1', user_id: 'ada' }],
    ['a device without its user', { device_id: 'phone' }],
    ['a device and a time', { user_id: 'ada', device_id: 'phone', issued_before: 1 }],
    ['a session and a time', { session_id: 's1', issued_before: 1 }],
    ['a time that is none', { issued_before: '2026' }],
    ['a time to come', { user_id: 'ada', issued_before: EVER }],
    ['a time in seconds', { user_id: 'ada', issued_before: YESTERDAY / 1_000 }],
    ['an end after the longest', { session_id: 's1', expires_at: EVER }],
    ['an end that is over', { session_id: 's1', expires_at: YESTERDAY }],
    ['an end in seconds', { user_id: 'ada', expires_at: (YESTERDAY + 2 * DAY_MS) / 1_000 }],
  ])('that names %s is refused', async (_, asked) => {
    const { service, root } = await people()
    expect(await root.refused('session:revoke', asked)).toBe('validation_failed')
    expect(service.revoked).toEqual([])
  })

  test('is forgotten when the last token ends, where that is said', async () => {
    const { service, phone, now } = await people()
    await phone.send('session:revoke', { session_id: 's2', expires_at: now + 900_000 })
    expect(service.revoked).toMatchObject([{ subject: 'ada/s2', until: now + 900_000 }])
  })

  test('of a session ends one’s own alone, and for an admin whoever has it', async () => {
    const { service, phone, root, now } = await people()
    const who = { tenant_id: 'acme', session_id: 's1', device_id: undefined, token_id: undefined, issued_at: now }
    await phone.send('session:revoke', { session_id: 's1' })
    await root.send('session:revoke', { session_id: 's1' })
    const ends = service.revoked.map((one) => ['ada', 'bob'].filter((user_id) => isRevokedBy(one, { ...who, user_id })))
    expect(ends).toEqual([['ada'], ['ada', 'bob']])
  })
})
