/** One connection, several namespaces, one person: with stock clients. */
import { describe, expect, test } from 'bun:test'
import type { Service } from '../../../src/service.ts'
import { beside, type Client, client, running, stock, tokenOf } from '../../support/running.ts'

const KEY = 'a-key-that-only-this-test-knows-long-enough'
const start = (more: Record<string, string> = {}) => running({ API_KEYS: `crm:acme:${KEY}`, ...more })

const connected = (socket: Client) => new Promise<void>((resolve) => socket.once('connect', resolve))
const gone = (socket: Client) => new Promise<string>((resolve) => socket.once('disconnect', resolve))
const refusal = (socket: Client) =>
  new Promise<any>((resolve) => socket.once('connect_error', (error: any) => resolve(error.data)))

/** A client that opens only what it is told to. */
const idle = (url: string, options = {}) => stock(url, { autoConnect: false, ...options })

async function http(service: Service, path: string, body?: unknown) {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }
  const init = body === undefined ? { headers } : { headers, method: 'POST', body: JSON.stringify(body) }
  return (await fetch(`${service.url}${path}`, init)).json() as Promise<any>
}

const notify = (service: Service, title: string, to: Record<string, unknown> = {}) =>
  http(service, '/socket/notifications', { user_id: 'ada', title, body: '', ...to })

/** How often each of these clients was told of a notification. */
const times = (title: string, ...sockets: Client[]) =>
  sockets.map(({ heard }) => heard.filter(({ name, data }) => name === 'notification' && data.title === title).length)

const told = (socket: Client, title: string) => socket.hears('notification', (data) => data.title === title)

async function until(so: () => boolean | Promise<boolean>) {
  while (!(await so())) await new Promise(setImmediate)
}

/** What is held for connections, in all namespaces. */
function held({ io }: Service) {
  const all = ['/', '/voice', '/video', '/collab', '/notification'].map((name) => io.of(name))
  return all.reduce((sum, { sockets, adapter }) => sum + sockets.size + adapter.rooms.size + adapter.sids.size, 0)
}

describe('a namespace', () => {
  test.each(['/voice', '/video', '/collab', '/notification'])('%s is one of its connection’s person', async (name) => {
    const { url } = await start()
    const ada = await client(url, 'ada')
    const other = beside(ada, name)
    expect(await other.hears('authenticated')).toMatchObject({ user_id: 'ada', tenant_id: 'acme', recovered: false })
    expect(other.heard).toHaveLength(1)
  })

  test('that there is not is refused, and the connection goes on', async () => {
    const { url } = await start()
    const ada = await client(url, 'ada')
    expect(await refusal(beside(ada, '/admin'))).toMatchObject({ code: 'not_found', retryable: false })
    expect(await ada.ask('room:list')).toEqual({ rooms: [] })
  })

  test('that is opened before the sign-in waits for it', async () => {
    const { url } = await start()
    const socket = stock(url)
    const voice = beside(socket, '/voice')
    const notification = beside(socket, '/notification')
    expect(await socket.refused('room:list')).toMatchObject({ code: 'unauthenticated' })
    expect([voice.connected, notification.connected]).toEqual([false, false])
    const both = [connected(voice), connected(notification)]
    await socket.ask('authenticate', { token: await tokenOf('ada') })
    await Promise.all(both)
    expect(await voice.hears('authenticated')).toMatchObject({ user_id: 'ada' })
  })

  test.each([['websocket'], ['polling']])(
    'that waits for a sign-in in vain is refused for good (%s)',
    async (transport) => {
      const { url } = await start({ AUTH_TIMEOUT: '100' })
      const socket = idle(url, { transports: [transport] })
      const voice = beside(socket, '/voice')
      expect(await refusal(voice)).toMatchObject({ code: 'unauthenticated', retryable: false })
    },
  )

  test('that waits is refused before the connection is closed on who does not sign in', async () => {
    const { url } = await start({ AUTH_TIMEOUT: '100' })
    const socket = stock(url)
    const closed = gone(socket)
    expect(await refusal(beside(socket, '/voice'))).toMatchObject({ code: 'unauthenticated' })
    expect(await socket.hears('error')).toMatchObject({ code: 'unauthenticated' })
    expect(await closed).toBe('io server disconnect')
  })

  test('that its client gave up while it waited can be asked for again', async () => {
    const { url } = await start()
    const socket = stock(url)
    const voice = beside(socket, '/voice')
    expect(await socket.refused('room:list')).toMatchObject({ code: 'unauthenticated' })
    voice.disconnect()
    voice.connect()
    const opened = connected(voice)
    await socket.ask('authenticate', { token: await tokenOf('ada') })
    await opened
    expect(await voice.ask('auth:refresh', { token: await tokenOf('ada') })).toHaveProperty('expires_at')
  })

  test('that waits is let in where `/` is left meanwhile, and signs in when it is opened anew', async () => {
    const service = await start()
    const main = stock(service.url)
    await connected(main)
    const voice = beside(main, '/voice')
    main.disconnect()
    await until(() => service.io.of('/').sockets.size === 0)
    main.auth = { token: await tokenOf('ada') }
    main.connect()
    expect(await voice.hears('authenticated')).toMatchObject({ user_id: 'ada' })
    expect(service.connectionCount()).toBe(1)
  })

  test('that is left can be opened again, and again is one of the same connection', async () => {
    const service = await start()
    const ada = await client(service.url, 'ada')
    const voice = beside(ada, '/voice')
    for (let n = 1; n <= 3; n++) {
      await voice.hears('authenticated')
      expect(service.io.of('/voice').sockets.size).toBe(1)
      voice.disconnect()
      await until(() => service.io.of('/voice').sockets.size === 0)
      voice.heard.length = 0
      voice.connect()
    }
    await voice.hears('authenticated')
    expect(service.connectionCount()).toBe(1)
    expect(ada.heard.map(({ name }) => name)).toEqual(['authenticated', 'state_sync'])
  })

  test.each([
    ['another user', 'bob', {}, 'forbidden'],
    ['another tenant', 'ada', { tenant: 'globex' }, 'tenant_mismatch'],
    ['the past', 'ada', { expires_in_s: -60 }, 'token_expired'],
  ])('with a token of %s is refused, and the connection goes on', async (_, user, claims, code) => {
    const { url } = await start()
    const ada = await client(url, 'ada')
    const token = await tokenOf(user, claims)
    expect(await refusal(beside(ada, '/notification', { token }))).toMatchObject({ code, retryable: false })
    expect(await ada.ask('room:list')).toEqual({ rooms: [] })
  })

  test('with a token of the same user is one of the same connection', async () => {
    const service = await start()
    const ada = await client(service.url, 'ada', {}, { auth: { device_id: 'phone' } })
    const other = beside(ada, '/notification', { token: await tokenOf('ada') })
    expect(await other.hears('authenticated')).toMatchObject({ user_id: 'ada', device_id: 'phone' })
    const { users } = await http(service, '/socket/users')
    expect(users).toMatchObject([{ user_id: 'ada', connections: 1, devices: ['phone'] }])
  })
})

