/** The engine alone, on both runtimes. */
import { describe, expect, test } from 'bun:test'
import type { Server } from 'socket.io'
import { bun } from '../../src/runtime/bun.ts'
import { deno } from '../../src/runtime/deno.ts'
import { startEngine } from '../../src/runtime/engine.ts'
import { once, polling, stock } from '../engine/raw.ts'
import { cleanUp } from '../support/cleaning.ts'

describe.each([
  ['Bun', bun],
  ['Deno', deno],
])('on the runtime of %s, the engine', (_, runtime) => {
  test('serves Socket.IO and nothing else', async () => {
    const hello = (io: Server) => io.on('connection', (socket) => socket.emit('hello'))
    const engine = await startEngine({}, hello, Promise.resolve(runtime))
    cleanUp(engine.stop)
    using socket = stock(engine)
    await once(socket, 'hello')
    expect((await fetch(engine.url)).status).toBe(404)
  })

  test('that stops lets polling clients fetch what is left, also on new connections', async () => {
    const { io, serve } = runtime.openEngine({}, { onError: console.error })
    io.on('connection', (socket) => socket.emit('last'))
    const fetch = () => new Response()
    const server = await serve({ port: 0, host: '127.0.0.1', fetch, onError: console.error })
    cleanUp(() => server.stop())
    const client = await polling(server, { connection: 'close' })
    await client.post('40')
    const stopped = server.stop(true)
    expect(await client.poll()).toEndWith('42["last"]')
    expect(await client.poll()).toBe('1')
    await stopped
  })
})
