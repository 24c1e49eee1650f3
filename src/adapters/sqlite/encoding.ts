// Values as they are stored: JSON, and where binary is inside, the bytes behind it.
import { Buffer } from 'node:buffer'

const utf8 = new TextEncoder()
const text = new TextDecoder()

/** No JSON begins so. */
const BINARY_INSIDE = 0
const HEAD_BYTES = 5

/** What stands in the place of bytes taken out, and where that was. */
interface Lifted {
  readonly paths: (string | number)[][]
  readonly parts: Uint8Array[]
}

export function holdsBinary(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (isBinary(value)) return true
  if (Array.isArray(value)) return value.some(holdsBinary)
  for (const key in value) if (holdsBinary(value[key as keyof typeof value])) return true
  return false
}

/** For what may hold binary. JSON without it is the same as `JSON.stringify` in UTF-8. */
export function encode(value: unknown): Uint8Array {
  return holdsBinary(value) ? encodeBinary(value) : utf8.encode(JSON.stringify(value) ?? 'null')
}

export function encodeBinary(value: unknown): Uint8Array {
  const lifted: Lifted = { paths: [], parts: [] }
  const rest = lift(value, [], lifted)
  const sizes = lifted.parts.map((part) => part.byteLength)
  const json = utf8.encode(JSON.stringify([rest, lifted.paths, sizes]))
  const bytes = new Uint8Array(HEAD_BYTES + json.byteLength + sizes.reduce((sum, size) => sum + size, 0))
  bytes[0] = BINARY_INSIDE
  new DataView(bytes.buffer).setUint32(1, json.byteLength)
  let at = HEAD_BYTES
  for (const part of [json, ...lifted.parts]) {
    bytes.set(part, at)
    at += part.byteLength
  }
  return bytes
}

export function decode(bytes: Uint8Array): unknown {
  if (bytes[0] !== BINARY_INSIDE) return JSON.parse(text.decode(bytes))
  let at = HEAD_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(1)
  const whole = JSON.parse(text.decode(bytes.subarray(HEAD_BYTES, at)))
  const [, paths, sizes] = whole as [unknown, (string | number)[][], number[]]
  paths.forEach((path, i) => {
    const end = at + (sizes[i] as number)
    put(whole, [0, ...path], Buffer.from(bytes.subarray(at, end)))
    at = end
  })
  return whole[0]
}

const isBinary = (value: object): value is ArrayBufferView | ArrayBuffer =>
  ArrayBuffer.isView(value) || value instanceof ArrayBuffer

/** The value with nothing in the place of binary; whatever holds none is not copied. */
function lift(value: unknown, path: (string | number)[], into: Lifted): unknown {
  if (typeof value !== 'object' || value === null || !holdsBinary(value)) return value
  if (isBinary(value)) {
    into.paths.push(path)
    into.parts.push(bytesOf(value))
    return null
  }
  if (Array.isArray(value)) return value.map((item, i) => lift(item, [...path, i], into))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, lift(item, [...path, key], into)]))
}

const bytesOf = (value: ArrayBufferView | ArrayBuffer): Uint8Array =>
  ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value)

/** Every step of the path is the value's own: `JSON.parse` made it so, `__proto__` too. */
function put(value: unknown, path: readonly (string | number)[], bytes: Uint8Array) {
  const last = path.at(-1) as string
  let place = value as Record<string, unknown>
  for (const step of path.slice(0, -1)) place = place[step] as Record<string, unknown>
  place[last] = bytes
}
