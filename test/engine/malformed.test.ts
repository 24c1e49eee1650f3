/** What no client that follows the protocol sends. Whoever sends it is told, or cut off; nobody else notices. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { isDeeper } from '../../src/engine/json.ts'
import type { Failure } from '../../src/protocol/failure.ts'
import { joined, polling, type RawSocket, start, websocket } from './raw.ts'

const maxPayload = 100_000

const engine = start({ maxPayload, limits: false }, (io) =>
  io.on('connection', (socket) => {
    socket.on('echo', (...args) => (args.pop() as (...replies: unknown[]) => void)(...args))
    socket.on('disconnect', () => disconnected.push(socket.id))
    socket.on('throws', () => {
      throw new Error('a bug in a handler')
    })
  }),
)
const disconnected: string[] = []
let bystander: RawSocket
beforeAll(async () => {
  bystander = await joined(engine)
})
afterAll(async () => {
  bystander.send('421["echo","still here"]')
  expect(await bystander.message()).toBe('431["still here"]')
  expect(engine.errors).toEqual([])
  await engine.stop()
})

const nested = (levels: number, inner = '') => '['.repeat(levels) + inner + ']'.repeat(levels)

/** What it was told, without the words. */
const codeOf = (frame: string) => frame.replace(/^(\d+).*"code":"([a-z_]+)".*$/, '$1 $2')

describe('JSON nested too deep', () => {
  test('of 64 levels is let through, of 65 is refused to whoever asked', async () => {
    using client = await joined(engine)
    client.send(`421["echo",${nested(63)}]`, `422["echo",${nested(64)}]`)
    expect(await client.next()).toBe(`431[${nested(63)}]`)
    const answer = await client.next()
    expect(codeOf(answer)).toBe('432 validation_failed')
    expect(JSON.parse(answer.slice(3))[0].details).toEqual([{ path: '', message: 'Nested deeper than 64 levels.' }])
  })

  test('is told in an error where no answer was asked for', async () => {
    using client = await joined(engine)
    client.send(`42["echo",${nested(70)}]`)
    const answer = await client.next()
    expect([answer.slice(0, 11), codeOf(answer)]).toEqual(['42["error",', '42 validation_failed'])
  })

  test.each([
    ['lists', '['.repeat(49_000) + ']'.repeat(49_000)],
    ['objects', `${'{"a":'.repeat(16_000)}1${'}'.repeat(16_000)}`],
    ['lists without an end', '['.repeat(98_000)],
    ['lists among texts full of brackets', nested(70, '"[[[\\"]]]","\\\\"')],
  ])('is refused in no time: %s', async (_, json) => {
    using client = await joined(engine)
    const began = performance.now()
    client.send(`427["echo",${json}]`)
    expect(codeOf(await client.next())).toBe('437 validation_failed')
    expect(performance.now() - began).toBeLessThan(3_000)
  })

  test('a megabyte of it does not end the process', async () => {
    await using large = start()
    using client = await joined(large)
    client.send(`427["echo",${nested(499_000)}]`)
    expect(codeOf(await client.next())).toBe('437 validation_failed')
  })

  test('is refused in what opens a namespace, and in what acknowledges', async () => {
    using client = await joined(engine)
    client.send(`40/custom,{"token":${nested(70)}}`, `431[${nested(70)}]`)
    expect(codeOf(await client.next())).toBe('44 not_found'.replace('not_found', 'validation_failed'))
    expect(codeOf(await client.next())).toBe('42 validation_failed')
  })

  test('is refused around what is binary, whose frames are then passed over', async () => {
    using client = await joined(engine)
    client.send(
      `452-5["echo",${nested(70, '{"_placeholder":true,"num":0}')}]`,
      new Uint8Array([1]),
      new Uint8Array([2]),
    )
    client.send('426["echo","next"]')
    expect(codeOf(await client.next())).toBe('435 validation_failed')
    expect(await client.next()).toBe('436["next"]')
  })

  test('is not seen in texts', () => {
    expect(isDeeper(`["${'['.repeat(500)}"]`, 0, 64)).toBe(false)
    expect(isDeeper(`["\\"${'['.repeat(500)}"]`, 0, 64)).toBe(false)
    expect(isDeeper(`["\\\\",${nested(64)}]`, 0, 64)).toBe(true)
    expect(isDeeper(`[${'[],'.repeat(500)}1]`, 0, 64)).toBe(false)
  })
})

describe('too much', () => {
  test('of bytes is refused to whoever asked, and the connection stays', async () => {
    using client = await joined(engine)
    client.send(`429["echo","${'x'.repeat(maxPayload)}"]`, '421["echo","next"]')
    expect(codeOf(await client.next())).toBe('439 payload_too_large')
    expect(await client.next()).toBe('431["next"]')
  })

  test('of bytes is counted in UTF-8', async () => {
    using client = await joined(engine)
    client.send(`429["echo","${'€'.repeat(maxPayload / 3)}"]`)
    expect(codeOf(await client.next())).toBe('439 payload_too_large')
  })

  test('of bytes in attachments together is refused as well, and they are passed over', async () => {
    using client = await joined(engine)
    const attachment = new Uint8Array(maxPayload / 2 + 1)
    client.send('452-8["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', attachment, attachment)
    client.send('421["echo","next"]')
    expect(codeOf(await client.next())).toBe('438 payload_too_large')
    expect(await client.next()).toBe('431["next"]')
  })

  test('of bytes to be read at all cuts the connection', async () => {
    using client = await joined(engine)
    client.send(`42["echo","${'x'.repeat(3 * maxPayload)}"]`)
    await client.closed
  })

  test('of attachments is refused to whoever asked, and they are passed over', async () => {
    using client = await joined(engine)
    client.send('4511-3["echo"]', ...Array.from({ length: 11 }, () => new Uint8Array([1])), '421["echo","next"]')
    expect(codeOf(await client.next())).toBe('433 payload_too_large')
    expect(await client.next()).toBe('431["next"]')
  })

  test('of arguments is refused to whoever asked', async () => {
    using client = await joined(engine)
    client.send(`423["echo"${',1'.repeat(40_000)}]`)
    expect(codeOf(await client.next())).toBe('433 validation_failed')
  })

  test('of packets in one request ends the session, and none of them counts', async () => {
    const client = await polling(engine)
    await client.post('40')
    await client.poll()
    const before = disconnected.length
    expect((await client.post(Array(1_001).fill('42["throws"]').join('\x1e'))).status).toBe(400)
    expect(disconnected.length).toBe(before + 1)
    expect((await client.get()).status).toBe(400)
  })

  test('of empty packets in one request takes no time', async () => {
    const client = await polling(engine)
    const began = performance.now()
    expect((await client.post('\x1e'.repeat(99_000))).status).toBe(400)
    expect(performance.now() - began).toBeLessThan(3_000)
  })
})

