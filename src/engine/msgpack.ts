/** MessagePack: each packet one binary frame. Its decoder believes every length it reads, so the frame is walked first. */
import msgpack from 'socket.io-msgpack-parser'
import { PacketType } from 'socket.io-parser'
import { type Codec, type Head, holdsBinary, malformed } from './codec.ts'
import { isPayload } from './json.ts'
import { BOUNDS } from './options.ts'
import type { Packet, RawData } from './upstream.ts'

const standard = new msgpack.Encoder()

class Encoder {
  encode({ type, nsp, data, id }: Packet): RawData[] {
    holdsBinary(data, BOUNDS.saidDepth) // for its bound: what is binary is not kept apart here
    const packet = { type, nsp, ...(data === undefined ? {} : { data }), ...(id === undefined ? {} : { id }) }
    return standard.encode(packet) as unknown as RawData[] // its types say otherwise
  }
}

/** What stands at a place: how long its own bytes are, and how many values stand in it. */
interface Value {
  readonly end: number
  readonly inner: number
  readonly kind: 'map' | 'list' | 'text' | 'other'
}

const value = (end: number, kind: Value['kind'] = 'other', inner = 0): Value => ({ end, kind, inner })

const map = (end: number, pairs: number): Value => value(end, 'map', 2 * pairs)

/** The bytes that a length or a number of this width has. */
const WIDTHS = [1, 2, 4, 8] as const

function readLength(bytes: Buffer, at: number, width: number): number {
  if (at + width > bytes.length) throw malformed('a packet that ends too early')
  return bytes.readUIntBE(at, width)
}

function read(bytes: Buffer, at: number): Value {
  const code = bytes[at]
  if (code === undefined) throw malformed('a packet that ends too early')
  if (code < 0x80 || code >= 0xe0) return value(at + 1)
  if (code < 0x90) return map(at + 1, code & 0x0f)
  if (code < 0xa0) return value(at + 1, 'list', code & 0x0f)
  if (code < 0xc0) return value(at + 1 + (code & 0x1f), 'text')
  if (code <= 0xc3) return value(at + 1)
  return code >= 0xd9 ? readCounted(bytes, at, code) : readSized(bytes, at, code)
}

/** Binary, extensions and numbers. */
function readSized(bytes: Buffer, at: number, code: number): Value {
  const width = WIDTHS[(code - 0xc4) % 3] as number
  if (code <= 0xc6) return value(at + 1 + width + readLength(bytes, at + 1, width))
  if (code <= 0xc9) return value(at + 2 + width + readLength(bytes, at + 1, width))
  if (code <= 0xcb) return value(at + 1 + (code === 0xca ? 4 : 8))
  if (code <= 0xd3) return value(at + 1 + (WIDTHS[(code - 0xcc) % 4] as number))
  return value(at + 2 + 2 ** (code - 0xd4))
}

/** Texts, lists and maps of more than a few. */
function readCounted(bytes: Buffer, at: number, code: number): Value {
  if (code <= 0xdb) {
    const width = WIDTHS[code - 0xd9] as number
    return value(at + 1 + width + readLength(bytes, at + 1, width), 'text')
  }
  const width = code % 2 === 0 ? 2 : 4
  const count = readLength(bytes, at + 1, width)
  return code <= 0xdd ? value(at + 1 + width, 'list', count) : map(at + 1 + width, count)
}

interface Level {
  left: number
  readonly map: boolean
}

interface Walked {
  readonly end: number
  readonly deep: boolean
}

/** Over one value and all that is in it, without calling itself. Keys of maps are texts, as in JSON. */
function walk(bytes: Buffer, from: number, most: number): Walked {
  const levels: Level[] = [{ left: 1, map: false }]
  let at = from
  while (levels.length > 0) {
    const level = levels[levels.length - 1] as Level
    if (level.left === 0) {
      levels.pop()
      continue
    }
    const one = read(bytes, at)
    if (level.map && level.left % 2 === 0) readKey(bytes, at, one)
    level.left--
    at = one.end
    const isDeep = levels.length > most && (one.kind === 'map' || one.kind === 'list')
    if (one.inner > 0) levels.push({ left: one.inner, map: one.kind === 'map' })
    if (isDeep) return { end: skip(bytes, at, levels), deep: true }
  }
  return { end: at, deep: false }
}

