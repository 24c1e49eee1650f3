/** What was revoked is taken no more, and who rests on it does not stay: with stock clients. */
import { describe, expect, test } from 'bun:test'
import { type Claims, type Client, client, folder, running, stock, tokenOf } from '../../support/running.ts'

const SECRET = 'a-key-that-only-this-test-knows-long-enough'
const keys = { API_KEYS: `crm:acme:${SECRET}` }

const posted = (url: string, path: string, data: unknown, credential = SECRET) =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}` },
    body: JSON.stringify(data),
  })

async function revoke(url: string, what: object) {
  const answer = await posted(url, '/socket/revoke', what)
  expect([answer.status, await answer.json()]).toEqual([200, {}])
}

/** How it ended: what it was told, and how its client saw it. */
async function ending(one: Client) {
  const closed = new Promise<string>((resolve) => one.once('disconnect', resolve))
  const told = Promise.all([one.hears('session_revoked'), one.hears('error')])
  const [reason, [{ reason: why }, error]] = await Promise.all([closed, told])
  return { reason, why, code: error.code, message: error.message }
}

const refusal = async (url: string, auth: Record<string, unknown>) => {
  const socket = stock(url, { auth, reconnection: false })
  return new Promise<any>((resolve) => socket.once('connect_error', (error: any) => resolve(error.data)))
}

/** Each of a user of its own, called as what of theirs is revoked. */
const all: Record<string, () => object> = {
  session: () => ({ session_id: 'session-of-session' }),
  token: () => ({ token_id: 'token-of-token' }),
  device: () => ({ user_id: 'device', device_id: 'phone' }),
  user: () => ({ user_id: 'user' }),
  earlier: () => ({ user_id: 'earlier', issued_before: Date.now() }),
}

const claimsOf = (user: string): Claims => ({
  session_id: `session-of-${user}`,
  device_id: 'phone',
  jti: `token-of-${user}`,
})

describe('the revocation of', () => {
  test('a session, a token, a device or a user closes their connections at once and refuses their tokens; others stay', async () => {
    const { url } = await running(keys)
    const others = [await client(url, 'bob', claimsOf('bob')), await client(url, 'user', { tenant: 'globex' })]
    const tokens = await Promise.all(Object.keys(all).map((user) => tokenOf(user, claimsOf(user))))
    for (const [n, what] of Object.values(all).entries()) {
      const one = await client(url, 'whoever', {}, { auth: { token: tokens[n] } })
      const end = ending(one)
      const began = performance.now()
      await revoke(url, what())
      expect(await end).toMatchObject({ reason: 'io server disconnect', code: 'session_revoked' })
      expect(performance.now() - began).toBeLessThan(2_000)
    }
    for (const one of others) expect(await one.ask('room:list')).toEqual({ rooms: [] })
    const refused = await Promise.all(tokens.map((token) => refusal(url, { token })))
    expect(refused).toMatchObject(tokens.map(() => ({ code: 'session_revoked', retryable: false })))
    for (const token of tokens) {
      const byHttp = await posted(url, '/socket/rooms', { name: 'Plans' }, token)
      expect([byHttp.status, ((await byHttp.json()) as any).error.code]).toEqual([401, 'session_revoked'])
    }
  })

  test('everything issued in a tenant before a time ends all of its connections, but no key of a server', async () => {
    const { url } = await running(keys)
    const [ada, bob, globex] = [
      await client(url, 'ada'),
      await client(url, 'bob'),
      await client(url, 'ada', { tenant: 'globex' }),
    ]
    const ends = Promise.all([ending(ada), ending(bob)])
    await revoke(url, { issued_before: Date.now() })
    expect((await ends).map(({ code }) => code)).toEqual(['session_revoked', 'session_revoked'])
    expect(await globex.ask('room:list')).toEqual({ rooms: [] })
    await revoke(url, { issued_before: Date.now() })
  })

  test('a token that was refreshed meanwhile ends the connection no more', async () => {
    const { url } = await running(keys)
    const ada = await client(url, 'ada', { session_id: 's', jti: 't1' })
    await ada.ask('auth:refresh', { token: await tokenOf('ada', { session_id: 's', jti: 't2' }) })
    await revoke(url, { token_id: 't1' })
    expect(await ada.ask('room:list')).toEqual({ rooms: [] })
    const end = ending(ada)
    await revoke(url, { token_id: 't2' })
    expect(await end).toMatchObject({ code: 'session_revoked' })
  })

  test('a session ends who began with it, and who refreshed into it', async () => {
    const { url } = await running(keys)
    const ada = await client(url, 'ada', { session_id: 's1' })
    const too = await client(url, 'ada', { session_id: 's2' })
    for (const one of [ada, too])
      await one.ask('auth:refresh', { token: await tokenOf('ada', { session_id: 's3', jti: 't' }) })
    const first = ending(ada)
    await revoke(url, { session_id: 's1' })
    expect(await first).toMatchObject({ code: 'session_revoked' })
    const second = ending(too)
    await revoke(url, { session_id: 's3' })
    expect(await second).toMatchObject({ code: 'session_revoked' })
  })
})

test('a revoked token is no token to refresh to; the connection goes on with the one it has', async () => {
  const { url } = await running(keys)
  const ada = await client(url, 'ada', { session_id: 's1', jti: 't1' })
  await revoke(url, { token_id: 't2' })
  const token = await tokenOf('ada', { session_id: 's1', jti: 't2' })
  expect(await ada.refused('auth:refresh', { token })).toMatchObject({ code: 'session_revoked' })
  expect(await ada.ask('room:list')).toEqual({ rooms: [] })
})

test('a token for another device is no token to refresh to', async () => {
  const { url } = await running(keys)
  const phone = await client(url, 'ada', { device_id: 'phone' })
  const token = await tokenOf('ada', { device_id: 'desk' })
  expect(await phone.refused('auth:refresh', { token })).toMatchObject({ code: 'forbidden' })
  expect(await phone.ask('auth:refresh', { token: await tokenOf('ada') })).toMatchObject({
    expires_at: expect.any(Number),
  })
})

test('who revokes their own session is answered, and then closed; their other sessions stay', async () => {
  const { url } = await running()
  const ada = await client(url, 'ada', { session_id: 's1' })
  const desk = await client(url, 'ada', { session_id: 's2' })
  const end = ending(ada)
  expect(await ada.ask('session:revoke', { session_id: 's1' })).toEqual({})
  expect(await end).toMatchObject({ reason: 'io server disconnect', code: 'session_revoked' })
  const { sessions } = await desk.ask('session:list')
  expect(sessions).toMatchObject([{ session_id: 's2', current: true }])
})

test('who refreshed into another session revokes it as their own', async () => {
  const { url } = await running()
  const ada = await client(url, 'ada', { session_id: 's1' })
  await ada.ask('auth:refresh', { token: await tokenOf('ada', { session_id: 's2' }) })
  const end = ending(ada)
  expect(await ada.ask('session:revoke', { session_id: 's2' })).toEqual({})
  expect(await end).toMatchObject({ code: 'session_revoked' })
})

test('a revoked device comes back with no token of before, also where only its handshake says which it is', async () => {
  const { url } = await running()
  const token = await tokenOf('ada')
  const desk = await client(url, 'ada', {}, { auth: { device_id: 'desk' } })
  const phone = await client(url, 'ada', {}, { auth: { token, device_id: 'phone' } })
  const end = ending(phone)
  await desk.ask('device:revoke', { device_id: 'phone' })
  expect(await end).toMatchObject({ code: 'session_revoked' })
  expect(await refusal(url, { token, device_id: 'phone' })).toMatchObject({ code: 'session_revoked' })
})

test('a polling connection is told as well', async () => {
  const { url } = await running(keys)
  const ada = await client(url, 'ada', {}, { transports: ['polling'] })
  const end = ending(ada)
  await revoke(url, { user_id: 'ada' })
  expect(await end).toMatchObject({ code: 'session_revoked' })
})

test('what was revoked is so after a restart', async () => {
  const data = await folder()
  const first = await running(keys, data)
  const token = await tokenOf('ada', { session_id: 's1' })
  await revoke(first.url, { session_id: 's1' })
  await first.stop()
  const { url } = await running(keys, data)
  expect(await refusal(url, { token })).toMatchObject({ code: 'session_revoked' })
  await client(url, 'ada', { session_id: 's2' })
})

test('who may not is refused by HTTP as well', async () => {
  const { url } = await running(keys)
  const answer = await posted(url, '/socket/revoke', { user_id: 'bob' }, await tokenOf('ada'))
  expect([answer.status, ((await answer.json()) as any).error.code]).toEqual([403, 'forbidden'])
})

test('who signs out by revoking their session is offline at once, not after the time of grace', async () => {
  const { url } = await running()
  const [ada, bob] = [await client(url, 'ada', { session_id: 's1' }), await client(url, 'bob')]
  await bob.ask('presence:subscribe', { user_ids: ['ada'] })
  await ada.ask('session:revoke', { session_id: 's1' })
  expect(await bob.hears('user_presence', ({ status }) => status === 'offline')).toMatchObject({ user_id: 'ada' })
})