describe('a connection that opens /notification alone', () => {
  test('signs in there, by its token, and is told what is for its person', async () => {
    const service = await start()
    const only = beside(idle(service.url), '/notification', { token: await tokenOf('ada') })
    expect(await only.hears('authenticated')).toMatchObject({ user_id: 'ada' })
    await notify(service, 'hello')
    await told(only, 'hello')
    expect(await http(service, '/socket/users/ada/connected')).toMatchObject({ connected: true })
  })

  test('is told on return what came while it was away', async () => {
    const service = await start()
    await notify(service, 'missed')
    const only = beside(idle(service.url), '/notification', { token: await tokenOf('ada') })
    await told(only, 'missed')
  })

  test('is the same person on `/`, whenever that is opened, and only then hears rooms', async () => {
    const service = await start()
    const bob = await client(service.url, 'bob')
    await bob.ask('room:create', { room_id: 'lobby', kind: 'group', members: ['ada'] })
    const main = idle(service.url)
    const only = beside(main, '/notification', { token: await tokenOf('ada') })
    await only.hears('authenticated')
    await bob.ask('room:create', { room_id: 'square', kind: 'group', members: ['ada'] })
    main.connect()
    expect(await main.hears('authenticated')).toMatchObject({ user_id: 'ada' })
    const { rooms } = await main.hears('state_sync')
    expect(rooms.map(({ room_id }: { room_id: string }) => room_id).sort()).toEqual(['lobby', 'square'])
    await bob.ask('message:send', { room_id: 'lobby', content: { text: 'hi' } })
    await main.hears('message_new')
    expect(only.heard.map(({ name }) => name)).toEqual(['authenticated'])
    const { users } = await http(service, '/socket/users')
    expect(users).toMatchObject([{ user_id: 'ada', connections: 1 }, { user_id: 'bob' }])
  })

  test('signs in `/` too, where that was opened without a token', async () => {
    const { url } = await start()
    const main = stock(url)
    expect(await main.refused('room:list')).toMatchObject({ code: 'unauthenticated' })
    beside(main, '/notification', { token: await tokenOf('ada') })
    await main.hears('state_sync')
    expect(await main.ask('room:list')).toEqual({ rooms: [] })
  })

  test('and `/` with the token of someone else is one person, whichever came first', async () => {
    const { url } = await start()
    const main = stock(url, { auth: { token: await tokenOf('bob') } })
    const other = beside(main, '/notification', { token: await tokenOf('ada') })
    const ends = [main, other].map((one) => Promise.race([one.hears('authenticated'), refusal(one)]))
    const [one, two] = await Promise.all(ends)
    expect([one, two]).toContainEqual(expect.objectContaining({ code: 'forbidden' }))
    expect([one.user_id, two.user_id].filter(Boolean)).toHaveLength(1)
  })
})