describe('what is no packet', () => {
  test.each([
    ['nothing', '4'],
    ['no type', '4abc'],
    ['an unknown type', '47["echo"]'],
    ['no JSON', '42["echo"'],
    ['no list', '42{}'],
    ['no payload', '42'],
    ['an empty list', '42[]'],
    ['no name', '42[null]'],
    ['a name that is an object', '42[{"toString":1}]'],
    ['an id that is none', '42abc["echo"]'],
    ['an id below nothing', '42-1["echo"]'],
    ['an id too large to come back', '429999999999999999["echo"]'],
    ['an acknowledgement that is no list', '431{}'],
    ['a refusal, which only servers send', '44{"message":"no"}'],
    ['a farewell that says something', '41["echo"]'],
    ['a namespace that is not open', '42/other,["echo"]'],
    ['a namespace without an end', `42/${'x'.repeat(5_000)}`],
    ['authorization that is no object', '40/custom,["token"]'],
    ['attachments that are no number', '45["echo"]'],
    ['no attachments', '450-["echo"]'],
    ['more attachments than can be counted', '4599999999999999999-["echo"]'],
  ])('ends the connection, which is told why: %s', async (_, frame) => {
    using client = await joined(engine)
    client.send(frame)
    expect(codeOf(await client.next())).toBe('42 protocol_abuse')
    await client.closed
  })

  test.each(['4abc', '42["echo"]', '41'])('is refused for good where no namespace is open: %s', async (frame) => {
    using client = websocket(engine)
    await client.next()
    client.send(frame)
    expect(codeOf(await client.next())).toBe('44 protocol_abuse')
    await client.closed
  })

  test('text where an attachment was to come', async () => {
    using client = await joined(engine)
    client.send('451-["echo",{"_placeholder":true,"num":0}]', '42["echo"]')
    expect(codeOf(await client.next())).toBe('42 protocol_abuse')
    await client.closed
  })

  test('binary where nothing binary was announced', async () => {
    using client = await joined(engine)
    client.send(new Uint8Array([1, 2, 3]))
    expect(codeOf(await client.next())).toBe('42 protocol_abuse')
    await client.closed
  })

  test.each(['1', '-1', '1.5', '"length"', '"constructor"', 'null'])('a place for attachment %s', async (num) => {
    using client = await joined(engine)
    client.send(`451-["echo",{"_placeholder":true,"num":${num}}]`, new Uint8Array([1]))
    expect(codeOf(await client.next())).toBe('42 protocol_abuse')
    await client.closed
  })

  test('is heard by handlers as an error of the socket', async () => {
    await using other = start()
    using client = await joined(other)
    const [socket] = other.io.sockets.sockets.values()
    const heard = new Promise<Failure>((resolve) => socket?.once('error', (error) => resolve(error as Failure)))
    client.send('42{}')
    expect((await heard).code).toBe('protocol_abuse')
    await client.closed
  })

  test('over polling it is told as well, before the end', async () => {
    const client = await polling(engine)
    await client.post('40')
    await client.poll()
    await client.post('42{}')
    expect([codeOf(await client.poll()), await client.poll()]).toEqual(['42 protocol_abuse', '1'])
    expect((await client.get()).status).toBe(400)
  })
})

describe('names', () => {
  test.each(['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'])(
    'that mean something to Socket.IO itself are refused: %s',
    async (name) => {
      using client = await joined(engine)
      const before = disconnected.length
      client.send(`424["${name}","forged"]`)
      expect(codeOf(await client.next())).toBe('434 unknown_event')
      expect(disconnected.length).toBe(before)
    },
  )

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'error', 'nobody:listens'])(
    'that nobody listens to do nothing: %p',
    async (name) => {
      using client = await joined(engine)
      client.send(`42["${name}",{"__proto__":{"polluted":true}}]`, '421["echo"]')
      expect(await client.next()).toBe('431[]')
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    },
  )

  test('of objects in what comes are only names', async () => {
    using client = await joined(engine)
    client.send('421["echo",{"__proto__":{"polluted":true},"constructor":1,"toJSON":2}]')
    expect(await client.next()).toBe('431[{"__proto__":{"polluted":true},"constructor":1,"toJSON":2}]')
  })

  test('of objects are only names where something binary is among them, too', async () => {
    using client = await joined(engine)
    client.send('451-1["echo",{"__proto__":{"_placeholder":true,"num":0}}]', new Uint8Array([7]))
    const [answer, attachment] = [await client.next(), await client.next()]
    expect([answer.slice(0, 5), attachment]).toEqual(['461-1', '<07>'])
  })
})
