import { expect, test } from 'bun:test'
import { Failure, failures } from '../../../src/protocol/failure.ts'
import { bearer, door, posted, refusedIn } from './door.ts'

test('an address that is not there is a not_found', async () => {
  const { app } = door()
  const response = await app.request('/socket/nothing')
  expect(response.status).toBe(404)
  expect(await refusedIn(response)).toEqual({
    code: 'not_found',
    message: 'There is nothing at this address.',
    retryable: false,
  })
})

test('an address that takes another method says which', async () => {
  const { app } = door()
  for (const [method, path, allow] of [
    ['DELETE', '/socket/rooms', 'GET, HEAD, POST'],
    ['GET', '/socket/rooms/join', 'POST'],
    ['POST', '/metrics', 'GET, HEAD'],
  ] as const) {
    const response = await app.request(path, { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe(allow)
    expect((await refusedIn(response)).code).toBe('validation_failed')
  }
})

test('a room that is not there is a not_found of its own, not a wrong address or method', async () => {
  const { app } = door({}, () => new Failure('not_found', 'There is no such room.'))
  const response = await app.request('/socket/rooms/join', posted({ room_id: 'r' }))
  expect(response.status).toBe(404)
  expect((await refusedIn(response)).message).toBe('There is no such room.')
})

test('every code of a failure has its status by HTTP, and says whether to try again', async () => {
  for (const [code, { status, retryable }] of Object.entries(failures)) {
    const { app } = door({}, () => new Failure(code as keyof typeof failures, 'No.'))
    const response = await app.request('/socket/stats', { headers: bearer('root-token') })
    expect(response.status).toBe(status)
    expect(await refusedIn(response)).toEqual({ code, message: 'No.', retryable })
  }
})

test('a refusal that says how long to wait says it in seconds for HTTP too', async () => {
  const more = { retry_after_ms: 1_200, details: { limit: 'message:send', remaining: 0, reset_ms: 9_000 } }
  const { app } = door({}, () => new Failure('rate_limited', 'Slower.', more))
  const response = await app.request('/socket/rooms/message', posted({ room_id: 'r', content: {} }))
  expect(response.status).toBe(429)
  expect(response.headers.get('retry-after')).toBe('2')
  expect(await refusedIn(response)).toMatchObject(more)
})

test('who brings no token is told what to bring', async () => {
  const { app, asked } = door()
  const response = await app.request('/socket/stats')
  expect(response.status).toBe(401)
  expect(response.headers.get('www-authenticate')).toBe('Bearer')
  expect((await refusedIn(response)).code).toBe('unauthenticated')
  expect(asked).toEqual([])
})

test.each([
  ['a token that is not good', { authorization: 'Bearer wrong' }, 'unauthenticated'],
  ['a token that was good', { authorization: 'Bearer old-token' }, 'token_expired'],
  ['another scheme', { authorization: 'Basic YWRhOmFkYQ==' }, 'unauthenticated'],
  ['a scheme and nothing', { authorization: 'Bearer ' }, 'unauthenticated'],
  [
    'a good key beside a bad token',
    { authorization: 'Bearer wrong', 'x-api-key': 'key of a server' },
    'unauthenticated',
  ],
])('%s is refused before anything is read', async (_, headers, code) => {
  const { app, asked } = door()
  const response = await app.request('/socket/rooms/message', posted('{', headers as Record<string, string>))
  expect(response.status).toBe(401)
  expect(response.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
  expect((await refusedIn(response)).code).toBe(code)
  expect(asked).toEqual([])
})

test('keys that cannot be had just now are unavailable, not a refused token', async () => {
  const away = new Failure('unavailable', 'The keys cannot be fetched.', { retry_after_ms: 1_000 })
  const { app } = door({ tokens: { verify: () => Promise.reject(away) } })
  const response = await app.request('/socket/stats', { headers: bearer('ada-token') })
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('1')
  expect(response.headers.has('www-authenticate')).toBe(false)
})

test('a bug is told as internal with the id of the request, and nothing of what failed', async () => {
  const failed: string[] = []
  const broken = () => Promise.reject(new Error('at /srv/parley/secret.ts:1 SELECT'))
  const { app, lines } = door({ meter: { render: broken, failed: (where) => void failed.push(where) } })
  const response = await app.request('/metrics', { headers: { 'x-request-id': 'r-1' } })
  expect(response.status).toBe(500)
  expect(response.headers.get('x-request-id')).toBe('r-1')
  const text = await response.text()
  expect(JSON.parse(text)).toMatchObject({ error: { code: 'internal', retryable: true } })
  expect(text).not.toContain('secret')
  expect(lines.find(({ level }) => level === 'error')?.fields).toMatchObject({
    request_id: 'r-1',
    error: expect.any(Error),
  })
  expect(failed).toEqual(['http'])
})

test("a request's id is the one that it brings, where that is sane, else one of ours", async () => {
  const { app } = door()
  const idFor = async (given: string) => {
    const response = await app.request('/health/live', { headers: { 'x-request-id': given } })
    return response.headers.get('x-request-id')
  }
  expect(await idFor('abc-1.2:3')).toBe('abc-1.2:3')
  for (const given of ['', 'with space', 'x'.repeat(129), '<script>']) {
    const made = await idFor(given)
    expect(made).toMatch(/^[0-9a-f-]{36}$/)
  }
})

test.each(['/health/live', '/socket/stats', '/nothing', '/metrics', '/openapi.json', '/', '/docs'])(
  'an answer from %s keeps browsers from guessing, and has an id',
  async (path) => {
    const { app } = door()
    const { headers } = await app.request(path)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-request-id')).toBeTruthy()
    expect(headers.has('content-security-policy')).toBe(true)
    expect(headers.has('cache-control')).toBe(true)
  },
)

test('each request is one line of the log: its id, its route and its status, and nothing that was said', async () => {
  const { app, lines } = door()
  const body = { room_id: 'room-of-ada', content: { text: 'for your eyes' } }
  await app.request('/socket/rooms/message', posted(body, { ...bearer('ada-token'), 'x-request-id': 'r-1' }))
  await app.request('/socket/users/grace/connected?secret=1', { headers: bearer('root-token') })
  await app.request('/health/live')
  expect(lines).toMatchObject([
    { level: 'info', fields: { method: 'POST', route: '/socket/rooms/message', status: 201 } },
    { level: 'info', fields: { method: 'GET', route: '/socket/users/:user_id/connected', status: 200 } },
    { level: 'debug', fields: { method: 'GET', route: '/health/live', status: 200 } },
  ])
  expect(lines[0]?.fields).toMatchObject({ request_id: 'r-1', command_id: expect.any(String), ms: 0 })
  for (const said of ['ada-token', 'eyes', 'room-of-ada', 'grace', 'secret'])
    expect(JSON.stringify(lines)).not.toContain(said)
})

test('pages of a listed origin may ask, and are told so beforehand', async () => {
  const { app, asked } = door()
  const origin = 'https://chat.example'
  const preflight = await app.request('/socket/rooms/message', {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,idempotency-key',
    },
  })
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-origin')).toBe(origin)
  expect(preflight.headers.get('access-control-allow-methods')).toBe('GET,POST')
  expect(preflight.headers.get('access-control-allow-headers')).toContain('Idempotency-Key')
  expect(asked).toEqual([])

  const answer = await app.request('/socket/stats', { headers: { ...bearer('root-token'), origin } })
  expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  expect(answer.headers.get('vary')).toContain('Origin')
  const refused = await app.request('/socket/stats', { headers: { origin } })
  expect(refused.headers.get('access-control-allow-origin')).toBe(origin)
})

test('pages of another origin are allowed nothing', async () => {
  const { app } = door()
  for (const origin of ['https://evil.example', 'https://chat.example.evil.example', 'http://chat.example', 'null']) {
    const headers = { origin, 'access-control-request-method': 'POST' }
    const preflight = await app.request('/socket/rooms', { method: 'OPTIONS', headers })
    expect(preflight.headers.has('access-control-allow-origin')).toBe(false)
    const answer = await app.request('/socket/stats', { headers: { ...bearer('root-token'), origin } })
    expect(answer.headers.has('access-control-allow-origin')).toBe(false)
  }
})

test('with * pages of every origin may ask, without credentials of the browser', async () => {
  const { app } = door({ origins: '*' })
  const { headers } = await app.request('/health/live', { headers: { origin: 'https://any.example' } })
  expect(headers.get('access-control-allow-origin')).toBe('*')
  expect(headers.has('access-control-allow-credentials')).toBe(false)
})
