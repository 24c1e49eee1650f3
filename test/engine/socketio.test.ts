/** Socket.IO, revision 5, spoken to the engine with all its guards and none of the features. */
import { afterAll, describe, expect, test } from 'bun:test'
import type { Failure } from '../../src/protocol/failure.ts'
import { joined, polling, start, websocket } from './raw.ts'

type Reply = (...args: unknown[]) => void

const engine = start({}, (io) => {
  io.on('connection', (socket) => {
    socket.on('greet', () => socket.emit('auth', socket.handshake.auth))
    socket.on('message', (...args) => socket.emit('message-back', ...args))
    socket.on('message-with-ack', (...args) => (args.pop() as Reply)(...args))
    socket.on('ask', (question) =>
      socket.emit('question', question, (...answer: unknown[]) => socket.emit('heard', ...answer)),
    )
    socket.on('leave', () => socket.disconnect())
    socket.on('leave-all', () => socket.disconnect(true))
  })
  io.of('/custom').on('connection', (socket) => socket.emit('auth', socket.handshake.auth))
  io.of('/closed').use((_, next) => next(Object.assign(new Error('Not you'), { data: { code: 'forbidden' } })))
  io.of('/slow').use(() => {})
  io.of('/broken').use(() => {
    throw new Error('a bug in a middleware')
  })
})
afterAll(() => engine.stop())

describe('a namespace', () => {
  test('is opened, and answers with an id of its own', async () => {
    using client = websocket(engine)
    const { sid } = JSON.parse((await client.next()).slice(1))
    client.send('40')
    const answer = await client.next()
    expect(answer).toStartWith('40{')
    expect(JSON.parse(answer.slice(2))).toEqual({ sid: expect.any(String) })
    expect(answer).not.toContain(sid) // who has the engine's id can poll in its place
  })

  test('hears what is given for its authorization', async () => {
    using client = await joined(engine, '40{"token":"123","__proto__":{"admin":true}}')
    client.send('42["greet"]')
    expect(await client.next()).toBe('42["auth",{"token":"123","__proto__":{"admin":true}}]')
  })

  test.each(['40/custom,', '40/custom'])('of another name is opened as well: %s', async (connect) => {
    using client = await joined(engine, connect)
    expect(await client.next()).toBe('42/custom,["auth",{}]')
  })

  test('that is not there is refused, and the connection stays', async () => {
    using client = await joined(engine)
    client.send('40/random', '42["message",1]')
    expect([await client.next(), await client.next()]).toEqual([
      '44/random,{"message":"Invalid namespace"}',
      '42["message-back",1]',
    ])
    expect(engine.io._nsps.has('/random')).toBe(false)
  })

  test('may refuse, with particulars', async () => {
    using client = await joined(engine, '')
    client.send('40/closed,')
    expect(await client.next()).toBe('44/closed,{"message":"Not you","data":{"code":"forbidden"}}')
  })

  test('whose middleware throws ends the connection with no more than that something failed', async () => {
    using client = await joined(engine)
    client.send('40/broken,')
    expect(await client.next()).toContain('"code":"internal","message":"Something failed on our side."')
    await client.closed
    expect(engine.errors.splice(0).map(String)).toEqual(['Error: a bug in a middleware'])
  })

  test('is left by itself, and the others go on', async () => {
    using client = await joined(engine)
    client.send('40/custom')
    await client.next()
    await client.next()
    client.send('41/custom', '42["message","to the main one"]')
    expect(await client.next()).toBe('42["message-back","to the main one"]')
    client.send('42/custom,["message"]')
    await client.closed
  })

  test('can send a client away, or close its whole connection', async () => {
    using client = await joined(engine)
    client.send('42["leave"]')
    expect(await client.next()).toBe('41')
    client.send('40')
    expect(await client.next()).toStartWith('40{')
    client.send('42["leave-all"]')
    await client.closed
  })

  test('must be opened again in time where the last one was left', async () => {
    await using hasty = start({ connectTimeout: 60 })
    using client = await joined(hasty)
    client.send('41')
    await client.closed
    expect(await hasty.closed.next()).toMatchObject({ reason: 'timeout' })
  })

  test('must be opened in time', async () => {
    await using hasty = start({ connectTimeout: 60 })
    const client = websocket(hasty)
    await client.closed
    expect(await hasty.closed.next()).toMatchObject({ reason: 'timeout' })
  })

  test.each(['40', '40/custom'])('is not opened twice: %s', async (connect) => {
    using client = await joined(engine, connect)
    client.send(connect)
    await client.closed
  })

  test('is opened once, however often it is asked for while it is still thought over', async () => {
    const letIn: (() => void)[] = []
    await using slow = start({}, (io) => {
      io.of('/other')
      io.of('/slow').use((_, next) => void letIn.push(next))
    })
    using client = await joined(slow)
    client.send('40/slow,', '40/slow,', '40/other,')
    expect(await client.next()).toStartWith('40/other,{')
    expect(letIn).toHaveLength(1)
    letIn[0]?.()
    expect(await client.next()).toStartWith('40/slow,{')
  })

  test('that is opened again and again ends the connection, which may come back', async () => {
    await using other = start({}, (io) => void io.of('/other'))
    using client = await joined(other)
    for (let n = 0; n < 30; n++) client.send('40/other,', '41/other,')
    await client.closed
    const [error] = client.heard.slice(-1)
    expect(error).toContain('"code":"rate_limited"')
    expect(error).toContain('"retryable":true')
  })

  test('is one of a bounded number on one connection', async () => {
    await using busy = start({}, (io) => void io.of(/^\/dynamic-\d+$/))
    using client = await joined(busy)
    for (let n = 1; n <= 15; n++) client.send(`40/dynamic-${n},`)
    for (let n = 1; n <= 15; n++) expect(await client.next()).toStartWith(`40/dynamic-${n},{`)
    client.send('40/dynamic-16,')
    const answer = await client.next()
    expect(JSON.parse(answer.slice(14)).data.code).toBe('forbidden')
    expect(busy.io._nsps.size).toBe(16)
  })

  test('made for one client goes with it', async () => {
    await using busy = start({}, (io) => void io.of(/^\/dynamic-\d+$/))
    using client = await joined(busy, '40/dynamic-7,')
    client.socket.close()
    expect((await busy.closed.next()).reason).toBe('transport close')
    expect([...busy.io._nsps.keys()]).toEqual(['/'])
  })
})

