import { describe, expect, test } from 'bun:test'
import { deviceKey } from '../../../src/protocol/ids.ts'
import { testService } from '../../support/service.ts'

/** Ada has a phone, which is connected, and a desk; bob has a phone too. */
async function devices() {
  const online = { user_id: 'ada', devices: ['phone'], connections: 1, last_active_at: 0 }
  const service = testService({ service: { user: (user_id) => (user_id === 'ada' ? online : undefined) } })
  const set = (user_id: string, device_id: string, name?: string) =>
    service.store.apply([
      {
        do: 'set_device',
        tenant_id: 'acme',
        user_id,
        device: { device_id, name, platform: undefined, last_seen_at: 7 },
      },
    ])
  await set('ada', 'phone', 'My phone')
  await set('ada', 'desk')
  await set('bob', 'phone')
  return { service, ada: service.user('ada', { device: 'phone' }) }
}

describe('device:list', () => {
  test('is one’s own devices, which are online, and which is this one', async () => {
    const { ada } = await devices()
    expect((await ada.send('device:list', {})).devices).toEqual([
      { device_id: 'desk', name: null, platform: null, online: false, current: false, last_seen_at: 7 },
      { device_id: 'phone', name: 'My phone', platform: null, online: true, current: true, last_seen_at: 7 },
    ])
  })

  test('is empty in another tenant', async () => {
    const { service } = await devices()
    expect((await service.user('ada', { tenant: 'globex' }).send('device:list', {})).devices).toEqual([])
  })
})

describe('device:revoke', () => {
  test('forgets the device, and closes its connections, saying why', async () => {
    const { service, ada } = await devices()
    expect(await ada.send('device:revoke', { device_id: 'desk' })).toEqual({})
    expect(service.told('error', deviceKey('acme', 'ada', 'desk'))).toMatchObject([
      { code: 'session_revoked', retryable: false },
    ])
    expect((await ada.send('device:list', {})).devices).toHaveLength(1)
    expect((await service.user('bob').send('device:list', {})).devices).toHaveLength(1)
  })

  test('of what is not one’s own is not found, and closes nothing', async () => {
    const { service, ada } = await devices()
    await ada.send('device:revoke', { device_id: 'desk' })
    expect(await ada.refused('device:revoke', { device_id: 'desk' })).toBe('not_found')
    expect(await service.user('bob').refused('device:revoke', { device_id: 'desk' })).toBe('not_found')
    expect(await service.user('ada', { tenant: 'globex' }).refused('device:revoke', { device_id: 'phone' })).toBe(
      'not_found',
    )
    expect(service.told('error')).toHaveLength(1)
  })

  test('says which field is wrong', async () => {
    const { ada } = await devices()
    expect(await ada.failure('device:revoke', {})).toMatchObject({ details: [{ path: 'device_id' }] })
  })
})
