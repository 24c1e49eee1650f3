import { expect, test } from 'bun:test'
import { features, register } from '../../../src/features/registry.ts'
import { Failure } from '../../../src/protocol/failure.ts'
import { routes } from '../../../src/server/http/routes.ts'
import { bearer, door, posted, refusedIn } from './door.ts'

const admin = bearer('root-token')

test('every route names a command of the registry', () => {
  const commands = register(features)
  expect(routes.filter(({ command }) => commands.get(command)?.name !== command)).toEqual([])
})

test('a route for a command that there is not stops the start', () => {
  expect(() => door({ commands: new Map() })).toThrow('there is not')
})

test.each([
  ['/socket/health', 'service:health', {}],
  ['/socket/stats', 'service:stats', {}],
  ['/socket/users?cursor=b&limit=7', 'service:users', { cursor: 'b', limit: 7 }],
  ['/socket/rooms?limit=7', 'service:rooms', { limit: 7 }],
  ['/socket/users/grace%20h/connected?user_id=ada', 'service:connected', { user_id: 'grace h' }],
  ['/socket/users/grace/connections', 'service:connections', { user_id: 'grace' }],
])('GET %s asks %s', async (path, command, data) => {
  const { app, asked } = door({}, () => ({ it: 'is so' }))
  const response = await app.request(path, { headers: admin })
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ it: 'is so' })
  expect(asked.map(({ name, argument }) => [name, argument.payload.data])).toEqual([[command, data]])
})

test.each([
  ['/socket/rooms', 'room:create', { name: 'Plans' }, { name: 'Plans', kind: 'group' }, 201],
  ['/socket/rooms', 'room:create', { kind: 'channel' }, { kind: 'channel' }, 201],
  ['/socket/rooms/join', 'room:join', { room_id: 'r' }, { room_id: 'r' }, 200],
  ['/socket/rooms/leave', 'room:leave', { room_id: 'r' }, { room_id: 'r' }, 200],
  ['/socket/rooms/message', 'message:send', { room_id: 'r', content: {} }, { room_id: 'r', content: {} }, 201],
  [
    '/socket/notifications',
    'notification:send',
    { user_id: 'ada', title: 'T', body: 'B' },
    { user_id: 'ada', title: 'T', body: 'B' },
    201,
  ],
  ['/socket/revoke', 'session:revoke', { userId: 'ada' }, { user_id: 'ada' }, 200],
  ['/socket/broadcast', 'service:broadcast', { event: 'e', data: [1] }, { event: 'e', data: [1] }, 200],
])('POST %s asks %s', async (path, command, body, data, status) => {
  const { app, asked } = door({}, () => ({ it: 'is done' }))
  const response = await app.request(path, posted(body, admin))
  expect(response.status).toBe(status)
  expect(await response.json()).toEqual({ it: 'is done' })
  expect(asked.map(({ name, argument }) => [name, argument.payload.data])).toEqual([[command, data]])
})

test('a message that was there already is 200: nothing was made', async () => {
  const { app } = door({}, () => ({ duplicate: true }))
  const response = await app.request('/socket/rooms/message', posted({ room_id: 'r', content: {} }))
  expect(response.status).toBe(200)
})

test('a number in a query that reads as none is left for the command to refuse', async () => {
  const { app, asked } = door()
  for (const limit of ['many', '1e3', '', '0x10']) await app.request(`/socket/users?limit=${limit}`, { headers: admin })
  expect(asked.map(({ argument }) => argument.payload.data)).toEqual([
    { limit: 'many' },
    { limit: '1e3' },
    { limit: '' },
    { limit: '0x10' },
  ])
})

test('names in camelCase are taken as those in snake_case, which win where both are there', async () => {
  const { app, asked } = door()
  await app.request(
    '/socket/rooms/message',
    posted({ roomId: 'r', clientId: 'c', senderId: 'ada', content: { replyTo: 1 } }),
  )
  await app.request('/socket/rooms/join', posted({ room_id: 'snake', roomId: 'camel', userId: 'ada' }))
  await app.request('/socket/notifications', posted({ userId: 'grace', deviceId: 'd', title: 'T', body: 'B' }, admin))
  expect(asked.map(({ argument }) => argument.payload.data)).toEqual([
    { room_id: 'r', client_id: 'c', content: { replyTo: 1 } },
    { room_id: 'snake' },
    { user_id: 'grace', device_id: 'd', title: 'T', body: 'B' },
  ])
})

