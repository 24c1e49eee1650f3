/** What a request needs to come in, and what of it is believed. */
import { describe, expect, test } from 'bun:test'
import { connect as connectTcp } from 'node:net'
import { networkOf } from '../../src/engine/address.ts'
import { withStandards } from '../../src/engine/options.ts'
import { bunOnly, joined, once, polling, start, stock, until, websocket } from './raw.ts'

const HANDSHAKE = '/socket.io/?EIO=4&transport=polling'

describe('the path', () => {
  test.each(['/socket.io/', '/socket.io'])('is served with and without its last slash: %s', async (path) => {
    await using engine = start()
    expect((await fetch(`${engine.url}${path}?EIO=4&transport=polling`)).status).toBe(200)
  })

  test.each(['/live', '/live/'])('may be another, given either way: %s', async (path) => {
    await using engine = start({ path })
    for (const asked of ['/live', '/live/']) {
      expect((await fetch(`${engine.url}${asked}?EIO=4&transport=polling`)).status).toBe(200)
    }
    using client = stock(engine, { path: '/live' })
    await once(client, 'connect')
  })

  test.each(['/', '/socket.io/x', '/socket.iox', '/x/socket.io/', '/?/socket.io/'])(
    'is exactly that: not %s',
    async (path) => {
      await using engine = start()
      expect((await fetch(`${engine.url}${path}?EIO=4&transport=polling`)).status).toBe(404)
    },
  )
})

describe('a page of another origin', () => {
  const listed = ['https://chat.example', 'http://localhost:5173']

  test.each(listed)('that is listed comes in, and may read the answer: %s', async (origin) => {
    await using engine = start({ origins: listed })
    const response = await fetch(`${engine.url}${HANDSHAKE}`, { headers: { origin } })
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([200, origin])
    expect(response.headers.get('vary')).toBe('Origin')
    using client = await joined(engine, '40', { headers: { origin } })
    expect(client.sid).toBeString()
  })

  const others = [
    'https://evil.example',
    'http://chat.example',
    'https://chat.example.evil.example',
    'https://chat.example:8443',
    'https://CHAT.example',
    'null',
    '',
  ]
  test.each(others)('that is not is refused on every request, also on the WebSocket: %p', async (origin) => {
    await using engine = start({ origins: listed })
    const headers = { origin }
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      const response = await fetch(`${engine.url}${HANDSHAKE}`, { method, headers })
      expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([403, null])
    }
    const { code } = await websocket(engine, undefined, { headers }).closed
    expect(code).not.toBe(1000)
    const client = await polling(engine)
    expect((await fetch(client.url, { headers })).status).toBe(403)
    expect((await fetch(client.url, { headers, method: 'POST', body: '40' })).status).toBe(403)
    expect(engine.guarded.counts().refused.origin).toBe(6)
  })

  test('asks first, and is told what it may do', async () => {
    await using engine = start({ origins: listed })
    const headers = { origin: 'https://chat.example', 'access-control-request-headers': 'x-trace' }
    const response = await fetch(`${engine.url}${HANDSHAKE}`, { method: 'OPTIONS', headers })
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([204, headers.origin])
    expect(response.headers.get('access-control-allow-headers')).toBe('x-trace')
    expect(response.headers.get('access-control-allow-credentials')).toBe('true')
  })

  test('may be any, where all are allowed', async () => {
    await using engine = start({ origins: '*' })
    const response = await fetch(`${engine.url}${HANDSHAKE}`, { headers: { origin: 'https://any.example' } })
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([200, '*'])
  })

  test('is not what the service serves itself, nor what is no browser', async () => {
    await using engine = start({ origins: [] })
    using own = await joined(engine, '40', { headers: { origin: `http://127.0.0.1:${engine.port}` } })
    using none = await joined(engine)
    expect([own.sid, none.sid]).toEqual([expect.any(String), expect.any(String)])
  })
})

describe('a request over the wrong transport', () => {
  test('is refused where it names a WebSocket and asks for none, and the other way round', async () => {
    await using engine = start()
    const client = await polling(engine)
    for (const query of ['EIO=4&transport=websocket', `EIO=4&transport=websocket&sid=${client.sid}`]) {
      const response = await fetch(`${engine.url}/socket.io/?${query}`)
      expect([response.status, (await response.json()).code]).toEqual([400, 3])
    }
    for (const query of ['EIO=4&transport=polling', `EIO=4&transport=polling&sid=${client.sid}`]) {
      expect((await websocket(engine, query).closed).code).not.toBe(1000)
    }
    expect(engine.guarded.counts().connections).toBe(1)
  })
})

