import { expect, test } from 'bun:test'
import { client, folder, tokenOf } from '../support/running.ts'
import { newRoom, type Place } from './list.ts'

export function people({ shared, own }: Place) {
  test('a device that is revoked is told so and closed, and the others stay', async () => {
    const { url } = await shared()
    const on = (device_id: string) => client(url, 'dora', {}, { auth: { device_id } })
    const [phone, laptop] = await Promise.all([on('phone'), on('laptop')])
    const gone = new Promise((resolve) => phone.once('disconnect', resolve))
    await laptop.ask('device:revoke', { device_id: 'phone' })
    await phone.hears('session_revoked')
    expect(await gone).toBe('io server disconnect')
    const { devices } = await laptop.ask('device:list')
    expect(devices).toMatchObject([{ device_id: 'laptop', online: true, current: true }])
  })

  test('a token is renewed over the socket', async () => {
    const { url } = await shared()
    const ada = await client(url, 'ada', { expires_in_s: 600 })
    const { expires_at } = await ada.ask('auth:refresh', { token: await tokenOf('ada', { expires_in_s: 7_200 }) })
    expect(expires_at).toBeGreaterThan(Date.now() + 7_000_000)
  })

  test('who watches someone is told how they are', async () => {
    const { url } = await shared()
    const [eve, fay] = await Promise.all([client(url, 'eve'), client(url, 'fay')])
    const { presences } = await eve.ask('presence:subscribe', { user_ids: ['fay'] })
    expect(presences).toMatchObject([{ user_id: 'fay', status: 'online' }])
    await fay.ask('presence:update', { status: 'dnd', text: 'in a call' })
    expect(await eve.hears('user_presence', ({ status }) => status === 'dnd')).toMatchObject({ user_id: 'fay' })
  })

  test('another namespace knows who one is, and refuses what is not its own', async () => {
    const { url } = await shared()
    const voice = (await client(url, 'hal')).io.socket('/voice')
    await new Promise<void>((resolve) => voice.once('connect', resolve))
    const { type, tenant_id, payload } = await voice.timeout(5_000).emitWithAck('room:list', {})
    expect([type, tenant_id, payload.data.code]).toEqual(['error', 'acme', 'unknown_event'])
  })

  test('a notification waits for who is away', async () => {
    const { url } = await shared()
    const authorization = `Bearer ${await tokenOf('boss', { permissions: ['*'] })}`
    const headers = { authorization, 'content-type': 'application/json' }
    const body = JSON.stringify({ user_id: 'gil', title: 'Hello', body: 'while you were away' })
    expect((await fetch(`${url}/socket/notifications`, { method: 'POST', headers, body })).ok).toBe(true)
    const gil = await client(url, 'gil')
    const { notification_id } = await gil.hears('notification')
    await gil.ask('notification:ack', { notification_id })
  })

  test('who comes back after the service was started anew has what was missed', async () => {
    const data = await folder()
    const first = await own({}, data)
    const bob = await client(first.url, 'bob', {}, { reconnection: false })
    const room_id = newRoom()
    await bob.ask('room:create', { room_id, kind: 'group' })
    const { epoch, attach_seq: seq } = await bob.ask('room:subscribe', { room_id })
    await bob.ask('message:send', { room_id, content: { text: 'said before' } })
    await first.stop()
    const again = await own({}, data)
    const back = await client(again.url, 'bob', {}, { auth: { positions: { [room_id]: { epoch, seq } } } })
    expect(back.heard[0]?.data).toMatchObject({ recovered: true })
    expect((await back.hears('message_new')).message.content.text).toBe('said before')
  })
}
