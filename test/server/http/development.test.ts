import { expect, test } from 'bun:test'
import type { Claims, Signer } from '../../../src/ports/tokens.ts'
import { Failure } from '../../../src/protocol/failure.ts'
import { door, posted, refusedIn } from './door.ts'

function development(address: string | undefined) {
  const signed: Claims[] = []
  const developmentTokens: Signer = {
    async sign(claims) {
      if (claims.ttl_s === -1) throw new Failure('validation_failed', 'The ttl_s is no such number.')
      signed.push(claims)
      return { token: 'a.b.c', expires_at: 1 }
    },
  }
  return { ...door({ developmentTokens, addressOf: () => address }), signed }
}

test('/dev/token gives a token to whoever asks from this machine', async () => {
  for (const address of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1']) {
    const { app, signed } = development(address)
    const response = await app.request('/dev/token?user_id=ada&tenant_id=acme')
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toEqual({ token: 'a.b.c', expires_at: 1 })
    expect(signed).toEqual([{ user_id: 'ada', tenant_id: 'acme' }])
  }
})

test('/dev/token takes camelCase too, and its tenant is dev where none is said', async () => {
  const { app, signed } = development('127.0.0.1')
  await app.request('/dev/token?userId=ada')
  await app.request('/dev/token?userId=ada&tenantId=acme&deviceId=phone')
  expect(signed).toEqual([
    { user_id: 'ada', tenant_id: 'dev' },
    { user_id: 'ada', tenant_id: 'acme', device_id: 'phone' },
  ])
})

test('/dev/token takes lists and numbers, in a query and in a body', async () => {
  const { app, signed } = development('127.0.0.1')
  const all = { user_id: 'ada', tenant_id: 'dev', permissions: ['admin', 'call:*'], rooms: ['r'], ttl_s: 60 }
  await app.request('/dev/token?user_id=ada&permissions=admin,call:*&rooms=r&ttl_s=60')
  await app.request('/dev/token', posted(all, {}))
  await app.request('/dev/token', posted({ userId: 'ada', rooms: { r: 'owner' } }, {}))
  expect(signed).toEqual([all, all, { user_id: 'ada', tenant_id: 'dev', rooms: { r: 'owner' } }])
})

test.each([
  '/dev/token',
  '/dev/token?user_id=',
  '/dev/token?user_id=ada&ttl_s=soon',
  '/dev/token?user_id=ada&ttl_s=-1',
])('%s is a validation_failed', async (path) => {
  const { app, signed } = development('127.0.0.1')
  const response = await app.request(path)
  expect(response.status).toBe(400)
  expect((await refusedIn(response)).code).toBe('validation_failed')
  expect(signed).toEqual([])
})

test.each([
  ['from another address', '10.0.0.7', {}, 'localhost'],
  ['from an address that is not known', undefined, {}, 'localhost'],
  ['for someone behind a proxy on this machine', '127.0.0.1', { 'x-forwarded-for': '203.0.113.9' }, 'localhost'],
  ['for a page of another site', '127.0.0.1', { 'sec-fetch-site': 'cross-site' }, 'localhost'],
  ["for a page whose own name was turned to this machine's address", '127.0.0.1', {}, 'evil.example'],
])('/dev/token gives none %s', async (_, address, headers, host) => {
  const { app, signed } = development(address)
  const response = await app.request(`http://${host}:3001/dev/token?user_id=ada`, {
    headers: headers as Record<string, string>,
  })
  expect(response.status).toBe(403)
  expect((await refusedIn(response)).code).toBe('forbidden')
  expect(signed).toEqual([])
})

test('in production there is no /dev/token', async () => {
  const { app } = door()
  expect((await app.request('/dev/token?user_id=ada')).status).toBe(404)
  expect((await app.request('/dev/token', posted({ user_id: 'ada' }, {}))).status).toBe(404)
})