describe('a command', () => {
  test('is taken on the namespace of its own and on `/`, and refused on others, with where it is taken', async () => {
    const { url } = await start()
    const ada = await client(url, 'ada')
    const [voice, notification] = [beside(ada, '/voice'), beside(ada, '/notification')]
    for (const socket of [ada, notification])
      expect(await socket.ask('notification:ack', { notification_id: 'n1' })).toEqual({})
    expect(await voice.refused('notification:ack', { notification_id: 'n1' })).toMatchObject({
      code: 'unknown_event',
      details: { namespaces: ['/', '/notification'] },
    })
    for (const socket of [voice, notification])
      expect(await socket.refused('message:send', {})).toMatchObject({
        code: 'unknown_event',
        details: { namespaces: ['/'] },
      })
  })

  test('that refreshes the token is taken on every namespace, for all of them', async () => {
    const { url } = await start()
    const ada = await client(url, 'ada', { expires_in_s: 30 })
    const notification = beside(ada, '/notification')
    const fresh = { token: await tokenOf('ada', { expires_in_s: 900 }) }
    const { expires_at } = await notification.ask('auth:refresh', fresh)
    expect(expires_at).toBeGreaterThan(Date.now() + 800_000)
    expect(await ada.ask('authenticate', fresh)).toMatchObject({ expires_at })
  })

  test('that is refused without an acknowledgement is told so on its own namespace', async () => {
    const { url } = await start()
    const ada = await client(url, 'ada')
    const voice = beside(ada, '/voice')
    await connected(voice)
    voice.emit('message:send', {})
    expect(await voice.hears('error')).toMatchObject({ code: 'unknown_event' })
    voice.emit('typing:start', 'x'.repeat(1_000_001))
    expect(await voice.hears('error', ({ code }) => code === 'payload_too_large')).toBeTruthy()
    expect(ada.heard.map(({ name }) => name)).not.toContain('error')
  })
})

describe.each([
  ['websocket', 'json'],
  ['polling', 'json'],
  ['websocket', 'msgpack'],
])('by %s and %s', (transport, parser) => {
  test('what is for a person is told once a connection: on its namespace where that is open, else on `/`', async () => {
    const service = await start({ SOCKET_PARSER: parser })
    const options = {
      transports: [transport],
      ...(parser === 'msgpack' && { parser: await import('socket.io-msgpack-parser') }),
    }
    const token = await tokenOf('ada')
    const plain = await client(service.url, 'ada', {}, options)
    const main = await client(service.url, 'ada', {}, { ...options, auth: { device_id: 'phone' } })
    const own = beside(main, '/notification')
    await own.hears('authenticated')
    const only = beside(idle(service.url, options), '/notification', { token })
    await only.hears('authenticated')
    await notify(service, 'all')
    await Promise.all([told(plain, 'all'), told(own, 'all'), told(only, 'all')])
    await notify(service, 'phone', { device_id: 'phone' })
    await told(own, 'phone')
    own.disconnect()
    await until(() => service.io.of('/notification').sockets.size === 1)
    await notify(service, 'after')
    await Promise.all([told(plain, 'after'), told(main, 'after'), told(only, 'after')])
    expect(times('all', plain, main, own, only)).toEqual([1, 0, 1, 1])
    expect(times('phone', plain, main, own, only)).toEqual([0, 0, 1, 0])
    expect(times('after', plain, main, own, only)).toEqual([1, 1, 0, 1])
  })

  test('who leaves `/` and stays elsewhere hears rooms no longer, until they come again', async () => {
    const service = await start({ SOCKET_PARSER: parser })
    const options = {
      transports: [transport],
      ...(parser === 'msgpack' && { parser: await import('socket.io-msgpack-parser') }),
    }
    const bob = await client(service.url, 'bob', {}, options)
    await bob.ask('room:create', { room_id: 'lobby', kind: 'group', members: ['ada'] })
    const ada = await client(service.url, 'ada', {}, options)
    const notification = beside(ada, '/notification')
    await notification.hears('authenticated')
    ada.disconnect()
    await until(() => service.io.of('/').sockets.size === 1)
    const frames: string[] = []
    ada.io.engine.on('packet', ({ data = '' }) => frames.push(Buffer.from(data).toString()))
    await bob.ask('message:send', { room_id: 'lobby', content: { text: 'unheard' } })
    await bob.ask('room:create', { room_id: 'late', kind: 'group', members: ['ada'] })
    await notify(service, 'still here')
    await told(notification, 'still here')
    expect(frames.filter((frame) => frame.includes('still here'))).toHaveLength(1)
    expect(frames.filter((frame) => frame.includes('unheard'))).toEqual([])
    expect(await http(service, '/socket/users/ada/connected')).toMatchObject({ connected: true })
    ada.heard.length = 0
    ada.connect()
    const { rooms } = await ada.hears('state_sync')
    expect(rooms).toHaveLength(2)
    await bob.ask('message:send', { room_id: 'late', content: { text: 'heard' } })
    await ada.hears('message_new', ({ room_id }) => room_id === 'late')
    for (const socket of [notification, ada, bob]) socket.disconnect()
    await until(() => service.connectionCount() === 0 && held(service) === 0)
    expect(await http(service, '/socket/users')).toMatchObject({ users: [] })
  })
})

