/** The devices of a user, with stock clients. */
import { describe, expect, test } from 'bun:test'
import { settled } from '../support/clock.ts'
import { type Client, client, running, stock, tokenOf } from '../support/running.ts'

const room_id = 'lobby'
const SECRET = 'a-key-that-only-this-test-knows-long-enough'
const keys = { API_KEYS: `crm:acme:${SECRET}` }
const headers = { authorization: `Bearer ${SECRET}`, 'content-type': 'application/json' }

const on = (url: string, device_id: string | undefined, more: object = {}) =>
  client(url, 'ada', {}, { auth: { device_id, ...more } })

const get = async (url: string, path: string) => (await fetch(`${url}${path}`, { headers })).json() as Promise<any>

const listed = async (one: Client): Promise<string[]> =>
  (await one.ask('device:list')).devices.map(({ device_id }: { device_id: string }) => device_id)

const ending = (one: Client) =>
  Promise.all([one.hears('error'), new Promise<string>((resolve) => one.once('disconnect', resolve))])

const refusal = (one: Client) =>
  new Promise<any>((resolve) => one.once('connect_error', (error: any) => resolve(error.data)))

describe('what one device of a user does', () => {
  test('the others are told: how far they have read', async () => {
    const { url } = await running()
    const [phone, desk, bob] = [await on(url, 'phone'), await on(url, 'desk'), await client(url, 'bob')]
    await bob.ask('room:create', { room_id, kind: 'group', members: ['ada'] })
    const { seq } = await bob.ask('message:send', { room_id, content: { text: 'hi' } })
    await phone.ask('message:read', { room_id, seq })
    for (const one of [desk, bob])
      expect(await one.hears('message_receipt', (receipt) => receipt.read_seq === seq)).toMatchObject({
        user_id: 'ada',
      })
    const { rooms } = await desk.ask('state:sync')
    expect(rooms).toMatchObject([{ room_id, read_seq: seq, unread: 0 }])
  })

  test('shows in the list of all: who is online, at which someone is, and which is this one', async () => {
    const { url } = await running()
    const began = Date.now()
    const phone = await on(url, 'phone', { device_name: 'My phone', platform: 'ios' })
    const desk = await on(url, 'desk')
    phone.disconnect()
    const away = async () => (await desk.ask('device:list')).devices.find((one: any) => one.device_id === 'phone')
    let found = await away()
    while (found.online) found = await away()
    expect(found).toMatchObject({
      name: 'My phone',
      platform: 'ios',
      active: false,
      current: false,
      last_active_at: null,
    })
    expect(found.last_seen_at).toBeGreaterThanOrEqual(began)
    const { devices } = await desk.ask('device:list')
    expect(devices[0]).toMatchObject({ device_id: 'desk', online: true, active: true, current: true })
    expect(devices[0].last_active_at).toBeGreaterThanOrEqual(began)
  })
})

test('an event for one device is for that one alone', async () => {
  const { url } = await running(keys)
  const [phone, desk] = [await on(url, 'phone'), await on(url, 'desk')]
  const tell = async (title: string, device_id?: string) => {
    const body = JSON.stringify({ user_id: 'ada', title, body: 'B', device_id })
    await fetch(`${url}/socket/notifications`, { method: 'POST', headers, body })
  }
  await tell('for the phone', 'phone')
  await tell('for both')
  for (const one of [phone, desk]) await one.hears('notification', ({ title }) => title === 'for both')
  const titles = ({ heard }: Client) =>
    heard.filter(({ name }) => name === 'notification').map(({ data }) => data.title)
  expect([titles(phone), titles(desk)]).toEqual([['for the phone', 'for both'], ['for both']])
})

describe('an anonymous device', () => {
  test('is not stored and not counted, and gone with its connection', async () => {
    const { url } = await running({ ...keys, MAX_DEVICES_PER_USER: '1', DEVICE_LIMIT: 'refuse' })
    const desk = await on(url, 'desk')
    const nameless = await Promise.all([on(url, undefined), on(url, undefined)])
    expect(nameless.map(({ heard }) => heard[0]?.data.device_id)).toEqual([null, null])
    expect(await listed(nameless[0] as Client)).toEqual(['desk'])
    const seen = async () => (await get(url, '/socket/users')).users
    expect(await seen()).toMatchObject([{ user_id: 'ada', devices: ['desk'], connections: 3 }])
    for (const one of nameless) one.disconnect()
    while ((await seen())[0].connections > 1) await desk.ask('device:list')
    expect(await listed(desk)).toEqual(['desk'])
  })
})

