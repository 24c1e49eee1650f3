// Websocket frames and what stands in them, without making a string of what only has to be counted.

const EXTENDED_16 = 126
const EXTENDED_64 = 127
const MASKED = 0x80
const FINAL = 0x80

export const TEXT = 1
export const CLOSE = 8
export const PING = 9
export const PONG = 10

export type FrameListener = (opcode: number, bytes: Buffer, start: number, end: number) => void

/** A client's frame must be masked; a key of zeros is a key, and leaves every byte as it is. */
export function clientFrame(opcode: number, text: string): Buffer {
  const length = Buffer.byteLength(text)
  const long = length >= EXTENDED_16
  if (length > 0xffff) throw new Error('The load client sends frames of at most 64 KiB.')
  const frame = Buffer.allocUnsafe((long ? 8 : 6) + length)
  frame[0] = FINAL | opcode
  frame[1] = MASKED | (long ? EXTENDED_16 : length)
  if (long) frame.writeUInt16BE(length, 2)
  frame.fill(0, long ? 4 : 2, long ? 8 : 6)
  frame.write(text, long ? 8 : 6)
  return frame
}

/** Hands over each whole frame; the answer is where the first one that is not whole begins. */
export function readFrames(bytes: Buffer, listener: FrameListener): number {
  let at = 0
  while (at + 2 <= bytes.length) {
    const short = (bytes[at + 1] as number) & 0x7f
    const head = short < EXTENDED_16 ? 2 : short === EXTENDED_16 ? 4 : 10
    if (at + head > bytes.length) break
    const length = short < EXTENDED_16 ? short : extended(bytes, at + 2, short)
    const end = at + head + length
    if (end > bytes.length) break
    listener((bytes[at] as number) & 0x0f, bytes, at + head, end)
    at = end
  }
  return at
}

const extended = (bytes: Buffer, at: number, short: number): number =>
  short === EXTENDED_64 ? Number(bytes.readBigUInt64BE(at)) : bytes.readUInt16BE(at)

const [ZERO, NINE, BRACKET] = Buffer.from('09[') as unknown as [number, number, number]
const SEQ = Buffer.from('"seq":')

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= NINE

/** Byte by byte: for so few of them a call into native code costs more than the loop. */
const startsWith =
  (wanted: Buffer) =>
  (bytes: Buffer, start: number, end: number): boolean => {
    if (end - start < wanted.length) return false
    // From the end: what differs between events is behind what they have in common.
    for (let at = wanted.length - 1; at >= 0; at--) if (bytes[start + at] !== wanted[at]) return false
    return true
  }

const isSeq = startsWith(SEQ)
let usualAt = 0

/** The first `"seq":<number>` of a text, or 0; looked for where it was the last time, for it seldom moves. */
export function seqIn(bytes: Buffer, start: number, end: number): number {
  if (!isSeq(bytes, start + usualAt, end)) {
    const found = bytes.indexOf(SEQ, start)
    if (found < 0 || found >= end) return 0
    usualAt = found - start
  }
  return numberAt(bytes, start + usualAt + SEQ.length, end)
}

export function numberAt(bytes: Buffer, start: number, end: number): number {
  let value = 0
  for (let at = start; at < end && isDigit(bytes[at]); at++) value = value * 10 + (bytes[at] as number) - ZERO
  return value
}

/** Where the JSON of a Socket.IO packet begins: behind its type and the number of its acknowledgement. */
export function bodyAt(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at] !== BRACKET) at++
  return at
}

export const isMessageNew = startsWith(Buffer.from('42["message_new",'))
export const isPlainAck = startsWith(Buffer.from('[{"type":"ack"'))
