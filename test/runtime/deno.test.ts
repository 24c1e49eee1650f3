/** The runtime of Deno asks for nothing of Deno's own, so it is tried here in this process; `test/runtimes` has the whole service on it. */
import { describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { bun } from '../../src/runtime/bun.ts'
import { deno } from '../../src/runtime/deno.ts'
import { startEngine } from '../../src/runtime/engine.ts'
import type { Serving } from '../../src/runtime/runtime.ts'
import { readConfig, startService } from '../../src/service.ts'
import { once, stock } from '../engine/raw.ts'
import { cleanUp, client, environment, folder } from '../support/running.ts'

async function served(more: Partial<Serving> = {}) {
  const errors: unknown[] = []
  const onError = (error: unknown) => void errors.push(error)
  const { serve } = deno.openEngine({}, { onError })
  const fetch = () => new Response('ours')
  const server = await serve({ port: 0, host: '127.0.0.1', fetch, onError, ...more })
  cleanUp(() => server.stop())
  return { ...server, errors }
}

/** The first line of what comes back. */
function answerTo(port: number, request: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    let text = ''
    socket.on('data', (data) => (text += data)).once('close', () => resolve(text.split('\r\n')[0] as string))
  })
}

const upgrade = (path: string) =>
  `GET ${path} HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`

describe('what is not for the engine', () => {
  test('is for HTTP, with the address it comes from and its body', async () => {
    const { url } = await served({
      fetch: async (request, { address }) => new Response(`${address} ${await request.text()}`, { status: 201 }),
    })
    const response = await fetch(`${url}/any?where`, { method: 'POST', body: 'a body' })
    expect([response.status, await response.text()]).toEqual([201, '127.0.0.1 a body'])
  })

  test('and fails is answered with 500, and reported', async () => {
    const mistake = () => Promise.reject(new Error('a bug'))
    const { url, errors } = await served({ fetch: mistake })
    expect((await fetch(url)).status).toBe(500)
    expect(errors.map(String)).toEqual(['Error: a bug'])
  })

  test('is no WebSocket', async () => {
    const { port } = await served()
    expect(await answerTo(port, upgrade('/elsewhere'))).toBe('HTTP/1.1 404 Not Found')
  })

  test('may be answered before its body has come', async () => {
    const early = () => new Response('enough', { status: 413 })
    const { port } = await served({ fetch: early })
    const request = 'POST / HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: 900\r\n\r\nonly this'
    expect(await answerTo(port, request)).toBe('HTTP/1.1 413 Payload Too Large')
  })
})

describe('what is for the engine', () => {
  test('is refused with its status where it wants a WebSocket, too', async () => {
    const refuse = () => new Response('later', { status: 503, headers: { 'retry-after': '1' } })
    const engine = await startEngine({ hooks: { refuse } }, undefined, Promise.resolve(deno))
    cleanUp(engine.stop)
    expect(await answerTo(engine.port, upgrade('/socket.io/?EIO=4&transport=websocket'))).toStartWith('HTTP/1.1 503 ')
    const polled = await fetch(`${engine.url}/socket.io/?EIO=4&transport=polling`)
    expect([polled.status, polled.headers.get('retry-after')]).toEqual([503, '1'])
  })

  test('is refused where it could not begin, and that is reported', async () => {
    const errors: unknown[] = []
    const hooks = { sessionId: () => JSON.parse('no id'), onError: (error: unknown) => void errors.push(error) }
    const engine = await startEngine({ hooks }, undefined, Promise.resolve(deno))
    cleanUp(engine.stop)
    expect((await fetch(`${engine.url}/socket.io/?EIO=4&transport=polling`)).status).toBe(400)
    expect(errors).toHaveLength(1)
  })

  test.each(['PUT', 'DELETE'])('is not asked for by %s', async (method) => {
    const { url } = await served()
    const opened = await (await fetch(`${url}/socket.io/?EIO=4&transport=polling`)).text()
    const { sid } = JSON.parse(opened.slice(1))
    const response = await fetch(`${url}/socket.io/?EIO=4&transport=polling&sid=${sid}`, { method })
    expect([response.status, (await response.json()).code]).toEqual([400, 3])
  })

  test('is never answered with a script', async () => {
    const { url } = await served()
    const response = await fetch(`${url}/socket.io/?EIO=4&transport=polling&j=0`)
    expect(response.headers.get('content-type')).toStartWith('text/plain')
    expect(await response.text()).toStartWith('0{')
  })
})

test('a port that is taken is an error that can be caught', async () => {
  const { port } = await served()
  const again = served({ port })
  expect(await again.then(undefined, ({ code }) => code)).toBe('EADDRINUSE')
})

test('it stops once, however often it is told to, and leaves no client connected', async () => {
  const server = await served()
  using socket = stock(server)
  await once(socket, 'connect')
  const gone = once(socket, 'disconnect')
  await Promise.all([server.stop(), server.stop(true)])
  await server.stop()
  await gone
  expect(await fetch(server.url).then(undefined, () => 'refused')).toBe('refused')
})

test('the service runs on it as it is', async () => {
  const service = await startService(readConfig(environment(await folder())), { ...deno, stripTypes: bun.stripTypes })
  cleanUp(() => service.stop())
  const [ada, bob] = await Promise.all([
    client(service.url, 'ada'),
    client(service.url, 'bob', {}, { transports: ['polling'] }),
  ])
  await ada.ask('room:create', { room_id: 'kitchen', kind: 'group', members: ['bob'] })
  await bob.hears('room_joined')
  await ada.ask('message:send', { room_id: 'kitchen', content: { text: 'hello' } })
  expect((await bob.hears('message_new')).message.content.text).toBe('hello')
  expect(service.connectionCount()).toBe(2)
  expect((await service.healthCheck()).status).toBe('ok')
})
