/** The standard encoding: JSON, with what is binary in frames of its own behind it. */
import { PacketType, Encoder as StandardEncoder } from 'socket.io-parser'
import { type Codec, type Head, holdsBinary, isRecord, malformed } from './codec.ts'
import { BOUNDS } from './options.ts'
import type { Packet, RawData } from './upstream.ts'

const DIGIT_0 = 48
const DIGIT_9 = 57
const SLASH = 47
const DASH = 45

/** More digits than any whole number has that survives the way back. */
const ID_DIGITS = 15

const standard = new StandardEncoder()

export class Encoder {
  encode(packet: Packet): RawData[] {
    const { type, nsp, id, data } = packet
    const searched = (type === PacketType.EVENT || type === PacketType.ACK) && packet.plain !== true
    if (searched && holdsBinary(data, BOUNDS.saidDepth)) return standard.encode(packet as never)
    let text = `${type}`
    if (nsp !== '/') text += `${nsp},`
    if (id !== undefined && id !== null) text += id
    if (data !== undefined && data !== null) text += JSON.stringify(data)
    return [text]
  }
}

function endOfDigits(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) >= DIGIT_0 && text.charCodeAt(at) <= DIGIT_9) at++
  return at
}

function head(frame: string | Buffer, from: number): Head {
  if (typeof frame !== 'string') throw malformed('a binary frame that belongs to nothing')
  let type = frame.charCodeAt(from) - DIGIT_0
  if (!(type >= PacketType.CONNECT && type <= PacketType.BINARY_ACK)) throw malformed('an unknown type')
  let at = from + 1
  let attachments = 0
  if (type >= PacketType.BINARY_EVENT) {
    const end = endOfDigits(frame, at)
    attachments = Number(frame.slice(at, end))
    if (frame.charCodeAt(end) !== DASH || attachments < 1 || end - at > ID_DIGITS)
      throw malformed('illegal attachments')
    type -= PacketType.BINARY_EVENT - PacketType.EVENT
    at = end + 1
  }
  let nsp = '/'
  if (frame.charCodeAt(at) === SLASH) {
    const comma = frame.indexOf(',', at)
    const end = comma === -1 ? frame.length : comma
    if (end - at > BOUNDS.namespaceLength) throw malformed('a namespace too long')
    nsp = frame.slice(at, end)
    at = end + 1
  }
  const end = endOfDigits(frame, at)
  if (end - at > ID_DIGITS) throw malformed('an id too large')
  const id = end > at ? Number(frame.slice(at, end)) : undefined
  return { type, nsp, id, attachments, at: end }
}

/** As many as could open levels too deep: whoever has fewer brackets is shallow, whatever they say. */
function fewBrackets(text: string, from: number, most: number): boolean {
  let count = 0
  for (const bracket of ['{', '['])
    for (let at = text.indexOf(bracket, from); at !== -1; at = text.indexOf(bracket, at + 1))
      if (++count > most) return false
  return true
}

const QUOTE = 34
const BACKSLASH = 92

function endOfString(text: string, open: number): number {
  let at = open
  do {
    at = text.indexOf('"', at + 1)
    if (at === -1) return text.length
  } while (isEscaped(text, at))
  return at
}

function isEscaped(text: string, at: number): boolean {
  let from = at
  while (text.charCodeAt(from - 1) === BACKSLASH) from--
  return (at - from) % 2 === 1
}

/** Reads the text, not what it means: parsing what is nested by the hundred thousand takes as long as it looks. */
export function isDeeper(text: string, from: number, most: number): boolean {
  if (text.length - from <= 2 * most || fewBrackets(text, from, most)) return false
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    else if (code === 123 || code === 91) depth++
    else if (code === 125 || code === 93) depth--
    if (depth > most) return true
  }
  return false
}

function payload(frame: string | Buffer, { type, at }: Head): unknown {
  const text = (frame as string).slice(at)
  if (text === '' && (type === PacketType.CONNECT || type === PacketType.DISCONNECT)) return undefined
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    throw malformed('no JSON')
  }
  if (!isPayload(type, data)) throw malformed('a payload that is none of its type')
  return data
}

export function isPayload(type: PacketType, data: unknown): boolean {
  if (type === PacketType.CONNECT) return data === undefined || isRecord(data)
  if (type === PacketType.ACK) return Array.isArray(data)
  if (type !== PacketType.EVENT) return data === undefined
  return Array.isArray(data) && (typeof data[0] === 'string' || typeof data[0] === 'number')
}

/** Puts what came in frames of its own where it belongs. No deeper than what `isDeeper` let pass. */
export function withAttachments(value: unknown, attachments: readonly Buffer[]): unknown {
  if (typeof value !== 'object' || value === null) return value
  const record = value as Record<string, unknown> & { _placeholder?: unknown; num?: unknown }
  if (record._placeholder === true) {
    const attachment = typeof record.num === 'number' ? attachments[record.num] : undefined
    if (attachment === undefined) throw malformed('an attachment that did not come')
    return attachment
  }
  for (const key of Object.keys(record)) record[key] = withAttachments(record[key], attachments)
  return value
}

export const jsonCodec: Codec = {
  encoder: new Encoder(),
  head,
  isDeep: (frame, { at }) => typeof frame === 'string' && isDeeper(frame, at, BOUNDS.depth),
  payload,
}
