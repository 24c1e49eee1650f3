/** How much one may say, and how many may stay, before it is known who they are. */
import { afterEach, describe, expect, test } from 'bun:test'
import { Failure } from '../../src/protocol/failure.ts'
import { joined, once, polling, type Started, start, stock, until, websocket } from './raw.ts'

const made: Disposable[] = []
const keep = <Made extends Disposable>(one: Made): Made => {
  made.push(one)
  return one
}
afterEach(() => {
  for (const one of made.splice(0)) one[Symbol.dispose]()
})

const HANDSHAKE = '/socket.io/?EIO=4&transport=polling'

const statusOf = async ({ url }: Started, headers = {}) => (await fetch(`${url}${HANDSHAKE}`, { headers })).status

/** Whether one more without a token may stay; it leaves again. */
async function takes(engine: Started, headers = {}): Promise<boolean> {
  const one = websocket(engine, undefined, { headers })
  await one.next()
  one.send('40')
  const answer = await Promise.race([one.next(), one.closed.then(() => 'closed')])
  const left = engine.closed.next()
  one.socket.close()
  await left
  return answer.startsWith('40')
}

const admit = (engine: Started, sid: string) => {
  const connection = engine.connection(sid)
  if (connection) engine.guarded.admit(connection)
}

describe('a connection that has not signed in', () => {
  test('may send ten packets', async () => {
    await using engine = start({ signIn: true })
    using client = await joined(engine)
    for (let n = 2; n <= 10; n++) client.send('42["x"]')
    client.send('42["one more"]')
    expect(await client.next()).toContain('"code":"protocol_abuse"')
    await client.closed
    expect(await engine.closed.next()).toMatchObject({ reason: 'protocol_abuse' })
  })

  test('may send 16 KiB', async () => {
    await using engine = start({ signIn: true })
    using client = await joined(engine)
    client.send(`42["x","${'x'.repeat(10_000)}"]`, `42["x","${'x'.repeat(10_000)}"]`)
    expect(await client.next()).toContain('"code":"protocol_abuse"')
    await client.closed
  })

  test('may not even begin with more than that over polling', async () => {
    await using engine = start({ signIn: true })
    const client = await polling(engine)
    expect((await client.post(`40{"token":"${'x'.repeat(40_000)}"}`)).status).toBe(400)
    expect((await client.get()).status).toBe(400)
  })

  test('counts what is binary', async () => {
    await using engine = start({ signIn: true })
    using client = await joined(engine)
    client.send('451-["x",{"_placeholder":true,"num":0}]', new Uint8Array(17_000))
    expect(await client.next()).toContain('"code":"protocol_abuse"')
  })

  test('says what it wants once it was let in', async () => {
    await using engine = start({ signIn: true }, (io) =>
      io.on('connection', (socket) => socket.on('echo', (text, reply) => reply(text))),
    )
    using client = await joined(engine, '40{"token":"one"}')
    expect(engine.guarded.counts().strangers).toBe(1)
    admit(engine, client.sid)
    expect(engine.guarded.counts().strangers).toBe(0)
    const text = 'x'.repeat(20_000)
    for (let n = 0; n < 20; n++) client.send(`42${n}["echo","${text}"]`)
    for (let n = 0; n < 20; n++) expect(await client.next()).toBe(`43${n}["${text}"]`)
  })

  test('is told where no namespace is open yet, and does not come back', async () => {
    await using engine = start({ signIn: true }, (io) => void io.use(() => {}))
    using client = stock(engine, { auth: { token: 'x'.repeat(20_000) } })
    const [error] = await once<[{ data: { code: string } }]>(client, 'connect_error')
    expect(error.data.code).toBe('protocol_abuse')
    await until(() => !client.active)
  })
})

