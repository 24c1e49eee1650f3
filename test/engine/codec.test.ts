/** Packets are written and read as by the parser everybody has, only without walking more than is needed. */
import { describe, expect, test } from 'bun:test'
import { PacketType, Decoder as StandardDecoder, Encoder as StandardEncoder } from 'socket.io-parser'
import { holdsBinary } from '../../src/engine/codec.ts'
import { jsonCodec } from '../../src/engine/json.ts'
import type { Packet } from '../../src/engine/upstream.ts'

const standard = new StandardEncoder()
const encode = (packet: Packet) => jsonCodec.encoder.encode(packet)

const packets: [string, Packet][] = [
  ['a namespace that opens', { type: PacketType.CONNECT, nsp: '/', data: { sid: 'x' } }],
  ['one of another name', { type: PacketType.CONNECT, nsp: '/custom' }],
  ['one that is left', { type: PacketType.DISCONNECT, nsp: '/custom' }],
  ['one that is refused', { type: PacketType.CONNECT_ERROR, nsp: '/', data: { message: 'no' } }],
  ['an event', { type: PacketType.EVENT, nsp: '/', data: ['name', 1, null, true, { a: ['ü€😀', 1.5] }] }],
  ['an event that asks', { type: PacketType.EVENT, nsp: '/custom', id: 0, data: ['name'] }],
  ['an answer', { type: PacketType.ACK, nsp: '/', id: 123_456, data: [] }],
  ['a date', { type: PacketType.EVENT, nsp: '/', data: ['name', { at: new Date(0) }] }],
  ['digits that begin a payload', { type: PacketType.ACK, nsp: '/', id: 1, data: [22] }],
]

describe('as the standard parser', () => {
  test.each(packets)('writes and reads %s', (_, packet) => {
    const frames = standard.encode(packet as never)
    expect(encode(packet)).toEqual(frames)
    const [frame] = frames
    const head = jsonCodec.head(`4${frame}`, 1)
    const decoder = new StandardDecoder()
    let decoded: unknown
    decoder.on('decoded', (packet) => {
      decoded = packet
    })
    decoder.add(frame)
    const { type, nsp, id } = head
    const data = packet.type === PacketType.CONNECT_ERROR ? packet.data : jsonCodec.payload(`4${frame}`, head)
    expect({ type, nsp, id, data }).toEqual({ id: undefined, data: undefined, ...(decoded as object) } as never)
  })

  test.each([
    ['a Buffer', Buffer.from([1, 2])],
    ['a typed array', new Uint16Array([1, 2])],
    ['an ArrayBuffer', new Uint8Array([1, 2]).buffer],
    ['a view of some bytes', new DataView(new ArrayBuffer(2))],
  ])('puts apart %s, wherever it stands', (_, binary) => {
    for (const data of [
      ['name', binary],
      ['name', { list: [1, { deep: binary }, binary] }],
      ['name', { toJSON: () => binary }],
    ]) {
      const packet = (): Packet => ({ type: PacketType.EVENT, nsp: '/', id: 7, data })
      expect(encode(packet())).toEqual(standard.encode(packet() as never))
      expect(encode(packet()).length).toBeGreaterThan(1)
    }
  })
})

test('what is said to be plain is not searched', () => {
  const searched: string[] = []
  const data = ['name', { toJSON: () => searched.push('search') }]
  encode({ type: PacketType.EVENT, nsp: '/', data })
  const both = searched.splice(0).length
  encode({ type: PacketType.EVENT, nsp: '/', data, plain: true })
  expect([both, searched.length]).toEqual([2, 1])
})

test('what is to be sent and nests too deep is refused, before anything walks it', () => {
  let deep: unknown = 'end'
  for (let n = 0; n < 200_000; n++) deep = n % 2 === 0 ? [deep] : { deep }
  expect(() => encode({ type: PacketType.EVENT, nsp: '/', data: ['name', deep] })).toThrow('nested too deep')
  expect(() => holdsBinary({ toJSON: () => deep }, 80)).toThrow('nested too deep')
})
