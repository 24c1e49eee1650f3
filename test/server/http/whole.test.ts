/** HTTP with everything behind it: what is done by HTTP is what is done on a socket. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { io, type Socket } from 'socket.io-client'
import type { Envelope } from '../../../src/protocol/envelope.ts'
import { newId } from '../../../src/protocol/ids.ts'
import { readConfig, type Service, startService } from '../../../src/service.ts'
import { posted, refusedIn } from './door.ts'

const KEY = 'a key of the shop that nobody guesses'
const shop = { authorization: `Bearer ${KEY}` }

let folder: string
let service: Service
const sockets: Socket[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-http-'))
  const env = { SOCKET_PORT: '0', SOCKET_HOST: '127.0.0.1', DATA_DIR: folder, LOG_LEVEL: 'silent' }
  service = await startService(readConfig({ ...env, API_KEYS: `shop:acme:${KEY}` }))
})
afterAll(async () => {
  for (const socket of sockets) socket.disconnect()
  await service.stop()
  await rm(folder, { recursive: true })
})

const at = (path: string) => new URL(path, service.url)
const post = (path: string, body: unknown, headers: Record<string, string>) => fetch(at(path), posted(body, headers))
const get = (path: string, headers: Record<string, string>) => fetch(at(path), { headers })
const dataOf = async (response: Response) => (await response.json()) as Record<string, unknown>

async function tokenFor(user_id: string, more: Record<string, unknown> = {}) {
  const response = await post('/dev/token', { user_id, tenant_id: 'acme', ...more }, {})
  const { token } = (await response.json()) as { token: string }
  return { token, headers: { authorization: `Bearer ${token}` } }
}

async function connected(user_id: string, device_id: string) {
  const { token } = await tokenFor(user_id)
  const socket = io(service.url, { auth: { token, device_id }, transports: ['websocket'], forceNew: true })
  sockets.push(socket)
  const heard: Envelope<Record<string, unknown>>[] = []
  socket.onAny((_, message) => heard.push(message))
  await new Promise<void>((resolve) => socket.once('authenticated', () => resolve()))
  return { socket, heard }
}

const next = (socket: Socket, event: string) =>
  new Promise<Envelope<Record<string, unknown>>>((resolve) => socket.once(event, resolve))

test('a room is made by HTTP, and its members on sockets are told what is said there', async () => {
  const { socket } = await connected('ada', 'phone')
  const joined = next(socket, 'room_joined')
  const made = await post('/socket/rooms', { name: 'Orders', roomId: 'orders', members: ['ada'] }, shop)
  expect(made.status).toBe(201)
  expect(await dataOf(made)).toMatchObject({
    room: { room_id: 'orders', kind: 'group', name: 'Orders', created_by: 'service.shop', member_count: 2 },
  })
  await joined

  const message = next(socket, 'message_new')
  const sent = await post('/socket/rooms/message', { roomId: 'orders', content: { text: 'Packed.' } }, shop)
  expect(sent.status).toBe(201)
  const { message_id, seq } = await dataOf(sent)
  expect((await message).payload.data).toMatchObject({
    seq,
    message: { message_id, sender_id: 'service.shop', sender_device_id: null, content: { text: 'Packed.' } },
  })
})

test('the same Idempotency-Key is one message, and with other content a conflict', async () => {
  await post('/socket/rooms', { room_id: 'once', name: '' }, shop)
  const headers = { ...shop, 'idempotency-key': newId() }
  const say = (text: string) => post('/socket/rooms/message', { room_id: 'once', content: { text } }, headers)
  const first = await say('One.')
  const again = await say('One.')
  const other = await say('Two.')
  expect([first.status, again.status, other.status]).toEqual([201, 200, 409])
  const { message_id, duplicate } = await dataOf(first)
  expect(duplicate).toBe(false)
  expect(await dataOf(again)).toMatchObject({ message_id, duplicate: true })
  expect((await refusedIn(other)).code).toBe('conflict')
})

test('with an API key one joins, speaks and leaves for another; with a token of their own they do the same', async () => {
  const { headers } = await tokenFor('grace')
  await post('/socket/rooms', { room_id: 'open', name: 'Open' }, shop)
  const join = { room_id: 'open', user_id: 'grace' }
  expect((await refusedIn(await post('/socket/rooms/join', join, headers))).code).toBe('forbidden')
  const joined = await post('/socket/rooms/join', join, shop)
  expect(await dataOf(joined)).toMatchObject({ member_count: 2 })

  const said = { room_id: 'open', sender_id: 'grace', content: { text: 'Here.' } }
  const { seq } = await dataOf(await post('/socket/rooms/message', said, shop))
  const own = await post('/socket/rooms/message', said, headers)
  expect(await dataOf(own)).toMatchObject({ seq: Number(seq) + 1 })
  expect((await post('/socket/rooms/leave', { room_id: 'open' }, headers)).status).toBe(200)
  expect((await refusedIn(await post('/socket/rooms/message', said, headers))).code).toBe('forbidden')
})

test('who has no admin cannot name another, and cannot ask about others', async () => {
  const { headers } = await tokenFor('eve')
  const said = { room_id: 'orders', sender_id: 'ada', content: { text: 'Not me.' } }
  const notice = { user_id: 'ada', title: 'T', body: 'B' }
  const answers = await Promise.all([
    post('/socket/rooms/message', said, headers),
    post('/socket/notifications', notice, headers),
    post('/socket/broadcast', { event: 'ping', data: 1 }, headers),
    get('/socket/users', headers),
    get('/socket/users/ada/connected', headers),
    get('/socket/stats', headers),
  ])
  for (const answer of answers) {
    expect(answer.status).toBe(403)
    expect((await refusedIn(answer)).code).toBe('forbidden')
  }
})

test('a key of one tenant sees and touches nothing of another', async () => {
  const { headers } = await tokenFor('ada', { tenant_id: 'globex', permissions: ['admin'] })
  const said = { room_id: 'orders', content: { text: 'Hello?' } }
  const answer = await post('/socket/rooms/message', said, headers)
  expect((await refusedIn(answer)).code).toBe('not_found')
  const { rooms } = await dataOf(await get('/socket/rooms', headers))
  expect(rooms).toEqual([])
})

test('a notification reaches the devices it is for, a broadcast those who are there', async () => {
  const phone = await connected('kay', 'phone')
  const desk = await connected('kay', 'desk')
  const other = await connected('lin', 'phone')
  const told = next(desk.socket, 'notification')
  const notice = { userId: 'kay', deviceId: 'desk', title: 'Ready', body: 'Your order.', data: { order: 7 } }
  const notified = await post('/socket/notifications', notice, shop)
  expect(notified.status).toBe(201)
  const { notification_id } = await dataOf(notified)
  expect((await told).payload.data).toMatchObject({ notification_id, title: 'Ready', data: { order: 7 } })

  const everyone = [phone, desk, other].map(({ socket }) => next(socket, 'price_changed'))
  expect((await post('/socket/broadcast', { event: 'price_changed', data: { to: 3 } }, shop)).status).toBe(200)
  for (const message of await Promise.all(everyone)) expect(message.payload.data).toEqual({ to: 3 })
  const notices = [phone, desk, other].map(
    ({ heard }) => heard.filter(({ payload }) => payload.action === 'notification').length,
  )
  expect(notices).toEqual([0, 1, 0])
})

test('operators see who is connected, in which rooms, and how the service is', async () => {
  await connected('noor', 'tablet')
  await post('/socket/rooms', { room_id: 'seen', name: 'Seen', members: ['noor'] }, shop)
  expect(await dataOf(await get('/socket/users/noor/connected', shop))).toEqual({
    user_id: 'noor',
    connected: true,
    devices: ['tablet'],
  })
  expect(await dataOf(await get('/socket/users/nobody/connected', shop))).toMatchObject({ connected: false })
  const { users, next_cursor } = await dataOf(await get('/socket/users?limit=1', shop))
  expect(users).toHaveLength(1)
  expect(next_cursor).toBeTruthy()
  expect(await dataOf(await get('/socket/rooms', shop))).toMatchObject({
    rooms: expect.arrayContaining([expect.objectContaining({ room_id: 'seen', kind: 'group', member_count: 2 })]),
  })
  expect(await dataOf(await get('/socket/health', shop))).toMatchObject({ status: 'ok', dependencies: {} })
  expect(await dataOf(await get('/socket/stats', shop))).toMatchObject({
    connections: expect.any(Number),
    latency_ms: { p50: expect.any(Number), p95: expect.any(Number), p99: expect.any(Number) },
  })
})

test('what stands open says how the service is, and what it takes', async () => {
  const paths = ['/health/live', '/health/ready', '/metrics', '/openapi.json', '/asyncapi.json', '/docs', '/']
  for (const path of paths) expect((await get(path, {})).status).toBe(200)
  const { dependencies } = await dataOf(await get('/health/ready', {}))
  expect(Object.keys(dependencies as object).length).toBeGreaterThan(0)
  expect(await (await get('/metrics', {})).text()).toContain('parley_')
})

test('a shape that no command takes is told field by field', async () => {
  const answer = await post('/socket/rooms/message', { room_id: 7, content: 'Hello' }, shop)
  expect(answer.status).toBe(400)
  const { code, details } = await refusedIn(answer)
  expect(code).toBe('validation_failed')
  expect((details as { path: string }[]).map(({ path }) => path)).toEqual(['room_id', 'content'])
})