describe('an address', () => {
  test('holds so many connections that came without a token, and no more', async () => {
    await using engine = start({ signIn: true, perAddress: 3 })
    for (let n = 0; n < 3; n++) keep(await joined(engine))
    expect(await takes(engine)).toBe(false)
    expect(engine.guarded.counts().connections).toBe(3)
  })

  test('that is crowded by strangers still lets in who brings a token', async () => {
    await using engine = start({ signIn: true, perAddress: 2 })
    for (let n = 0; n < 2; n++) keep(await joined(engine))
    keep(await joined(engine, '40{"token":"one"}'))
    expect(await takes(engine)).toBe(false)
    expect(engine.guarded.counts().connections).toBe(3)
  })

  test('may have more of those that brought a token, or were let in', async () => {
    await using engine = start({ signIn: true, perAddress: 1 })
    for (let n = 0; n < 3; n++) keep(await joined(engine, '40{"token":"one"}'))
    const late = keep(await joined(engine))
    expect(await takes(engine)).toBe(false)
    admit(engine, late.sid)
    expect(await takes(engine)).toBe(true)
  })

  test('that had one refused has one more without', async () => {
    await using engine = start({ signIn: true, perAddress: 1 })
    const client = keep(await joined(engine, '40{"token":"none of ours"}'))
    expect(await takes(engine)).toBe(true)
    const connection = engine.connection(client.sid)
    if (connection) engine.guarded.bears(connection, false)
    expect(await takes(engine)).toBe(false)
  })

  test('has those counted, too, that say nothing for a while', async () => {
    await using engine = start({ signIn: true, perAddress: 2, tokenGrace: 30 })
    const clients = [websocket(engine), websocket(engine), websocket(engine)].map(keep)
    await Promise.all(clients.map(({ next }) => next()))
    expect(engine.guarded.counts().connections).toBe(3)
    await engine.closed.next() // one more than may stay
    expect(engine.guarded.counts().connections).toBe(2)
    expect(await takes(engine)).toBe(false)
  })

  test('is free again when they are gone', async () => {
    await using engine = start({ signIn: true, perAddress: 1 })
    const client = await joined(engine)
    expect(await takes(engine)).toBe(false)
    client.socket.close()
    await engine.closed.next()
    expect(await takes(engine)).toBe(true)
  })

  test('is the one behind a trusted proxy', async () => {
    await using engine = start({ signIn: true, perAddress: 1, trustedProxies: ['127.0.0.1'] })
    keep(await joined(engine, '40', { headers: { 'x-forwarded-for': '203.0.113.7' } }))
    expect(await takes(engine, { 'x-forwarded-for': '203.0.113.7' })).toBe(false)
    expect(await takes(engine, { 'x-forwarded-for': '203.0.113.8' })).toBe(true)
  })

  test('has no limit where limits are off, but the leash stays', async () => {
    await using engine = start({ signIn: true, perAddress: 1, limits: false })
    for (let n = 0; n < 3; n++) keep(await joined(engine))
    const client = keep(await joined(engine))
    for (let n = 0; n < 10; n++) client.send('42["x"]')
    expect(await client.next()).toContain('"code":"protocol_abuse"')
  })

  test('does not matter where nobody has to sign in', async () => {
    await using engine = start({ perAddress: 1 })
    for (let n = 0; n < 5; n++) keep(await joined(engine))
    expect(engine.guarded.counts()).toMatchObject({ connections: 5, strangers: 0 })
  })
})

describe('an address that does harm', () => {
  test('is kept out where whoever stands behind the engine says so; who is in stays', async () => {
    const asked: string[] = []
    let harmful = false
    const keepOut = (address: string) => {
      asked.push(address)
      return harmful ? new Response(null, { status: 429 }) : undefined
    }
    await using engine = start({ signIn: true, hooks: { keepOut } })
    using client = await joined(engine, '40{"token":"one"}')
    const polled = await polling(engine)
    harmful = true
    expect(await statusOf(engine)).toBe(429)
    expect((await websocket(engine).closed).code).not.toBe(1000)
    expect([...new Set(asked)]).toEqual(['127.0.0.1'])
    expect(engine.guarded.counts().refused.hook).toBe(2)
    expect((await polled.post('40')).status).toBe(200)
    client.send('40/nowhere')
    expect(await client.message()).toStartWith('44/nowhere')
  })

  test('has those turned out who brought no token, and no others', async () => {
    await using engine = start({ signIn: true, trustedProxies: ['127.0.0.1'] })
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
    using stranger = await joined(engine, '40', from('203.0.113.7'))
    using bearer = await joined(engine, '40{"token":"one"}', from('203.0.113.7'))
    using elsewhere = await joined(engine, '40', from('203.0.113.8'))
    engine.guarded.turnOut('203.0.113.7', new Failure('protocol_abuse', 'Too much.'))
    expect(await stranger.message()).toContain('"code":"protocol_abuse"')
    await stranger.closed
    for (const { sid } of [bearer, elsewhere]) expect(engine.connection(sid)?.readyState).toBe('open')
  })
})

test('a server that is full asks newcomers to wait, and has room again when someone leaves', async () => {
  await using engine = start({ maxConnections: 2 })
  const first = await joined(engine)
  keep(await joined(engine))
  const response = await fetch(`${engine.url}${HANDSHAKE}`)
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
  expect((await websocket(engine).closed).code).not.toBe(1000)
  first.socket.close()
  await engine.closed.next()
  expect(await statusOf(engine)).toBe(200)
})

test('a stock client that is refused for now comes back by itself', async () => {
  await using engine = start({ maxConnections: 1 })
  const first = await joined(engine)
  using client = stock(engine)
  await once(client, 'connect_error')
  first.socket.close()
  await once(client, 'connect')
})