describe("a client's address", () => {
  const addressIn = async (options: Parameters<typeof start>[0], headers: Record<string, string>) => {
    await using engine = start(options)
    using client = await joined(engine, '40', { headers })
    const [socket] = engine.io.sockets.sockets.values()
    expect(client.sid).toBeString()
    return [socket?.handshake.address, socket?.handshake.secure]
  }
  const trusting = { trustedProxies: ['127.0.0.0/8', '10.0.0.0/8', 'fdaa::/16'] }

  test('is the one that it connects from', async () => {
    expect(await addressIn({}, {})).toEqual(['127.0.0.1', false])
    expect(await addressIn({ host: '::' }, {})).toEqual(['127.0.0.1', false])
  })

  test('is not what it says, unless a trusted proxy says so', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.7', 'fly-client-ip': '203.0.113.8', 'x-forwarded-proto': 'https' }
    expect(await addressIn({}, headers)).toEqual(['127.0.0.1', false])
    expect(await addressIn({ trustedProxies: ['192.0.2.1'] }, headers)).toEqual(['127.0.0.1', false])
  })

  test.each([
    ['the last that is no proxy of ours', '203.0.113.9, 203.0.113.7, 10.1.2.3', '203.0.113.7'],
    ['the first, where all are ours', '10.1.2.3,10.1.2.4', '10.1.2.3'],
    ['in IPv6', '2001:DB8::7', '2001:db8::7'],
    ['in IPv4 within IPv6', '::ffff:203.0.113.7', '203.0.113.7'],
    ['the last that is an address at all', '203.0.113.7, nonsense, 10.1.2.3', '10.1.2.3'],
  ])('behind trusted proxies is %s', async (_, forwarded, address) => {
    const headers = { 'x-forwarded-for': forwarded, 'x-forwarded-proto': 'https' }
    expect(await addressIn(trusting, headers)).toEqual([address, true])
  })

  test('is what Fly says, where that is trusted', async () => {
    const headers = { 'fly-client-ip': '203.0.113.8', 'x-forwarded-for': '203.0.113.8, 66.241.125.1' }
    expect(await addressIn(trusting, headers)).toEqual(['203.0.113.8', false])
  })

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2:ffff::1', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
  ])('%s is of the network %s', (address, network) => expect(networkOf(address)).toBe(network))
})

describe('what is asked about a request first', () => {
  test('ends it, with a new connection and with one that is there', async () => {
    const asked: (string | undefined)[] = []
    const refuse = (_: Request, sid: string | undefined) => {
      asked.push(sid)
      return asked.length > 1 ? new Response('draining', { status: 503, headers: { 'retry-after': '1' } }) : undefined
    }
    await using engine = start({ hooks: { refuse } })
    const client = await polling(engine)
    const answers = [await client.get(), await fetch(`${engine.url}${HANDSHAKE}`)]
    expect(answers.map(({ status }) => status)).toEqual([503, 503])
    expect((await websocket(engine).closed).code).not.toBe(1000)
    expect(asked).toEqual([undefined, client.sid, undefined, undefined])
    expect(engine.guarded.counts()).toMatchObject({ connections: 1, refused: { hook: 3 } })
  })

  test('does not end the process where it fails', async () => {
    const refuse = () => {
      throw new Error('a bug in a hook')
    }
    await using engine = start({ hooks: { refuse } })
    expect((await fetch(`${engine.url}${HANDSHAKE}`)).status).toBe(500)
    expect(engine.errors.map(String)).toEqual(['Error: a bug in a hook'])
  })
})

test('sessions are called what they are to be called', async () => {
  let n = 0
  await using engine = start({ hooks: { sessionId: () => `machine.${++n}` } })
  using client = await joined(engine)
  expect([client.sid, (await polling(engine)).sid]).toEqual(['machine.1', 'machine.2'])
})

test('nothing of a request is kept but what a handshake is asked for', async () => {
  await using engine = start({ origins: '*' })
  using client = stock(engine, {
    query: { page: 'a' },
    extraHeaders: { origin: 'https://a.example', cookie: 'secret=1' },
  })
  await once(client, 'connect')
  const [socket] = engine.io.sockets.sockets.values()
  expect(socket?.handshake).toMatchObject({ url: '', headers: { origin: 'https://a.example' }, xdomain: true })
  expect(socket?.handshake.query as unknown).toEqual({ EIO: '4', transport: 'websocket', page: 'a' })
})

