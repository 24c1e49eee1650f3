import { expect, test } from 'bun:test'
import { client, tokenOf } from '../support/running.ts'
import { newRoom, type Place } from './list.ts'

export function http({ shared }: Place) {
  async function post(path: string, body: unknown, more: Record<string, string> = {}) {
    const { url } = await shared()
    const authorization = `Bearer ${await tokenOf('boss', { permissions: ['*'] })}`
    const headers = { authorization, 'content-type': 'application/json', ...more }
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    return { status: response.status, body: (await response.json()) as any }
  }

  test.each([
    '/health/live',
    '/health/ready',
    '/metrics',
    '/openapi.json',
    '/asyncapi.json',
    '/docs',
    '/',
    '/demo/main.js',
    '/client/client.ts',
  ])('%s is served', async (path) => {
    const { url } = await shared()
    const response = await fetch(`${url}${path}`)
    expect([response.status, (await response.text()).length > 0]).toEqual([200, true])
  })

  test('what is posted goes the way of every command', async () => {
    const { url } = await shared()
    const room_id = newRoom()
    const made = await post('/socket/rooms', { name: 'Kitchen', room_id, members: ['grace'] })
    expect(made).toMatchObject({ status: 201, body: { room: { room_id } } })
    const grace = await client(url, 'grace')
    const sent = await post('/socket/rooms/message', { room_id, content: { text: 'by HTTP' } })
    expect(sent.body).toMatchObject({ room_id, durability: 'log' })
    expect(await grace.hears('message_new', (data) => data.room_id === room_id)).toMatchObject({ seq: sent.body.seq })
  })

  test('what may not be is refused with its code and its status', async () => {
    expect(await post('/socket/rooms', {}, { authorization: 'Bearer no' })).toMatchObject({
      status: 401,
      body: { error: { code: 'unauthenticated' } },
    })
    expect(await post('/socket/rooms', { name: 'x'.repeat(1_100_000) })).toMatchObject({
      status: 413,
      body: { error: { code: 'payload_too_large' } },
    })
    expect(await post('/socket/nowhere', {})).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } })
  })

  test('an answer without a body, and a question with none, are as they should be', async () => {
    const { url } = await shared()
    const first = await fetch(`${url}/demo/main.js`)
    const etag = first.headers.get('etag') as string
    const again = await fetch(`${url}/demo/main.js`, { headers: { 'if-none-match': etag } })
    expect([again.status, await again.text()]).toEqual([304, ''])
    const head = await fetch(`${url}/health/live`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })
}
