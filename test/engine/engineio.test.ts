/** Engine.IO, revision 4, spoken to the engine with all its guards: without Socket.IO, each message comes back. */
import { afterAll, describe, expect, test } from 'bun:test'
import type { Connection } from '../../src/engine/connection.ts'
import type { Engine } from '../../src/engine/engine.ts'
import type { RawData } from '../../src/engine/upstream.ts'
import { polling, start, until, websocket } from './raw.ts'

const connections = (raw: Engine) =>
  raw.on('connection', (connection: Connection) =>
    connection.on('data', (data: RawData) => void connection.write(data)),
  )
const engine = start({ connections })
const hasty = start({ connections, pingInterval: 150, pingTimeout: 150 })
afterAll(async () => {
  await engine.stop()
  await hasty.stop()
})

const at = (query: string, init?: RequestInit) => fetch(`${engine.url}/socket.io/${query}`, init)

describe('the handshake', () => {
  const opened = { sid: expect.any(String), pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 1_000_000 }

  test('opens a session over polling, which may be upgraded', async () => {
    const response = await at('?EIO=4&transport=polling')
    const text = await response.text()
    expect([response.status, text[0]]).toEqual([200, '0'])
    expect(JSON.parse(text.slice(1))).toEqual({ ...opened, upgrades: ['websocket'] })
  })

  test('opens a session over WebSocket, which needs no upgrade', async () => {
    using client = websocket(engine)
    expect(JSON.parse((await client.next()).slice(1))).toEqual({ ...opened, upgrades: [] })
  })

  test.each([
    ['no version', '?transport=polling', 5],
    ['another version', '?EIO=3&transport=polling', 5],
    ['no version that is one', '?EIO=abc&transport=polling', 5],
    ['no transport', '?EIO=4', 0],
    ['an unknown transport', '?EIO=4&transport=pigeon', 0],
    ['an unknown session', '?EIO=4&transport=polling&sid=nobody', 1],
    ['a WebSocket without the wish to upgrade', '?EIO=4&transport=websocket', 3],
  ])('refuses %s with 400 and the number of what is wrong', async (_, query, code) => {
    const response = await at(query)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ code, message: expect.any(String) })
  })

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('refuses %s, as only GET opens a session', async (method) => {
    const response = await at('?EIO=4&transport=polling', { method })
    expect([response.status, (await response.json()).code]).toEqual([400, 2])
  })

  test.each(['EIO=3&transport=websocket', 'EIO=4', 'EIO=4&transport=pigeon', 'EIO=4&transport=polling'])(
    'refuses a WebSocket that asks for %s',
    async (query) => {
      const { code } = await websocket(engine, query).closed
      expect(code).not.toBe(1000)
    },
  )
})

describe('messages', () => {
  test('over polling: one, several, and binary among them', async () => {
    const client = await polling(engine)
    for (const payload of ['4hello', '4a\x1e4b\x1e4c', '4hello\x1ebAQIDBA==']) {
      const posted = await client.post(payload)
      expect([posted.status, await posted.text()]).toEqual([200, 'ok'])
      expect(await client.poll()).toBe(payload)
    }
  })

  test('over WebSocket: text and binary', async () => {
    using client = websocket(engine)
    await client.next()
    client.send('4hello', '4€😀', new Uint8Array([1, 2, 3, 4]))
    expect([await client.next(), await client.next(), await client.next()]).toEqual(['4hello', '4€😀', '<01020304>'])
  })

  test('what is no packet ends the session, over polling with 400', async () => {
    for (const body of ['abc', '', '4a\x1e\x1e4b', '9', '2probe']) {
      const client = await polling(engine)
      expect((await client.post(body)).status).toBe(400)
      expect((await client.get()).status).toBe(400)
    }
  })

  test.each(['abc', '7', '2', '2probe', '5', '6'])(
    'what is no packet of a client ends the session: %s',
    async (frame) => {
      using client = websocket(engine)
      await client.next()
      client.send(frame)
      await client.closed
    },
  )

  test('two polls at a time end the session', async () => {
    const client = await polling(engine)
    const answers = await Promise.all([client.get(), client.get()])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
    expect(await answers.find(({ status }) => status === 200)?.text()).toBe('1')
    expect((await client.get()).status).toBe(400)
  })

  test('a poll that is broken off ends the session', async () => {
    const client = await polling(engine)
    const control = new AbortController()
    const poll = fetch(client.url, { signal: control.signal }).catch(({ name }) => name)
    await until(() => engine.connection(client.sid)?.transport.writable === true)
    control.abort()
    expect(await poll).toBe('AbortError')
    await until(() => engine.connection(client.sid) === undefined)
    expect((await client.get()).status).toBe(400)
  })
})

describe('the heartbeat', () => {
  test('goes on for as long as it is answered, over WebSocket', async () => {
    using client = websocket(hasty)
    await client.next()
    for (let beat = 0; beat < 3; beat++) {
      expect(await client.next()).toBe('2')
      client.send('3')
    }
  })

  test('goes on for as long as it is answered, over polling', async () => {
    const client = await polling(hasty)
    for (let beat = 0; beat < 3; beat++) {
      expect(await client.poll()).toBe('2')
      expect((await client.post('3')).status).toBe(200)
    }
  })

  test('ends a WebSocket that does not answer', async () => {
    const client = websocket(hasty)
    const { sid } = JSON.parse((await client.next()).slice(1))
    await client.closed
    expect(hasty.closed.items.find(({ id }) => id === sid)?.reason).toBe('ping timeout')
  })

  test('ends a polling session that does not answer', async () => {
    const client = await polling(hasty)
    await until(() => hasty.connection(client.sid) === undefined)
    expect(hasty.closed.items.find(({ id }) => id === client.sid)?.reason).toBe('ping timeout')
    expect((await client.get()).status).toBe(400)
  })
})

describe('the end', () => {
  test('a client that leaves by polling has its poll answered with nothing, and is gone', async () => {
    const client = await polling(engine)
    const poll = client.poll()
    await until(() => engine.connection(client.sid)?.transport.writable === true)
    await client.post('1')
    expect(await poll).toBe('6')
    expect((await client.get()).status).toBe(400)
  })

  test('a client that leaves by WebSocket is let go', async () => {
    using client = websocket(engine)
    await client.next()
    client.send('1')
    await client.closed
  })
})
