/** The client that people use, as it comes, against the engine with all its guards. */
import { describe, expect, test } from 'bun:test'
import type { Server } from 'socket.io'
import type { ManagerOptions, SocketOptions } from 'socket.io-client'
import * as msgpack from 'socket.io-msgpack-parser'
import { connectionOf } from '../../src/engine/guarded.ts'
import { once, start, stock, until } from './raw.ts'

const ways: [string, string[]][] = [
  ['WebSocket', ['websocket']],
  ['polling', ['polling']],
  ['polling, then WebSocket', ['polling', 'websocket']],
]
const parsers: ['json' | 'msgpack', Partial<ManagerOptions & SocketOptions>][] = [
  ['json', {}],
  ['msgpack', { parser: msgpack }],
]
const all = parsers.flatMap(([parser, options]) =>
  ways.map(([way, transports]) => [`${parser} over ${way}`, parser, { ...options, transports }] as const),
)

const echo = (io: Server) =>
  void io.on('connection', (socket) => {
    socket.on('echo', (...args) => (args.pop() as (...replies: unknown[]) => void)(...args))
    socket.on('drop me', () => connectionOf(socket).close())
    socket.on('count', (to: number) => {
      for (let n = 1; n <= to; n++) socket.emit('number', n)
    })
  })

describe.each(all)('%s', (_, parser, options) => {
  test('what is said comes back, binary as binary', async () => {
    await using engine = start({ parser }, echo)
    using client = stock(engine, options)
    const said = { text: 'ü€😀', list: [1, null, { deep: true }], raw: Buffer.from([1, 2, 3]) }
    const back = await client.emitWithAck('echo', said)
    expect({ ...back, raw: Buffer.from(back.raw) }).toEqual(said)
    expect(engine.errors).toEqual([])
  })

  test('many events arrive in the order they were sent', async () => {
    await using engine = start({ parser }, echo)
    using client = stock(engine, options)
    const heard: number[] = []
    client.on('number', (n) => heard.push(n))
    client.emit('count', 300)
    await until(() => heard.length === 300)
    expect(heard).toEqual(Array.from({ length: 300 }, (_, n) => n + 1))
  })

  test('whose connection is closed by the service comes back by itself', async () => {
    await using engine = start({ parser }, echo)
    using client = stock(engine, options)
    await once(client, 'connect')
    const dropped = once(client, 'disconnect')
    client.emit('drop me')
    expect(await dropped).toEqual(['transport close', expect.anything()])
    await once(client, 'connect')
    expect(await client.emitWithAck('echo', 'again')).toBe('again')
  })
})

test('a client that asks for a namespace that is not there learns it from connect_error, and its others stay', async () => {
  await using engine = start({ hooks: { refusal: (failure) => failure.data } }, echo)
  using main = stock(engine)
  await once(main, 'connect')
  const other = main.io.socket('/nowhere')
  const [error] = await once<[Error & { data: unknown }]>(other, 'connect_error')
  expect([error.message, error.data]).toEqual([
    'Invalid namespace',
    { code: 'not_found', message: 'Invalid namespace', retryable: false },
  ])
  expect(main.connected).toBe(true)
})

test('with permessage-deflate, what is long goes compressed, and arrives as it was', async () => {
  await using engine = start({ compression: true }, echo)
  using client = stock(engine)
  const text = 'long '.repeat(20_000)
  expect(await client.emitWithAck('echo', text)).toBe(text)
})

test('a client that is disconnected for good is told so, and does not come back', async () => {
  await using engine = start({}, (io) => void io.on('connection', (socket) => socket.disconnect(true)))
  using client = stock(engine)
  const [reason] = await once(client, 'disconnect')
  expect(reason).toBe('io server disconnect')
  expect(client.active).toBe(false)
})

test('rooms, broadcasts and acknowledgements of many work as in Socket.IO itself', async () => {
  await using engine = start({}, (io) => void io.on('connection', (socket) => socket.join('room')))
  using ada = stock(engine)
  using bob = stock(engine, { transports: ['polling'] })
  await Promise.all([once(ada, 'connect'), once(bob, 'connect')])
  ada.on('ask', (reply) => reply('ada'))
  bob.on('ask', (reply) => reply('bob'))
  const heard = Promise.all([once(ada, 'news'), once(bob, 'news')])
  engine.io.to('room').emit('news', 'for all')
  expect(await heard).toEqual([['for all'], ['for all']])
  const answers = await engine.io.to('room').timeout(1_000).emitWithAck('ask')
  expect(answers.sort()).toEqual(['ada', 'bob'])
})
