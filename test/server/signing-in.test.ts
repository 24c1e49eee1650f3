/** Who comes in, how, and who does not: with stock clients. */
import { describe, expect, test } from 'bun:test'
import { cleanUp, client, running, stock, tokenOf } from '../support/running.ts'

const refusal = (socket: ReturnType<typeof stock>) =>
  new Promise<any>((resolve) => socket.once('connect_error', (error: any) => resolve(error.data)))

test('a token in the handshake signs in: `authenticated`, then `state_sync`', async () => {
  const { url, io } = await running()
  const ada = await client(url, 'ada', { permissions: ['message:send'], session_id: 's1', device_id: 'phone' })
  expect(ada.heard.map(({ name, type }) => [name, type])).toEqual([
    ['authenticated', 'event'],
    ['state_sync', 'event'],
  ])
  expect(ada.heard[0]?.data).toMatchObject({
    user_id: 'ada',
    tenant_id: 'acme',
    device_id: 'phone',
    session_id: 's1',
    permissions: ['message:send'],
    protocol: 1,
    recovered: false,
    limits: { recipients: 100, text_bytes: 65_536 },
  })
  const { devices } = await ada.ask('device:list')
  expect(devices).toMatchObject([{ device_id: 'phone', online: true, current: true }])
  const [kept] = [...io.of('/').sockets.values()].map(({ handshake }) => handshake.auth)
  expect(kept).toEqual({}) // nobody needs the token any more
})

test('without a token only `authenticate` is taken, and then one is in', async () => {
  const { url } = await running()
  const socket = stock(url)
  expect(await socket.refused('room:list')).toMatchObject({ code: 'unauthenticated', retryable: false })
  const who = await socket.ask('authenticate', { token: await tokenOf('ada'), device_id: 'phone' })
  expect(who).toMatchObject({ user_id: 'ada', tenant_id: 'acme', device_id: 'phone' })
  await socket.hears('state_sync')
  expect(await socket.ask('room:list')).toEqual({ rooms: [] })
})

test('what is refused before the sign-in is refused under its own name and id', async () => {
  const { url } = await running()
  const reply = await stock(url).emitWithAck('room:list', { id: 'mine', payload: { action: 'room:list', data: {} } })
  expect(reply).toMatchObject({ type: 'error', id: 'mine', payload: { action: 'room:list' } })
})

test('who does not sign in in time is told so, and closed for good', async () => {
  const { url } = await running({ AUTH_TIMEOUT: '100' })
  const socket = stock(url)
  const closed = new Promise((resolve) => socket.once('disconnect', resolve))
  expect(await socket.hears('error')).toMatchObject({ code: 'unauthenticated' })
  expect(await closed).toBe('io server disconnect')
})

test.each([
  ['a token of another key', async () => ({ token: `${await tokenOf('ada')}x` }), 'unauthenticated'],
  ['an expired token', () => tokenOf('ada', { expires_in_s: -60 }).then((token) => ({ token })), 'token_expired'],
  ['a token that is no text', async () => ({ token: { $ne: '' } }), 'unauthenticated'],
  [
    "another device than the token's",
    () => tokenOf('ada', { device_id: 'phone' }).then((token) => ({ token, device_id: 'desk' })),
    'forbidden',
  ],
  ["development's names in production", async () => ({ userId: 'ada', sessionId: 's' }), undefined],
  ['a version that is not spoken', async () => ({ token: await tokenOf('ada'), protocol: 99 }), 'unsupported_version'],
  ['a handshake of another shape', async () => ({ token: await tokenOf('ada'), positions: 7 }), 'validation_failed'],
])('%s is refused', async (_, auth, code) => {
  const { url } = await running()
  const socket = stock(url, { auth: await auth(), reconnection: false })
  if (code === undefined) expect(await socket.refused('room:list')).toMatchObject({ code: 'unauthenticated' })
  else expect(await refusal(socket)).toMatchObject({ code, retryable: false })
})

test('an unsupported version is told which are', async () => {
  const { url } = await running()
  const data = await refusal(stock(url, { auth: { token: await tokenOf('ada'), protocol: 0 } }))
  expect(data.details).toEqual({ supported: [1] })
})