test('a command by HTTP comes from the bearer, of their tenant, without a device or a connection', async () => {
  const { app, asked } = door()
  await app.request('/socket/rooms/join', posted({ room_id: 'r' }))
  expect(asked[0]?.caller).toMatchObject({
    user_id: 'ada',
    tenant_id: 'acme',
    session_id: 'session.ada',
    device_id: undefined,
    connection: undefined,
  })
  expect(asked[0]?.caller.permissions.admin).toBe(false)
})

test.each([
  { authorization: 'Bearer key of a server' },
  { authorization: 'bearer  key of a server' },
  { 'x-api-key': 'key of a server' },
])('an API key acts for its tenant as its service, with all permissions: %o', async (headers) => {
  const { app, asked } = door()
  await app.request('/socket/rooms/message', posted({ room_id: 'r', content: {} }, headers as Record<string, string>))
  expect(asked[0]?.caller).toMatchObject({ user_id: 'service.crm', tenant_id: 'acme' })
  expect(asked[0]?.caller.permissions.admin).toBe(true)
})

test.each([
  ['/socket/rooms/message', 'sender_id'],
  ['/socket/rooms/message', 'senderId'],
  ['/socket/rooms/join', 'user_id'],
  ['/socket/rooms/leave', 'userId'],
])('by POST %s another %s is acted for with the permission admin only', async (path, field) => {
  const body = { room_id: 'r', content: {}, [field]: 'grace' }
  const { app, asked } = door()
  const refused = await app.request(path, posted(body))
  expect(refused.status).toBe(403)
  expect((await refusedIn(refused)).code).toBe('forbidden')
  expect(asked).toEqual([])

  await app.request(path, posted(body, admin))
  expect(asked[0]?.caller).toMatchObject({ user_id: 'grace', tenant_id: 'acme', session_id: 'session.root' })
  expect(asked[0]?.caller.permissions.admin).toBe(true)
  expect(asked[0]?.argument.payload.data).toEqual({ room_id: 'r', content: {} })
})

test('who names themselves needs no permission for that', async () => {
  const { app, asked } = door()
  await app.request('/socket/rooms/message', posted({ room_id: 'r', content: {}, sender_id: 'ada' }))
  expect(asked[0]?.caller.user_id).toBe('ada')
})

test.each([[7], [''], [null], [{}], ['a\u0000b'], ['x'.repeat(129)]])('%p is nobody to act for', async (sender_id) => {
  const { app, asked } = door()
  const response = await app.request('/socket/rooms/message', posted({ room_id: 'r', content: {}, sender_id }, admin))
  expect(response.status).toBe(400)
  expect(await refusedIn(response)).toMatchObject({ code: 'validation_failed', details: [{ path: 'sender_id' }] })
  expect(asked).toEqual([])
})

test('the header Idempotency-Key is the id of the command', async () => {
  const { app, asked } = door()
  const body = { room_id: 'r', content: {} }
  await app.request('/socket/rooms/message', posted(body, { ...bearer('ada-token'), 'idempotency-key': 'once' }))
  await app.request('/socket/rooms/message', posted(body))
  expect(asked.map(({ argument }) => argument.id)).toEqual(['once', expect.stringMatching(/^[0-9a-f-]{36}$/)])
})

test('a body that looks like an envelope is data all the same', async () => {
  const { app, asked } = door()
  const body = { room_id: 'r', id: 'mine', payload: { action: 'room:delete', data: { room_id: 'other' } } }
  await app.request('/socket/rooms/join', posted(body))
  expect(asked[0]?.argument).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), payload: { data: body } })
})

test('a refused command is told as on the socket', async () => {
  const details = [{ path: 'room_id', message: 'Invalid key' }]
  const { app } = door({}, () => new Failure('validation_failed', 'Not the shape.', { details }))
  const response = await app.request('/socket/rooms/join', posted({}))
  expect(response.status).toBe(400)
  expect(await refusedIn(response)).toEqual({
    code: 'validation_failed',
    message: 'Not the shape.',
    retryable: false,
    details,
  })
})
