/** From a frame to a packet: what may not be is refused by its head, before anything walks what it holds. */
import { PacketType } from 'socket.io-parser'
import { Failure } from '../protocol/failure.ts'
import type { Client } from './client.ts'
import { type Head, malformed } from './codec.ts'
import { withAttachments } from './json.ts'
import { BOUNDS } from './options.ts'
import { Pace } from './pace.ts'
import type { Packet } from './upstream.ts'

/** A packet whose attachments have yet to come. Of a refused one they come all the same. */
export interface Incoming {
  readonly head: Head
  readonly data: unknown
  readonly attachments: Buffer[]
  bytes: number
  left: number
  refused: boolean
}

export function receive(client: Client, frame: string | Buffer, from: number) {
  const bytes = sizeOf(frame, client.desk.options.maxPayload) - from
  keepLeash(client, bytes)
  const late = keepPace(client)
  if (client.incoming) return attach(client, client.incoming, frame)
  const head = client.desk.codec.head(frame, from)
  const isLeaving = head.type === PacketType.DISCONNECT
  const failure = (isLeaving ? undefined : late) ?? objection(client, frame, head, bytes)
  if (failure) return refuse(client, head, failure)
  const data = client.desk.codec.payload(frame, head)
  if (head.attachments > 0) expect(client, head, data, bytes)
  else client.handle({ type: head.type, nsp: head.nsp, id: head.id, data }, bytes)
}

/** Counted exactly only where it matters: a character has three bytes at most. */
function sizeOf(frame: string | Buffer, most: number): number {
  if (typeof frame !== 'string' || frame.length * 3 <= most) return frame.length
  return Buffer.byteLength(frame)
}

function keepLeash(client: Client, bytes: number) {
  if (client.conn.standing === 'admitted') return
  client.packets++
  client.bytes += bytes
  if (client.packets > BOUNDS.strangerPackets || client.bytes > BOUNDS.strangerBytes)
    throw new Failure('protocol_abuse', 'Sign in before you say that much.')
}

function keepPace(client: Client): Failure | undefined {
  const { limits, frames } = client.desk.options
  if (!limits) return undefined
  client.pace ??= new Pace(frames)
  const { pace } = client
  const taken = pace.take()
  if (taken === 'in time') return undefined
  if (taken === 'abuse') throw new Failure('protocol_abuse', 'Frames came too fast for too long.')
  const reset_ms = pace.resetMs
  return new Failure('rate_limited', 'Too many frames a second on this connection.', {
    retry_after_ms: reset_ms,
    details: { limit: 'frames', remaining: 0, reset_ms },
  })
}

const tooLarge = (message: string) => new Failure('payload_too_large', message)

function objection({ desk }: Client, frame: string | Buffer, head: Head, bytes: number): Failure | undefined {
  const { maxPayload } = desk.options
  if (bytes > maxPayload) return tooLarge(`More than ${maxPayload} bytes.`)
  if (head.attachments > BOUNDS.attachments) return tooLarge(`More than ${BOUNDS.attachments} attachments.`)
  if (!desk.codec.isDeep(frame, head)) return undefined
  const message = `Nested deeper than ${BOUNDS.depth} levels.`
  return new Failure('validation_failed', message, { details: [{ path: '', message }] })
}

function refuse(client: Client, head: Head, failure: Failure) {
  if (head.attachments > 0) {
    const { attachments: left } = head
    client.incoming = { head, data: undefined, attachments: [], bytes: 0, left, refused: true }
  }
  answer(client, head, failure)
}

/** To whom it was asked of, where it can be told. */
export function answer(client: Client, { type, nsp, id }: Pick<Packet, 'type' | 'nsp' | 'id'>, failure: Failure) {
  if (type === PacketType.CONNECT) return client.refuseNamespace(nsp, failure)
  const socket = client.socketOf(nsp)
  if (!socket) throw failure
  if (type !== PacketType.EVENT || id === undefined) return client.tellOn(socket, failure)
  client.guard(() => socket.packet({ type: PacketType.ACK, id, data: [client.said(failure, socket)] }))
}

function expect(client: Client, head: Head, data: unknown, bytes: number) {
  client.incoming = { head, data, attachments: [], bytes, left: head.attachments, refused: false }
}

function attach(client: Client, incoming: Incoming, frame: string | Buffer) {
  if (typeof frame === 'string') throw malformed('text where an attachment was to come')
  const { head, attachments } = incoming
  incoming.left--
  incoming.bytes += frame.length
  if (incoming.left === 0) client.incoming = undefined
  if (incoming.refused) return
  const { maxPayload } = client.desk.options
  if (incoming.bytes > maxPayload) {
    incoming.refused = true
    attachments.length = 0
    return answer(client, head, tooLarge(`More than ${maxPayload} bytes with its attachments.`))
  }
  attachments.push(frame)
  if (incoming.left === 0) client.handle(whole(incoming), incoming.bytes)
}

function whole({ head, data, attachments }: Incoming): Packet {
  return { type: head.type, nsp: head.nsp, id: head.id, data: withAttachments(data, attachments) }
}
