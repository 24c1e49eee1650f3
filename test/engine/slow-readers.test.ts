/** Who does not read is closed. What was sent to others, and what it gets until then, has no hole. */
import { describe, expect, test } from 'bun:test'
import { connectionOf, wireOf } from '../../src/engine/guarded.ts'
import { bunOnly, joined, once, pausedReader, polling, type Started, start, stock, until } from './raw.ts'

/** Four times this may wait. */
const maxPayload = 20_000

const numbered = (n: number) => `${n}:${'x'.repeat(5_000)}`

/** More than the system's own buffers take. */
const MANY = 3_000

async function reader(engine: Started) {
  const client = await pausedReader(engine)
  client.say('40')
  await until(() => engine.io.sockets.sockets.size === 1)
  client.pause()
  const [socket] = engine.io.sockets.sockets.values()
  if (!socket) throw new Error('No socket.')
  return { client, socket }
}

/** What the n-th of its events says. */
const numbers = (frames: string[]) =>
  frames.filter((frame) => frame.startsWith('42')).map((frame) => Number(JSON.parse(frame.slice(2))[1].split(':')[0]))

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

describe('a WebSocket that is not read', () => {
  test('is closed as a slow consumer, and had all up to some event and none after it', async () => {
    await using engine = start({ maxPayload })
    const { client, socket } = await reader(engine)
    const gone = once(socket, 'disconnect')
    for (let n = 0; n < MANY; n++) socket.emit('event', numbered(n))
    expect(await gone).toEqual(['transport close', undefined])
    expect(await engine.closed.next()).toMatchObject({ slowConsumer: true, code: 1006 })
    const heard = numbers(await client.rest())
    expect(heard.length).toBeLessThan(MANY)
    expect(heard).toEqual(upTo(heard.length))
    expect(engine.guarded.counts()).toMatchObject({ slowConsumers: 1, connections: 0 })
  })

  test('is closed as a slow consumer where it is sent to over many turns', async () => {
    await using engine = start({ maxPayload })
    const { client, socket } = await reader(engine)
    for (let n = 0; socket.connected && n < MANY; n++) {
      socket.emit('event', numbered(n))
      if (n % 10 === 0) await new Promise(setImmediate)
    }
    expect(await engine.closed.next()).toMatchObject({ slowConsumer: true })
    const heard = numbers(await client.rest())
    expect(heard).toEqual(upTo(heard.length))
  })

  bunOnly('is closed as a slow consumer where what it is sent goes together, and had no hole', async () => {
    await using engine = start({ maxPayload })
    const { client, socket } = await reader(engine)
    const page = 3
    for (let n = 0; socket.connected && n < MANY; n += page) {
      const write = () => {
        for (let at = n; at < n + page; at++) socket.emit('event', numbered(at))
      }
      connectionOf(socket).together(page * 5_100, write)
      if (n % 10 === 0) await new Promise(setImmediate)
    }
    expect(await engine.closed.next()).toMatchObject({ slowConsumer: true })
    const heard = numbers(await client.rest())
    expect(heard.length).toBeGreaterThan(0)
    expect(heard).toEqual(upTo(heard.length))
  })

  const publishing: [string, number][] = [
    ['long', 19_000], // which Bun sends at once
    ['short', 1_000], // which it gathers first
  ]
  bunOnly.each(publishing)(
    'is closed as a slow consumer of %s frames of a topic, and others hear all of them',
    async (_, length) => {
      await using engine = start({ maxPayload })
      const { client, socket } = await reader(engine)
      using other = await joined(engine)
      for (const { conn } of engine.io.sockets.sockets.values()) wireOf(conn.transport)?.subscribe('topic')
      let count = 0
      while (socket.connected) {
        for (let n = 0; n < 20; n++) engine.publish('topic', `42["event","${count++}:${'x'.repeat(length)}"]`)
        await new Promise(setImmediate)
      }
      expect(await engine.closed.next()).toMatchObject({ slowConsumer: true })
      const heard = numbers(await client.rest())
      expect(heard.length).toBeLessThan(count)
      expect(heard).toEqual(upTo(heard.length))
      await until(() => other.heard.length === count)
      expect(numbers(other.heard)).toEqual(upTo(count))
    },
  )

  test('and goes away by itself is not called slow', async () => {
    await using engine = start({ maxPayload })
    const { client, socket } = await reader(engine)
    socket.emit('event', numbered(0))
    client[Symbol.dispose]()
    expect(await engine.closed.next()).toMatchObject({ slowConsumer: false })
    expect(engine.guarded.counts().slowConsumers).toBe(0)
  })

  test('hears nothing volatile, and all of it again when it reads', async () => {
    await using engine = start({ maxPayload: 1_000_000 })
    const { client, socket } = await reader(engine)
    const conn = connectionOf(socket)
    let n = 0
    while (conn.bufferedAmount < 100_000) socket.emit('event', numbered(n++))
    const waiting = conn.bufferedAmount
    socket.volatile.emit('event', numbered(-1))
    expect(conn.bufferedAmount).toBe(waiting)
    client.resume()
    await until(() => conn.bufferedAmount === 0)
    socket.volatile.emit('event', numbered(n))
    await until(() => numbers(client.heard()).length > n)
    expect(numbers(client.heard())).toEqual(upTo(n + 1))
  })
})

describe('polling that does not come back', () => {
  test('is closed as a slow consumer, and told so when it does', async () => {
    await using engine = start({ maxPayload })
    const client = await polling(engine)
    await client.post('40')
    expect(await client.poll()).toStartWith('40')
    const [socket] = engine.io.sockets.sockets.values()
    for (let n = 0; n < 20; n++) socket?.emit('event', numbered(n))
    expect(await engine.closed.next()).toMatchObject({ slowConsumer: true, id: client.sid })
    const told = await client.poll()
    expect(JSON.parse(told.slice(2))).toEqual(['error', expect.objectContaining({ code: 'slow_consumer' })])
    expect(await client.poll()).toBe('1')
    expect((await client.get()).status).toBe(400)
  })

  test('has waiting what it has not fetched', async () => {
    await using engine = start()
    const client = await polling(engine)
    await client.post('40')
    await client.poll()
    const [socket] = engine.io.sockets.sockets.values()
    if (!socket) throw new Error('No socket.')
    socket.emit('event', 'kept')
    socket.volatile.emit('event', 'left out')
    expect(connectionOf(socket).bufferedAmount).toBe('2["event","kept"]'.length)
    expect(await client.poll()).toBe('42["event","kept"]')
    expect(connectionOf(socket).bufferedAmount).toBe(0)
  })

  test('fetches sixteen packets at a time', async () => {
    await using engine = start()
    const client = await polling(engine)
    await client.post('40')
    await client.poll()
    const [socket] = engine.io.sockets.sockets.values()
    for (let n = 0; n < 40; n++) socket?.emit('event', `${n}`)
    const polls = [await client.poll(), await client.poll(), await client.poll()]
    expect(polls.map((poll) => poll.split('\x1e').length)).toEqual([16, 16, 8])
    expect(numbers(polls.flatMap((poll) => poll.split('\x1e')))).toEqual(upTo(40))
  })
})

test('a slow consumer that is a stock client comes back by itself', async () => {
  await using engine = start({ maxPayload }, (io) =>
    io.on('connection', (socket) => {
      socket.on('flood', () => connectionOf(socket).overrun())
    }),
  )
  using client = stock(engine)
  await once(client, 'connect')
  const dropped = once(client, 'disconnect')
  client.emit('flood')
  expect((await dropped)[0]).toBe('transport close')
  await once(client, 'connect')
})
