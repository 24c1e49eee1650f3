/** The binary encoding: the same bounds as for JSON, though its own decoder knows none. */
import { afterAll, describe, expect, test } from 'bun:test'
import msgpack from 'socket.io-msgpack-parser'
import { msgpackCodec } from '../../src/engine/msgpack.ts'
import { joined, type RawSocket, start, websocket } from './raw.ts'

const maxPayload = 100_000

const engine = start({ parser: 'msgpack', maxPayload, limits: false }, (io) =>
  io.on('connection', (socket) => {
    socket.on('echo', (...args) => (args.pop() as (...replies: unknown[]) => void)(...args))
  }),
)
afterAll(async () => {
  expect(engine.errors).toEqual([])
  await engine.stop()
})

type Packet = Record<string, unknown>

const encoder = new msgpack.Encoder() as unknown as { encode(packet: Packet): [Buffer] }
const encode = (packet: Packet): Buffer => encoder.encode(packet)[0]

function decode(frame: string): Packet {
  const decoder = new msgpack.Decoder()
  let packet: Packet = {}
  decoder.on('decoded', (decoded: Packet) => {
    packet = decoded
  })
  decoder.add(Buffer.from(frame.slice(1, -1), 'hex'))
  return packet
}

async function open() {
  const client = websocket(engine)
  await client.next()
  client.send(encode({ type: 0, nsp: '/' }))
  expect(decode(await client.next())).toMatchObject({ type: 0, nsp: '/' })
  return client
}

const next = async (client: RawSocket): Promise<Packet> => decode(await client.message())

const codeOf = ({ data }: Packet): unknown => (data as { code?: string }[]).at(-1)?.code

/** `{type: 2, nsp: '/', data: ['echo', <inner>], id: 5}`, the way people's encoders write it. */
const wrapped = (inner: Buffer) =>
  Buffer.concat([
    Buffer.from('\x84\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa4echo', 'latin1'),
    inner,
    Buffer.from('\xa2id\x05', 'latin1'),
  ])

const lists = (levels: number) => Buffer.concat([Buffer.alloc(levels - 1, 0x91), Buffer.from([0x90])])

describe('a packet', () => {
  test('of every kind of value comes back as it was', async () => {
    using client = await open()
    const long = 'x'.repeat(300)
    const numbers = [
      0,
      127,
      128,
      255,
      256,
      65_535,
      65_536,
      2 ** 32,
      2 ** 40,
      -1,
      -32,
      -33,
      -129,
      -40_000,
      -(2 ** 40),
      1.5,
    ]
    const said = {
      long,
      longer: long.repeat(300),
      numbers,
      yes: true,
      no: false,
      nil: null,
      list: Array(20).fill({ a: [1] }),
    }
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`key ${n}`, n]))
    const packet = { type: 2, nsp: '/', data: ['echo', said, many, Buffer.alloc(300, 7)], id: 12 }
    expect(() => msgpackCodec.head(encode(packet), 0)).not.toThrow()
    client.send(encode(packet))
    const { data, ...rest } = await next(client)
    expect(rest).toEqual({ type: 3, nsp: '/', id: 12 })
    const [back, backMany, raw] = data as [unknown, unknown, Uint8Array]
    expect([back, backMany, Buffer.from(raw)]).toEqual([said, many, Buffer.alloc(300, 7)])
  })

  test('nested 64 levels deep is let through, 65 is refused to whoever asked', async () => {
    using client = await open()
    client.send(wrapped(lists(63)))
    expect(await next(client)).toMatchObject({ type: 3, id: 5 })
    client.send(wrapped(lists(64)))
    expect(codeOf(await next(client))).toBe('validation_failed')
  })

  test('nested by the ten thousands is refused to whoever asked', async () => {
    using client = await open()
    client.send(
      wrapped(lists(90_000)),
      wrapped(Buffer.concat([Buffer.alloc(60_000, Buffer.from('81a161', 'hex')), Buffer.from([1])])),
    )
    for (let n = 0; n < 2; n++) {
      const packet = await next(client)
      expect(packet).toMatchObject({ type: 3, id: 5 })
      expect(codeOf(packet)).toBe('validation_failed')
    }
  })

  test('that is too large is refused to whoever asked', async () => {
    using client = await open()
    client.send(encode({ type: 2, nsp: '/', data: ['echo', Buffer.alloc(maxPayload)], id: 5 }))
    expect(codeOf(await next(client))).toBe('payload_too_large')
  })
})

describe('what is no packet ends the connection, which is told why', () => {
  const text = (latin1: string) => Buffer.from(latin1, 'latin1')
  const cases: [string, Buffer | string][] = [
    ['text', '42["echo"]'],
    ['nothing', Buffer.alloc(0)],
    ['a number', Buffer.from([5])],
    ['a list', Buffer.from([0x90])],
    ['no type', encode({ nsp: '/', data: ['echo'] })],
    ['an unknown type', encode({ type: 9, nsp: '/', data: ['echo'] })],
    ['a type that is none', encode({ type: '2', nsp: '/', data: ['echo'] })],
    ['no namespace', encode({ type: 2, data: ['echo'] })],
    ['a namespace that is none', encode({ type: 2, nsp: 1, data: ['echo'] })],
    ['a namespace too long', encode({ type: 2, nsp: `/${'x'.repeat(300)}`, data: ['echo'] })],
    ['an id that is none', encode({ type: 2, nsp: '/', data: ['echo'], id: 'x' })],
    ['an id below nothing', encode({ type: 2, nsp: '/', data: ['echo'], id: -1 })],
    ['no data', encode({ type: 2, nsp: '/' })],
    ['no name', encode({ type: 2, nsp: '/', data: [] })],
    ['a name that is an object', encode({ type: 2, nsp: '/', data: [{}] })],
    ['two packets', Buffer.concat([wrapped(text('\x01')), wrapped(text('\x01'))])],
    ['half a packet', wrapped(text('\x01')).subarray(0, -3)],
    ['a length without an end', text('\x81\xa4data\xdb\xff')],
    ['a list of more than is there', wrapped(Buffer.from('ddffffffff', 'hex'))],
    ['lists of more than is there, by the thousand', wrapped(Buffer.alloc(60_000, Buffer.from('dcffff', 'hex')))],
    ['a map of more than is there', wrapped(Buffer.from('dfffffffff', 'hex'))],
    ['a text longer than is there', wrapped(Buffer.from('dbffffffff', 'hex'))],
    ['binary longer than is there', wrapped(Buffer.from('c6ffffffff', 'hex'))],
    ['an extension longer than is there', wrapped(Buffer.from('c9ffffffff00', 'hex'))],
    ['a code that means nothing', wrapped(Buffer.from([0xc1]))],
    ['a key that is a list', wrapped(Buffer.from('819001', 'hex'))],
    ['a key that is a number', wrapped(Buffer.from('810101', 'hex'))],
    ['a key __proto__', wrapped(text('\x81\xa9__proto__\x81\xa8polluted\xc3'))],
  ]

  test.each(cases)('%s', async (_, frame) => {
    using client = await open()
    client.send(frame)
    expect(codeOf(await next(client))).toBe('protocol_abuse')
    await client.closed
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

test('whoever does not speak it is let in by nobody', async () => {
  expect(joined(engine)).rejects.toThrow()
})

test('what is to be sent and nests too deep is not sent', () => {
  let deep: unknown[] = []
  for (let n = 0; n < 100_000; n++) deep = [deep]
  expect(() => msgpackCodec.encoder.encode({ type: 2, nsp: '/', data: ['event', deep] })).toThrow('nested too deep')
})
