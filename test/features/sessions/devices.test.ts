import { describe, expect, test } from 'bun:test'
import { Failure } from '../../../src/protocol/failure.ts'
import { testService } from '../../support/service.ts'

/** Ada has a phone, which is connected, and a desk; bob has a phone too. */
async function devices() {
  const service = testService()
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
  const ada = service.user('ada', { device: 'phone' })
  await ada.arrive()
  return { service, ada }
}

describe('device:list', () => {
  test('is one’s own devices, which are online, at which someone is, and which is this one', async () => {
    const { service, ada } = await devices()
    const last_active_at = service.clock.now()
    const phone = { device_id: 'phone', name: 'My phone', platform: null, current: true, last_seen_at: 7 }
    const desk = { device_id: 'desk', name: null, platform: null, current: false, last_seen_at: 7 }
    const away = { ...desk, online: false, active: false, last_active_at: null }
    expect((await ada.send('device:list', {})).devices).toEqual([
      away,
      { ...phone, online: true, active: true, last_active_at },
    ])
    await service.pass(60_000)
    await ada.note({ idle: true })
    expect((await ada.send('device:list', {})).devices).toEqual([
      away,
      { ...phone, online: true, active: false, last_active_at },
    ])
  })

  test('is empty in another tenant', async () => {
    const { service } = await devices()
    expect((await service.user('ada', { tenant: 'globex' }).send('device:list', {})).devices).toEqual([])
  })
})

describe('device:revoke', () => {
  test('forgets the device, and revokes its tokens of until then', async () => {
    const { service, ada } = await devices()
    expect(await ada.send('device:revoke', { device_id: 'desk' })).toEqual({})
    const before = service.clock.now() + 1
    expect(service.revoked).toMatchObject([{ tenant_id: 'acme', what: 'device', subject: 'ada/desk', before }])
    expect((await ada.send('device:list', {})).devices).toHaveLength(1)
    expect((await service.user('bob').send('device:list', {})).devices).toHaveLength(1)
  })

  test('of what is not one’s own is not found, and revokes nothing', async () => {
    const { service, ada } = await devices()
    await ada.send('device:revoke', { device_id: 'desk' })
    expect(await ada.refused('device:revoke', { device_id: 'desk' })).toBe('not_found')
    expect(await service.user('bob').refused('device:revoke', { device_id: 'desk' })).toBe('not_found')
    expect(await service.user('ada', { tenant: 'globex' }).refused('device:revoke', { device_id: 'phone' })).toBe(
      'not_found',
    )
    expect(service.revoked).toHaveLength(1)
  })

  test('is all done or not at all', async () => {
    const { service, ada } = await devices()
    const { apply } = service.store
    service.store.apply = async () => Promise.reject(new Failure('unavailable', 'Not now.'))
    expect(await ada.refused('device:revoke', { device_id: 'desk' })).toBe('unavailable')
    expect(service.revoked).toEqual([])
    service.store.apply = apply
    expect((await ada.send('device:list', {})).devices).toHaveLength(2)
    expect(await ada.refused('device:revoke', { device_id: 'desk' })).toBe('not refused')
  })

  test('says which field is wrong', async () => {
    const { ada } = await devices()
    expect(await ada.failure('device:revoke', {})).toMatchObject({ details: [{ path: 'device_id' }] })
  })
})
