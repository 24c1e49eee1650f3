import { expect, test } from 'bun:test'
import { settled } from '../../support/clock.ts'
import { door, refusedIn } from './door.ts'

test('/health/live is 200 for as long as the process serves, whatever it depends on', async () => {
  const { app } = door({ ready: async () => ({ ready: false, dependencies: {} }) })
  const response = await app.request('/health/live')
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ status: 'ok' })
})

test('/health/ready tells each dependency with its state', async () => {
  const dependencies = { log: { status: 'ok', commit_ms: 2 }, keys: { status: 'ok' } }
  const { app } = door({ ready: async () => ({ ready: true, dependencies }) })
  const response = await app.request('/health/ready')
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ status: 'ready', dependencies })
})

test('/health/ready is 503 while the service should be sent nothing', async () => {
  const dependencies = { log: { status: 'away' } }
  const { app } = door({ ready: async () => ({ ready: false, dependencies }) })
  const response = await app.request('/health/ready')
  expect(response.status).toBe(503)
  expect(await response.json()).toEqual({ status: 'not_ready', dependencies })
})

test('/health/ready is 503 where no answer comes within 5 s', async () => {
  const { app, pass } = door({ ready: () => new Promise(() => {}) })
  const answer = app.request('/health/ready')
  await settled()
  await pass(5_000)
  expect((await answer).status).toBe(503)
})

test('/metrics is text for Prometheus', async () => {
  const { app } = door()
  const response = await app.request('/metrics')
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(await response.text()).toBe('parley_info 1\n')
})

test.each([
  ['/openapi.json', { openapi: '3.1.1', info: { version: '1.2.3' } }],
  ['/asyncapi.json', { asyncapi: '3.0.0', info: { version: '1.2.3' } }],
])('%s is served without signing in', async (path, document) => {
  const { app } = door()
  const response = await app.request(path)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(await response.json()).toMatchObject(document)
})

test('/docs is the page of the documents, with or without the last slash', async () => {
  const { app } = door()
  for (const path of ['/docs', '/docs/']) {
    const response = await app.request(path)
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('Documents')
  }
})

test('without pages there are none, and all else is served', async () => {
  const { app } = door({ pages: undefined })
  expect((await app.request('/docs')).status).toBe(404)
  expect((await refusedIn(await app.request('/'))).code).toBe('not_found')
  expect((await app.request('/health/live')).status).toBe(200)
})
