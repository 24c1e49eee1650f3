import { expect, test } from 'bun:test'
import { bodyAt, clientFrame, isMessageNew, isPlainAck, numberAt, readFrames, seqIn, TEXT } from './wire.ts'

/** A server's frame is a client's without the mask. */
function serverFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  if (payload.length < 126) return Buffer.concat([Buffer.from([0x81, payload.length]), payload])
  const head = payload.length < 65_536 ? Buffer.from([0x81, 126, 0, 0]) : Buffer.alloc(10)
  if (payload.length < 65_536) head.writeUInt16BE(payload.length, 2)
  else {
    head.set([0x81, 127])
    head.writeBigUInt64BE(BigInt(payload.length), 2)
  }
  return Buffer.concat([head, payload])
}

const texts = ['2', 'x'.repeat(125), 'y'.repeat(126), 'z'.repeat(70_000), '']

test('load wire · frames of all three lengths are read where one ends and the next begins', () => {
  const read: string[] = []
  const bytes = Buffer.concat(texts.map(serverFrame))
  expect(readFrames(bytes, (_, all, start, end) => read.push(all.toString('utf8', start, end)))).toBe(bytes.length)
  expect(read).toEqual(texts)
})

test('load wire · a frame cut anywhere waits for its other part', () => {
  const first = serverFrame('first')
  for (const last of [serverFrame('second'), serverFrame('z'.repeat(300))]) {
    const bytes = Buffer.concat([first, last])
    for (let cut = first.length; cut < bytes.length; cut++) {
      let frames = 0
      expect(readFrames(bytes.subarray(0, cut), () => frames++)).toBe(first.length)
      expect(frames).toBe(1)
    }
  }
})

test.each([5, 125, 126, 60_000])('load wire · a text of %d bytes leaves masked, as a server reads it', (length) => {
  const frame = clientFrame(TEXT, 'é'.repeat(length >> 1) + 'e'.repeat(length % 2))
  const long = length > 125
  expect(frame[0]).toBe(0x81)
  expect(frame[1]).toBe(0x80 | (long ? 126 : length))
  expect(long ? frame.readUInt16BE(2) : length).toBe(length)
  expect(frame.readUInt32BE(long ? 4 : 2)).toBe(0)
  expect(frame.length - (long ? 8 : 6)).toBe(length)
})

test.each([
  ['{"payload":{"data":{"message":{"seq":42},"room_id":"r","seq":42}}}', 42],
  ['{"payload":{"data":{"room_id":"r","seq":7,"message":{"text":"\\\\"seq\\\\":9"}}}}', 7],
  ['{"payload":{"data":{}}}', 0],
])('load wire · the number of %s is %d', (text, seq) => {
  const bytes = Buffer.from(text)
  expect(seqIn(bytes, 0, bytes.length)).toBe(seq)
})

test('load wire · a message, an acknowledgement and a refusal are told apart without parsing', () => {
  const is = (check: typeof isMessageNew, text: string): boolean => check(Buffer.from(text), 0, text.length)
  expect(is(isMessageNew, '42["message_new",{}]')).toBe(true)
  expect(is(isMessageNew, '42["message_newer",{}]')).toBe(false)
  expect(is(isPlainAck, '[{"type":"ack","id":"1"}]')).toBe(true)
  expect(is(isPlainAck, '[{"type":"error","id":"1"}]')).toBe(false)
})

test('load wire · an acknowledgement has its number before its body', () => {
  const bytes = Buffer.from('43120[{"type":"ack"}]')
  expect(numberAt(bytes, 2, bytes.length)).toBe(120)
  expect(bodyAt(bytes, 2, bytes.length)).toBe(5)
})