describe('a body', () => {
  /** A request whose body never comes to its end. */
  const slow = (engine: { port: number }, sid: string) => {
    const socket = connectTcp(engine.port, '127.0.0.1')
    const answer = new Promise<string>((resolve) => {
      let text = ''
      socket.on('data', (data) => (text += data)).once('close', () => resolve(text.split('\r\n')[0] as string))
    })
    const path = `/socket.io/?EIO=4&transport=polling&sid=${sid}`
    const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900\r\n\r\n`
    const sent = new Promise<void>((resolve) => socket.write(`${head}4`, () => resolve()))
    return { socket, answer, sent }
  }

  test('that comes too slowly is cut off, and its session with it', async () => {
    await using engine = start({ bodyTimeout: 40 })
    const client = await polling(engine)
    const { socket, answer } = slow(engine, client.sid)
    const drip = setInterval(() => socket.write('0'), 10)
    expect(await answer).toBe('HTTP/1.1 408 Request Timeout')
    clearInterval(drip)
    expect(await engine.closed.next()).toMatchObject({ id: client.sid, reason: 'transport error' })
  })

  test('beside another of the same session is cut off, and the session with it', async () => {
    await using engine = start()
    const client = await polling(engine)
    const first = slow(engine, client.sid)
    const second = slow(engine, client.sid)
    expect(await Promise.race([first.answer, second.answer])).toBe('HTTP/1.1 400 Bad Request')
    expect(await engine.closed.next()).toMatchObject({ id: client.sid, reason: 'transport error' })
    first.socket.destroy()
    second.socket.destroy()
  })

  test('that is broken off ends its session', async () => {
    await using engine = start()
    const client = await polling(engine)
    const { socket, sent } = slow(engine, client.sid)
    await sent
    socket.destroy()
    expect(await engine.closed.next()).toMatchObject({ id: client.sid, reason: 'transport error' })
  })

  test('larger than a payload may be is refused', async () => {
    await using engine = start({ maxPayload: 10_000 })
    const client = await polling(engine)
    expect((await client.post(`4${'x'.repeat(20_000)}`)).status).toBe(413)
  })
})

describe('a connection that the service closes', () => {
  test('ends the poll under way', async () => {
    await using engine = start()
    const client = await polling(engine)
    const poll = client.poll()
    await until(() => engine.connection(client.sid)?.transport.writable === true)
    engine.connection(client.sid)?.close()
    expect(await poll).toBe('1')
  })

  test('ends a poll of its own where none is under way, after all that it was told: with it a stock client would forget that', async () => {
    await using engine = start()
    const client = await polling(engine)
    const connection = engine.connection(client.sid)
    for (let n = 0; n < 20; n++) connection?.write(`2["n",${n}]`)
    connection?.close()
    expect(await (await client.post('42["late"]')).text()).toBe('ok')
    const told = [...(await client.poll()).split('\x1e'), ...(await client.poll()).split('\x1e')]
    expect(told).toEqual(Array.from({ length: 20 }, (_, n) => `42["n",${n}]`))
    expect(await client.poll()).toBe('1')
    const after = await client.get()
    expect([after.status, (await after.json()).code]).toEqual([400, 1])
  })
})

describe('options', () => {
  bunOnly('go where they have their effect', async () => {
    await using engine = start({ maxPayload: 1_000, compression: true, pingInterval: 1_000, pingTimeout: 500 })
    expect(engine.guarded.serve).toMatchObject({
      idleTimeout: 60,
      maxRequestBodySize: 2_000,
      websocket: { backpressureLimit: 4_000, closeOnBackpressureLimit: true, perMessageDeflate: true },
    })
    const client = await polling(engine)
    expect(engine.connection(client.sid)?.opts).toMatchObject({ maxHttpBufferSize: 1_000, pingInterval: 1_000 })
  })

  bunOnly('that Bun would not take for its own are kept within its bounds', async () => {
    await using engine = start({ pingInterval: 3_600_000, pingTimeout: 3_600_000 })
    expect(engine.guarded.serve.idleTimeout).toBe(255)
    using client = await joined(engine)
    expect(client.sid).toBeString()
  })

  test('have standards', () => {
    expect(withStandards({ path: '/a//' })).toMatchObject({ path: '/a/', pingInterval: 25_000, maxPayload: 1_000_000 })
  })
})