test('where there is a door, it says why an unknown namespace is refused', async () => {
  const hooks = { refusal: (failure: Failure) => ({ told: failure.data }) }
  await using guarded = start({ hooks })
  using client = await joined(guarded, '')
  client.send('40/random,')
  const answer = await client.next()
  expect(JSON.parse(answer.slice(10))).toEqual({
    message: 'Invalid namespace',
    data: { code: 'not_found', message: 'Invalid namespace', retryable: false },
  })
})

describe('events', () => {
  test('go both ways', async () => {
    using client = await joined(engine)
    client.send('42["message",1,"2",{"3":[true]}]')
    expect(await client.next()).toBe('42["message-back",1,"2",{"3":[true]}]')
  })

  test('are acknowledged', async () => {
    using client = await joined(engine)
    client.send('42456["message-with-ack",1,"2",{"3":[false]}]', '420["message-with-ack"]')
    expect([await client.next(), await client.next()]).toEqual(['43456[1,"2",{"3":[false]}]', '430[]'])
  })

  test('are acknowledged by clients', async () => {
    using client = await joined(engine)
    client.send('42["ask","why"]')
    const [, id] = /^42(\d+)\["question","why"\]$/.exec(await client.next()) ?? []
    client.send(`43${id}["because"]`, `43${id}["twice"]`, '4399999["nobody asked"]')
    expect(await client.next()).toBe('42["heard","because"]')
  })

  test('carry what is binary, with and without acknowledgement', async () => {
    using client = await joined(engine)
    const places = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}'
    const attachments = [new Uint8Array([1, 2, 3]), new Uint8Array([4, 5, 6])]
    client.send(`452-["message",${places}]`, ...attachments, `452-789["message-with-ack",${places}]`, ...attachments)
    const heard = await Promise.all(Array.from({ length: 6 }, client.next))
    expect(heard).toEqual([
      ...[`452-["message-back",${places}]`, '<010203>', '<040506>'],
      ...[`462-789[${places}]`, '<010203>', '<040506>'],
    ])
  })

  test('carry what is binary over polling', async () => {
    const client = await polling(engine)
    await client.post('40')
    expect(await client.poll()).toStartWith('40{')
    await client.post('451-["message",{"_placeholder":true,"num":0}]\x1ebAQID')
    expect(await client.poll()).toBe('451-["message-back",{"_placeholder":true,"num":0}]\x1ebAQID')
  })
})
