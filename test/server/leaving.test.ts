/** However a connection ends, nothing of it is left. */
import { describe, expect, test } from 'bun:test'
import type { Service } from '../../src/service.ts'
import { joined, polling, websocket } from '../engine/raw.ts'
import { cleanUp } from '../support/cleaning.ts'
import { network } from '../support/network.ts'
import { type Client, client, running, stock, tokenOf } from '../support/running.ts'

const SECRET = 'a-key-that-only-this-test-knows-long-enough'
const admin = { authorization: `Bearer ${SECRET}` }

const heartbeat = { SOCKET_PING_INTERVAL: '200', SOCKET_PING_TIMEOUT: '150' }

const start = (more: Record<string, string> = {}) =>
  running({ API_KEYS: `crm:acme:${SECRET}`, RATE_LIMITS: 'off', ...more })

const get = async (service: Service, path: string) => (await fetch(`${service.url}${path}`, { headers: admin })).text()

/** The numbers of one metric, by what is between its braces. */
async function metric(service: Service, name: string): Promise<Record<string, number>> {
  const lines = (await get(service, '/metrics'))
    .split('\n')
    .filter((line) => /^\w+/.exec(line)?.[0] === `parley_${name}`)
  return Object.fromEntries(
    lines.map((line) => {
      const [, labels = '', value = ''] = /^\w+(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      return [/state="(\w+)"/.exec(labels)?.[1] ?? '', Number(value)] as const
    }),
  )
}

const sum = (numbers: Record<string, number>) => Object.values(numbers).reduce((all, one) => all + one, 0)

/** Whatever is held for connections, wherever it is. */
async function held(service: Service) {
  const { adapter, sockets } = service.io.of('/')
  const names = ['connections', 'users', 'rooms', 'followed_rooms', 'connections_due']
  const counts = await Promise.all(names.map(async (name) => [name, sum(await metric(service, name))] as const))
  const { users } = JSON.parse(await get(service, '/socket/users'))
  return {
    ...Object.fromEntries(counts),
    engine: service.connectionCount(),
    sockets: sockets.size,
    places: adapter.rooms.size,
    sids: adapter.sids.size,
    present: users.length,
  }
}

const NOTHING = {
  connections: 0,
  users: 0,
  rooms: 0,
  followed_rooms: 0,
  connections_due: 0,
  engine: 0,
  sockets: 0,
  places: 0,
  sids: 0,
  present: 0,
}

async function nothingLeft(service: Service) {
  let found = await held(service)
  for (const began = performance.now(); performance.now() - began < 4_000 && !Bun.deepEquals(found, NOTHING); )
    found = await held(service)
  expect(found).toEqual(NOTHING)
  const entries = await metric(service, 'connection_states_total')
  const { connecting = 0, closed, cleaned_up } = entries
  expect([closed, cleaned_up]).toEqual([connecting, connecting])
  expect(await metric(service, 'errors_total')).toEqual({})
}

const live = (service: Service) => [...service.io.of('/').sockets.values()]

/** Ada is in a room, hears another without its typing, was told of both, and watches who is there. */
async function ada(service: Service, url = service.url, options = {}) {
  const more = { auth: { device_id: 'phone', platform: 'ios' }, reconnection: false, ...options }
  const socket = await client(url, 'ada', { session_id: 's1' }, more)
  await socket.ask('room:create', { room_id: 'lobby', kind: 'group' })
  await socket.ask('room:create', { room_id: 'square', kind: 'group', visibility: 'public' })
  await socket.ask('room:subscribe', { room_id: 'square', without: ['typing'] })
  await socket.ask('message:send', { room_id: 'lobby', content: { text: 'hi' } })
  await socket.ask('typing:start', { room_id: 'lobby' })
  await socket.ask('presence:subscribe', { room_id: 'lobby', user_ids: ['bob', 'eve'] })
  return socket
}

const gone = (socket: Client) => new Promise<string>((resolve) => socket.once('disconnect', resolve))

/** Each ends ada's connection; what her client takes it for. */
const ends: [string, (service: Service, socket: Client) => unknown, string][] = [
  ['its client leaves', (_, socket) => socket.disconnect(), 'io client disconnect'],
  ['its client closes without a word to us', (_, socket) => socket.io.engine.close(), 'forced close'],
  ['the service ends it for good', (service) => live(service)[0]?.disconnect(true), 'io server disconnect'],
  ['the service closes it to come back', (service) => live(service)[0]?.conn.close(), 'transport close'],
  ['its session is revoked', (_, socket) => socket.ask('session:revoke', { session_id: 's1' }), 'io server disconnect'],
  [
    'what it sends is no packet',
    (_, { io }) => (io.engine as unknown as { transport: { ws: WebSocket } }).transport.ws.send('what is this'),
    'transport close',
  ],
]

describe('nothing is left of a connection when', () => {
  test.each(ends)('%s', async (_, end, reason) => {
    const service = await start()
    const socket = await ada(service)
    expect(await held(service)).toMatchObject({ connections: 1, users: 1, rooms: 2, present: 1, connections_due: 1 })
    const closed = gone(socket)
    await end(service, socket)
    expect(await closed).toBe(reason)
    await nothingLeft(service)
  })

  test.each(['cut', 'reset', 'vanish'] as const)('its network is gone: %s', async (how) => {
    const service = await start(heartbeat)
    const between = await network(service.url)
    await ada(service, between.url)
    between[how]()
    await nothingLeft(service)
  })

  test('its reader is stuck, which a send finds before any heartbeat does', async () => {
    const service = await start({ SOCKET_MAX_PAYLOAD: '20000' })
    const between = await network(service.url)
    await ada(service, between.url)
    const bob = await client(service.url, 'bob')
    await bob.ask('room:subscribe', { room_id: 'square' })
    await bob.ask('room:join', { room_id: 'square' })
    between.stall()
    const text = 'x'.repeat(15_000)
    for (let said = 0; live(service).length > 1 && said < 2_000; said++)
      await bob.ask('message:send', { room_id: 'square', content: { text } })
    bob.disconnect()
    await nothingLeft(service)
    expect(sum(await metric(service, 'slow_consumers_total'))).toBe(1)
  })

  test('it is polling, and polls no more', async () => {
    const service = await start(heartbeat)
    const between = await network(service.url)
    await ada(service, between.url, { transports: ['polling'] })
    between.vanish()
    await nothingLeft(service)
  })

  test('it went over from polling to a WebSocket before', async () => {
    const service = await start()
    const socket = await ada(service, service.url, { transports: ['polling', 'websocket'] })
    if (socket.io.engine.transport.name === 'polling')
      await new Promise((resolve) => socket.io.engine.once('upgrade', resolve))
    const { connections } = JSON.parse(await get(service, '/socket/users/ada/connections'))
    expect(connections).toMatchObject([{ transport: 'websocket', platform: 'ios', device_id: 'phone' }])
    socket.disconnect()
    await nothingLeft(service)
  })

  test('its device was anonymous', async () => {
    const service = await start()
    const socket = await ada(service, service.url, { auth: {} })
    socket.disconnect()
    await nothingLeft(service)
  })

  test('it never signed in', async () => {
    const service = await start()
    const socket = stock(service.url, { reconnection: false })
    await socket.refused('room:list')
    socket.disconnect()
    await nothingLeft(service)
  })

  test('its token was refused', async () => {
    const service = await start()
    const socket = stock(service.url, { auth: { token: 'none' }, reconnection: false })
    await new Promise((resolve) => socket.once('connect_error', resolve))
    socket.disconnect()
    await nothingLeft(service)
  })
})

/** Without a closing handshake. */
const cutOff = ({ socket }: { socket: WebSocket }) => (socket as WebSocket & { terminate(): void }).terminate()

const portOf = (service: Service) => ({ port: Number(new URL(service.url).port) })

/** Ends at moments that a stock client does not choose. */
describe('nothing is left of a connection that ends', () => {
  const connect = async () => `40${JSON.stringify({ token: await tokenOf('ada'), device_id: 'phone' })}`

  async function withRooms() {
    const service = await start()
    const socket = await ada(service)
    socket.disconnect()
    await nothingLeft(service)
    return service
  }

  test('before it said who it is', async () => {
    const service = await withRooms()
    const raw = await joined(portOf(service), '')
    raw.socket.close()
    await raw.closed
    await nothingLeft(service)
  })

  test('while it is found out who it is, or brought up to date: sixty, each cut off a turn later', async () => {
    const service = await withRooms()
    const cutAfter = async (turns: number) => {
      const raw = await joined(portOf(service), '')
      raw.send(await connect())
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
      cutOff(raw)
    }
    await Promise.all(Array.from({ length: 60 }, (_, turns) => cutAfter(turns)))
    await nothingLeft(service)
  })

  test.each(['40', 'authenticated', 'state_sync'])('while it is brought up to date: after %p', async (frame) => {
    const service = await withRooms()
    const raw = await joined(portOf(service), '')
    raw.send(await connect())
    for (let heard = ''; !heard.includes(frame); ) heard = await raw.message()
    cutOff(raw)
    await nothingLeft(service)
  })

  test.each(['before it is answered', 'after it is answered'])('in the middle of an upgrade, %s', async (when) => {
    const service = await withRooms()
    const client = await polling(portOf(service))
    await client.post(await connect())
    for (let heard = ''; !heard.includes('state_sync'); ) heard = await client.poll()
    const probe = websocket(portOf(service), `EIO=4&transport=websocket&sid=${client.sid}`)
    cleanUp(() => probe.socket.close())
    await probe.opened
    probe.send('2probe')
    if (when === 'after it is answered') expect(await probe.next()).toBe('3probe')
    await client.post('1')
    await nothingLeft(service)
  })
})