describe('all namespaces end', () => {
  test('when the device is revoked, which is told once', async () => {
    const { url } = await start()
    const desk = await client(url, 'ada', {}, { auth: { device_id: 'desk' } })
    const phone = await client(url, 'ada', {}, { auth: { device_id: 'phone' } })
    const voice = beside(phone, '/voice')
    await voice.hears('authenticated')
    const ends = [gone(phone), gone(voice)]
    await desk.ask('device:revoke', { device_id: 'phone' })
    expect(await Promise.all(ends)).toEqual(['io server disconnect', 'io server disconnect'])
    expect(phone.heard.map(({ name }) => name)).toContain('session_revoked')
    expect(voice.heard.map(({ name }) => name)).toEqual(['authenticated'])
  })

  test('when the device is revoked that only has /notification open', async () => {
    const { url } = await start()
    const desk = await client(url, 'ada', {}, { auth: { device_id: 'desk' } })
    const only = beside(idle(url), '/notification', { token: await tokenOf('ada'), device_id: 'phone' })
    await only.hears('authenticated')
    const end = gone(only)
    await desk.ask('device:revoke', { device_id: 'phone' })
    expect(await end).toBe('io server disconnect')
    expect(only.heard.map(({ name }) => name)).toContain('session_revoked')
  })

  test('with the token, which is announced before', async () => {
    const { url } = await start()
    const token = await tokenOf('ada', { expires_in_s: 3 })
    const only = beside(idle(url), '/notification', { token })
    const end = gone(only)
    await only.hears('auth_expiring')
    expect(await only.hears('error')).toMatchObject({ code: 'token_expired' })
    expect(await end).toBe('io server disconnect')
  })

  test('with the service, and all come back by themselves', async () => {
    const service = await start()
    const ada = await client(service.url, 'ada')
    const voice = beside(ada, '/voice')
    await voice.hears('authenticated')
    const again = [connected(ada), connected(voice)]
    for (const { conn } of service.io.of('/').sockets.values()) conn.close()
    await Promise.all(again)
    await voice.hears('authenticated')
  })
})

test('a connection goes over to a WebSocket with all its namespaces', async () => {
  const service = await start()
  const ada = await client(service.url, 'ada', {}, { transports: ['polling', 'websocket'] })
  const notification = beside(ada, '/notification')
  await notification.hears('authenticated')
  await until(() => ada.io.engine.transport.name === 'websocket')
  await ada.ask('room:create', { room_id: 'lobby', kind: 'group' })
  await ada.ask('message:send', { room_id: 'lobby', content: { text: 'hi' } })
  await ada.hears('message_new')
  await notify(service, 'over')
  await told(notification, 'over')
  const { connections } = await http(service, '/socket/users/ada/connections')
  expect(connections).toMatchObject([{ transport: 'websocket' }])
})

test('of connections that end while their namespaces wait, or are on their way, nothing is left', async () => {
  const service = await start()
  const token = await tokenOf('ada')
  for (let n = 0; n < 20; n++) {
    const main = idle(service.url)
    beside(main, '/voice')
    beside(main, '/notification', n % 2 === 0 ? {} : { token, device_id: `phone ${n}` })
    if (n % 3 === 0) main.connect()
    await new Promise<void>((resolve) => main.io.once('open', resolve))
    for (let turn = 0; turn < n; turn++) await new Promise(setImmediate)
    main.io.engine.close()
    main.io.reconnection(false)
  }
  await until(() => service.connectionCount() === 0 && held(service) === 0)
  await until(async () => (await http(service, '/socket/users')).users.length === 0)
  expect(await http(service, '/socket/stats')).toMatchObject({ connections: 0, users: 0 })
})