/** To the end of what will not be read. */
function skip(bytes: Buffer, from: number, levels: readonly Level[]): number {
  let at = from
  let left = levels.reduce((sum, level) => sum + level.left, 0)
  for (; left > 0; left--) {
    const one = read(bytes, at)
    at = one.end
    left += one.inner
  }
  return at
}

function readKey(bytes: Buffer, at: number, { kind, end }: Value): string {
  if (kind !== 'text') throw malformed('a key that is no text')
  const code = bytes[at] as number
  const start = at + 1 + (code < 0xc0 ? 0 : (WIDTHS[code - 0xd9] as number))
  const key = bytes.toString('utf8', start, end)
  if (key === '__proto__') throw malformed('a key that is no key')
  return key
}

interface MsgpackHead extends Head {
  readonly deep: boolean
  readonly data: unknown
}

function head(frame: string | Buffer, from: number): MsgpackHead {
  if (typeof frame === 'string') throw malformed('text where MessagePack is spoken')
  const { places, end, deep } = fields(frame, from)
  if (end !== frame.length) throw malformed('more than one packet')
  const { type, nsp, id, data } = deep ? addressOnly(frame, places) : decode(frame)
  if (nsp.length > BOUNDS.namespaceLength) throw malformed('a namespace too long')
  if (id !== undefined && !(Number.isSafeInteger(id) && id >= 0)) throw malformed('no id')
  return { type, nsp, id, data, attachments: 0, at: from, deep }
}

/** Where each field of the packet stands. */
function fields(frame: Buffer, from: number) {
  const packet = read(frame, from)
  if (packet.kind !== 'map') throw malformed('no map')
  const places = new Map<string, number>()
  let at = packet.end
  let deep = false
  for (let left = packet.inner; left > 0; left -= 2) {
    const name = read(frame, at)
    places.set(readKey(frame, at, name), name.end)
    const walked = walk(frame, name.end, BOUNDS.depth)
    deep ||= walked.deep
    at = walked.end
  }
  return { places, end: at, deep }
}

/** Of a packet whose data must not be read: enough to say so to whoever sent it. */
function addressOnly(frame: Buffer, places: ReadonlyMap<string, number>): Packet {
  const field = (name: string) => {
    const at = places.get(name)
    const { end, deep } = walk(frame, at ?? 0, 1)
    return at === undefined || deep ? undefined : loneValue(frame.subarray(at, end))
  }
  const type = field('type') as PacketType
  const nsp = field('nsp')
  if (!(type >= PacketType.CONNECT && type <= PacketType.CONNECT_ERROR)) throw malformed('an unknown type')
  if (typeof nsp !== 'string') throw malformed('no namespace')
  return { type, nsp, id: field('id') as number | undefined }
}

/** The decoder takes packets only, so a lone value goes as the data of one: `{type: 3, nsp: '', data: [value]}`. */
const AROUND = Buffer.from('\x83\xa4type\x03\xa3nsp\xa0\xa4data\x91', 'latin1')

const loneValue = (bytes: Buffer): unknown => (decode(Buffer.concat([AROUND, bytes])).data as unknown[])[0]

const decoder = new msgpack.Decoder()
let last: Packet | undefined
decoder.on('decoded', (packet: Packet) => {
  last = packet
})

function decode(frame: Buffer): Packet {
  last = undefined
  try {
    decoder.add(frame)
  } catch {
    throw malformed('no MessagePack')
  }
  if (last === undefined) throw malformed('no MessagePack')
  return last
}

function payload(_: string | Buffer, head: Head): unknown {
  const { type, data } = head as MsgpackHead
  if (!isPayload(type, data)) throw malformed('a payload that is none of its type')
  return data
}

export const msgpackCodec: Codec = {
  encoder: new Encoder(),
  head,
  isDeep: (_, head) => (head as MsgpackHead).deep,
  payload,
}
