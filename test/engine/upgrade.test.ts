/** From polling to a WebSocket: once, in time, and nothing lost or told twice on the way. */
import { describe, expect, test } from 'bun:test'
import { wireOf } from '../../src/engine/guarded.ts'
import { bunOnly, once, polling, type Started, start, stock, until, websocket } from './raw.ts'

const SIXTY = Array.from({ length: 60 }, (_, n) => n)

/** In a namespace by polling, with a WebSocket opened beside it. */
async function upgrading(engine: Started) {
  const client = await polling(engine)
  await client.post('40')
  await client.poll()
  const socket = websocket(engine, `EIO=4&transport=websocket&sid=${client.sid}`)
  await socket.opened
  return { client, socket }
}

async function upgraded(engine: Started) {
  const { client, socket } = await upgrading(engine)
  socket.send('2probe')
  expect(await socket.next()).toBe('3probe')
  socket.send('5')
  await until(() => engine.connection(client.sid)?.transport.name === 'websocket')
  return { client, socket }
}

describe('an upgrade', () => {
  test('has its probe answered, ends the poll under way, and goes on over the WebSocket', async () => {
    await using engine = start({}, (io) => io.on('connection', (socket) => socket.on('ping', (reply) => reply('pong'))))
    const { client, socket } = await upgrading(engine)
    const poll = client.poll()
    await until(() => engine.connection(client.sid)?.transport.writable === true)
    socket.send('2probe')
    expect(await socket.next()).toBe('3probe')
    expect(await poll).toBe('6')
    socket.send('5', '420["ping"]')
    expect(await socket.next()).toBe('430["pong"]')
    expect((await client.get()).status).toBe(400)
    expect((await client.post('42["ping"]')).status).toBe(400)
    socket.socket.close()
  })

  test('answers at once a poll that comes between probe and end', async () => {
    await using engine = start()
    const { client, socket } = await upgrading(engine)
    socket.send('2probe')
    await socket.next()
    expect(await client.poll()).toBe('6')
    socket.socket.close()
  })

  bunOnly('is probed once: a second probe closes it, and polling goes on', async () => {
    await using engine = start({}, (io) => io.on('connection', (socket) => socket.on('ping', (reply) => reply('pong'))))
    const { client, socket } = await upgrading(engine)
    socket.send('2probe', '2probe', '2probe')
    await socket.closed
    expect(socket.heard).toEqual(['3probe'])
    expect(engine.guarded.engine.upgrades.size).toBe(0)
    await client.post('420["ping"]')
    expect(await client.poll()).toBe('430["pong"]')
  })

  test.each([['5'], ['40'], ['42["early"]'], ['3'], [new Uint8Array([1])]])(
    'is given up where it begins with anything but a probe: %p',
    async (frame) => {
      await using engine = start()
      const { client, socket } = await upgrading(engine)
      socket.send(frame)
      await socket.closed
      expect(engine.connection(client.sid)?.transport.name).toBe('polling')
    },
  )

  test('that does not end in time is given up, and polling goes on', async () => {
    await using engine = start({ upgradeTimeout: 30 })
    const { client, socket } = await upgrading(engine)
    socket.send('2probe')
    await socket.closed
    expect(engine.connection(client.sid)?.transport.name).toBe('polling')
  })

  test('is tried once, and only where there is something to upgrade', async () => {
    await using engine = start()
    const { client, socket } = await upgraded(engine)
    await websocket(engine, `EIO=4&transport=websocket&sid=${client.sid}`).closed
    using native = websocket(engine)
    const { sid } = JSON.parse((await native.next()).slice(1))
    await websocket(engine, `EIO=4&transport=websocket&sid=${sid}`).closed
    expect(engine.guarded.counts().connections).toBe(2)
    socket.socket.close()
  })

  bunOnly('that is under way ends with its connection', async () => {
    await using engine = start()
    const { client, socket } = await upgrading(engine)
    engine.connection(client.sid)?.close()
    await socket.closed
    expect(engine.guarded.engine.upgrades.size).toBe(0)
    expect(await client.poll()).toBe('1')
  })

  bunOnly(
    'that has been probed is let go over before its connection ends, and is told the last things there',
    async () => {
      await using engine = start()
      const { client, socket } = await upgrading(engine)
      socket.send('2probe')
      await socket.next()
      engine.connection(client.sid)?.write('2["last"]')
      engine.connection(client.sid)?.close()
      socket.send('5')
      expect(await socket.next()).toBe('42["last"]')
      await socket.closed
      expect(engine.guarded.engine.upgrades.size).toBe(0)
      expect((await client.get()).status).toBe(400)
    },
  )

  test('that has been probed and does not go over ends in time, too', async () => {
    await using engine = start({ upgradeTimeout: 30 })
    const { client, socket } = await upgrading(engine)
    socket.send('2probe')
    await socket.next()
    engine.connection(client.sid)?.close()
    await socket.closed
    expect(await client.poll()).toBe('1')
  })
})

bunOnly(
  'what waited for a poll comes first on the WebSocket, then what was published from the upgrade on',
  async () => {
    await using engine = start({}, (io) =>
      io.on('connection', (socket) => {
        socket.conn.on('upgrade', (transport: object) => {
          wireOf(transport)?.subscribe('topic')
          engine.publish('topic', '42["n",2]')
        })
      }),
    )
    const { client, socket } = await upgrading(engine)
    socket.send('2probe')
    await socket.next()
    for (const one of engine.io.sockets.sockets.values()) one.emit('n', 1)
    socket.send('5')
    expect([await socket.next(), await socket.next()]).toEqual(['42["n",1]', '42["n",2]'])
    expect(engine.connection(client.sid)?.bufferedAmount).toBe(0)
    socket.socket.close()
  },
)

bunOnly('a publish and a send to one socket arrive in the order in which they were made', async () => {
  await using engine = start({}, (io) =>
    io.on('connection', (socket) => {
      wireOf(socket.conn.transport)?.subscribe('topic')
      socket.on('go', () => {
        for (const n of SIXTY) {
          if (n % 3 === 0) socket.emit('n', n)
          else engine.publish('topic', `42["n",${n}]`)
        }
      })
    }),
  )
  using client = stock(engine)
  const heard: number[] = []
  client.on('n', (n) => heard.push(n))
  client.emit('go')
  await until(() => heard.length === SIXTY.length)
  expect(heard).toEqual(SIXTY)
})

test('a stock client that upgrades while it is told things without a pause hears each once, in order', async () => {
  await using engine = start({}, (io) =>
    io.on('connection', (socket) => {
      let n = 0
      const say = () => {
        if (n < 3_000) socket.emit('n', n++)
        if (n < 3_000) setImmediate(say)
      }
      say()
    }),
  )
  using client = stock(engine, { transports: ['polling', 'websocket'] })
  const heard: number[] = []
  client.on('n', (n) => heard.push(n))
  await once(client, 'connect')
  await until(() => heard.length === 3_000)
  expect(client.io.engine.transport.name).toBe('websocket')
  expect(heard).toEqual(Array.from({ length: 3_000 }, (_, n) => n))
})

test('what a client sends while it upgrades arrives, each once, in order', async () => {
  const heard: number[] = []
  await using engine = start({}, (io) => io.on('connection', (socket) => socket.on('n', (n) => heard.push(n))))
  using client = stock(engine, { transports: ['polling', 'websocket'] })
  await once(client, 'connect')
  for (let n = 0; n < 300; n++) {
    client.emit('n', n)
    await new Promise(setImmediate)
  }
  await until(() => heard.length === 300)
  expect(heard).toEqual(Array.from({ length: 300 }, (_, n) => n))
})
