/** Dead clients are found, and heartbeats are no way to wear the engine out. */
import { expect, test } from 'bun:test'
import { Deadlines } from '../../src/engine/deadlines.ts'
import { connectionOf, wireOf } from '../../src/engine/guarded.ts'
import { bunOnly, joined, polling, queue, start, until } from './raw.ts'

bunOnly('a client that floods with pongs nobody asked for is closed, and costs no timer', async () => {
  await using engine = start()
  using client = await joined(engine)
  client.send(...Array(50).fill('3'))
  await client.closed
  expect(await engine.closed.next()).toMatchObject({ reason: 'parse error' })
  expect([engine.guarded.engine.pings.size, engine.guarded.engine.pongs.size]).toEqual([0, 0])
})

test('a client that floods with pongs over polling is closed', async () => {
  await using engine = start()
  const client = await polling(engine)
  expect((await client.post(Array(50).fill('3').join('\x1e'))).status).toBe(400)
})

test('one pong too many is let pass, and moves no heartbeat', async () => {
  await using engine = start({ pingInterval: 60, pingTimeout: 60 })
  using client = await joined(engine)
  client.send('3')
  expect(await client.next()).toBe('2')
  client.send('3')
  expect(await client.next()).toBe('2')
})

test('a client that answered once and then no more is found', async () => {
  await using engine = start({ pingInterval: 40, pingTimeout: 30 })
  using client = await joined(engine)
  expect(await client.next()).toBe('2')
  client.send('3')
  await client.closed
  expect(await engine.closed.next()).toMatchObject({ reason: 'ping timeout', slowConsumer: false })
  expect(client.heard).toEqual(['2'])
})

bunOnly('the end of the service is the end of all its timers', async () => {
  const engine = start({ signIn: true })
  using client = await joined(engine)
  const poller = await polling(engine)
  expect(engine.guarded.engine.pings.size).toBe(2)
  await engine.stop()
  await client.closed
  const { pings, pongs, upgrades, connecting } = engine.guarded.engine
  expect([pings, pongs, upgrades, connecting].map(({ size }) => size)).toEqual([0, 0, 0, 0])
  expect(fetch(poller.url)).rejects.toThrow()
})

test('what is due comes in the order in which it was added, and what was taken back does not', async () => {
  const due = queue<string>()
  const deadlines = new Deadlines<string>(20, due.push)
  for (const item of ['a', 'b', 'c']) deadlines.add(item)
  deadlines.delete('b')
  deadlines.add('a')
  expect([await due.next(), await due.next()]).toEqual(['c', 'a'])
  deadlines.add('d')
  deadlines.clear()
  const others = new Deadlines<string>(40, due.push)
  others.add('e')
  expect(await due.next()).toBe('e')
  await until(() => deadlines.size === 0)
})

bunOnly('a ping comes after all that was told before it, published or sent, alone or together', async () => {
  await using engine = start()
  using client = await joined(engine)
  const [socket] = engine.io.sockets.sockets.values()
  if (!socket) throw new Error('No socket.')
  wireOf(socket.conn.transport)?.subscribe('topic')
  const connection = connectionOf(socket)
  engine.publish('topic', '42["n",1]')
  connection.together(100, () => {
    socket.emit('n', 2)
    engine.publish('topic', '42["n",3]')
    socket.emit('n', 4)
  })
  engine.publish('topic', '42["n",5]')
  connection.measure()
  const heard = [
    await client.next(),
    await client.next(),
    await client.next(),
    await client.next(),
    await client.next(),
  ]
  expect(heard).toEqual([1, 2, 3, 4, 5].map((n) => `42["n",${n}]`))
  expect(await client.next()).toBe('2')
})