describe('with as many devices as a user may have', () => {
  test('the new one is refused for good, where that is configured', async () => {
    const { url } = await running({ MAX_DEVICES_PER_USER: '1', DEVICE_LIMIT: 'refuse' })
    const desk = await on(url, 'desk')
    desk.disconnect()
    const phone = stock(url, { auth: { token: await tokenOf('ada'), device_id: 'phone' } })
    expect(await refusal(phone)).toMatchObject({ code: 'too_many_devices', retryable: false })
    expect(phone.active).toBe(false)
    expect(await listed(await on(url, 'desk'))).toEqual(['desk'])
  })

  test('the new one is refused as it signs in, and its connection ends', async () => {
    const { url } = await running({ MAX_DEVICES_PER_USER: '1', DEVICE_LIMIT: 'refuse' })
    const desk = await on(url, 'desk')
    const phone = stock(url)
    const ended = ending(phone)
    const credentials = { token: await tokenOf('ada'), device_id: 'phone' }
    expect(await phone.refused('authenticate', credentials)).toMatchObject({ code: 'too_many_devices' })
    expect(await ended).toMatchObject([{ code: 'too_many_devices', retryable: false }, 'io server disconnect'])
    expect(phone.heard.map(({ name }) => name)).toEqual(['error'])
    expect(await listed(desk)).toEqual(['desk'])
  })

  test('one at which nobody is makes way, is told so, and does not come back by itself', async () => {
    const env = { ...keys, MAX_DEVICES_PER_USER: '1', PRESENCE_IDLE: '1000', RATE_LIMITS: 'off' }
    const { url } = await running(env)
    const desk = await on(url, 'desk')
    const found = async () => (await get(url, '/socket/users/ada/connections')).connections[0]
    while (!(await found()).idle);
    const ended = ending(desk)
    const phone = await on(url, 'phone')
    expect(await ended).toMatchObject([{ code: 'session_revoked' }, 'io server disconnect'])
    expect(await listed(phone)).toEqual(['phone'])
  })
})

test('an admin sees what is known of a user’s connections', async () => {
  const { url } = await running(keys)
  const began = Date.now()
  const ada = await client(url, 'ada', { session_id: 's1' }, { auth: { device_id: 'phone', platform: 'ios' } })
  const { user_id, connections } = await get(url, '/socket/users/ada/connections')
  expect([user_id, connections.length]).toEqual(['ada', 1])
  const [{ since, last_active_at, server_id, rtt_ms: _, quality: __, ...rest }] = connections
  expect(rest).toEqual({
    connection_id: ada.id,
    session_id: 's1',
    device_id: 'phone',
    platform: 'ios',
    transport: 'websocket',
    address: '127.0.0.1',
    idle: false,
  })
  for (const at of [since, last_active_at]) expect(at).toBeWithin(began - 1_000, Date.now() + 1)
  expect(server_id).toBeString()
  expect(await get(url, '/socket/users/bob/connections')).toEqual({ user_id: 'bob', connections: [] })
  expect(await ada.refused('service:connections', { user_id: 'ada' })).toMatchObject({ code: 'forbidden' })
})

test('a device that is revoked and goes in the same moment does not come back to the list', async () => {
  const { url } = await running({ RATE_LIMITS: 'off' })
  const desk = await on(url, 'desk')
  for (const device_id of ['one', 'two', 'three']) {
    const phone = await on(url, device_id)
    phone.emit('device:revoke', { device_id })
    phone.disconnect()
    while ((await listed(desk)).includes(device_id)) await settled()
    await desk.ask('presence:update', { status: 'online' }) // written after all that was to be written of it
    expect(await listed(desk)).toEqual(['desk'])
  }
})