test('a token is refreshed on the open connection, but not by that of someone else', async () => {
  const { url } = await running()
  const ada = await client(url, 'ada', { expires_in_s: 30 })
  const { expires_at } = await ada.ask('auth:refresh', { token: await tokenOf('ada', { expires_in_s: 900 }) })
  expect(expires_at).toBeGreaterThan(Date.now() + 800_000)
  const others = [tokenOf('bob'), tokenOf('ada', { tenant: 'globex' })]
  const codes = await Promise.all(
    others.map(async (token) => (await ada.refused('auth:refresh', { token: await token })).code),
  )
  expect(codes).toEqual(['forbidden', 'tenant_mismatch'])
})

test('a newer token that lets one into less ends what is heard by it', async () => {
  const { url } = await running()
  const ada = await client(url, 'ada')
  await ada.ask('room:create', { room_id: 'private', kind: 'group' })
  const guest = await client(url, 'eve', { rooms: { private: 'viewer' } })
  await guest.ask('room:subscribe', { room_id: 'private' })
  await ada.ask('message:send', { room_id: 'private', content: { text: 'before' } })
  await guest.hears('message_new')
  await guest.ask('auth:refresh', { token: await tokenOf('eve') })
  await ada.ask('message:send', { room_id: 'private', content: { text: 'after' } })
  expect(await guest.refused('message:history', { room_id: 'private' })).toMatchObject({ code: 'forbidden' })
  expect(guest.heard.filter(({ name }) => name === 'message_new')).toHaveLength(1)
})

test('a user has no more devices than allowed, also when all sign in at once', async () => {
  const { url } = await running({ MAX_DEVICES_PER_USER: '3' })
  const auth = { token: await tokenOf('ada') }
  const sockets = Array.from({ length: 6 }, (_, n) => stock(url, { auth: { ...auth, device_id: `device-${n}` } }))
  const ends = await Promise.all(
    sockets.map((one) =>
      Promise.race([one.hears('state_sync').then(() => 'in'), refusal(one).then(({ code }) => code)]),
    ),
  )
  expect(ends.sort()).toEqual(['in', 'in', 'in', ...Array(3).fill('too_many_devices')])
})

test('a token that ends soon is announced, and its end closes the connection', async () => {
  const { url } = await running()
  const ada = await client(url, 'ada', { expires_in_s: 3 })
  const closed = new Promise((resolve) => ada.once('disconnect', resolve))
  await ada.hears('auth_expiring')
  expect(await ada.hears('error')).toMatchObject({ code: 'token_expired' })
  expect(await closed).toBe('io server disconnect')
})

test('a revoked device is told, closed for good, and gone from the list', async () => {
  const { url } = await running()
  const phone = await client(url, 'ada', {}, { auth: { device_id: 'phone' } })
  const desk = await client(url, 'ada', {}, { auth: { device_id: 'desk' } })
  const closed = new Promise((resolve) => phone.once('disconnect', resolve))
  await desk.ask('device:revoke', { device_id: 'phone' })
  expect(await phone.hears('error')).toMatchObject({ code: 'session_revoked' })
  expect(await closed).toBe('io server disconnect')
  expect((await desk.ask('device:list')).devices).toMatchObject([{ device_id: 'desk' }])
})

describe('in development', () => {
  const development = { NODE_ENV: 'development', JWT_SECRET: '' }

  test('from loopback a name is enough, and so is a token of /dev/token', async () => {
    const { url } = await running(development)
    const named = stock(url, { auth: { userId: 'ada', sessionId: 's' } })
    expect(await named.hears('authenticated')).toMatchObject({ user_id: 'ada', session_id: 's' })
    const { token } = (await (await fetch(`${url}/dev/token?user_id=bob&tenant_id=acme`)).json()) as { token: string }
    const bob = stock(url, { auth: { token } })
    cleanUp(() => bob.disconnect())
    expect(await bob.hears('authenticated')).toMatchObject({ user_id: 'bob', tenant_id: 'acme' })
  })
})
