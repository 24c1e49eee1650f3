/** The way of an event from its packet to whoever handles it. */
import type { Socket } from 'socket.io'
import { PacketType } from 'socket.io-parser'
import { Failure } from '../protocol/failure.ts'
import type { Client } from './client.ts'
import { type Command, Commands } from './commands.ts'
import { answer } from './incoming.ts'
import { type Ack, BOUNDS } from './options.ts'
import type { OpenSocket, Packet } from './upstream.ts'

/** What Socket.IO's sockets say to themselves: from a client it must not reach `socket.on`. */
const RESERVED = new Set<unknown>([
  'connect',
  'connect_error',
  'disconnect',
  'disconnecting',
  'newListener',
  'removeListener',
])

const BUSY_MS = 1_000

export function event(client: Client, socket: OpenSocket, packet: Packet, bytes: number) {
  const failure = objection(client, packet)
  if (failure) return answer(client, packet, failure)
  if (!client.desk.hooks.onEvent) return client.guard(() => socket._onpacket(packet))
  client.commands ??= new Commands(BOUNDS.payloads * client.desk.options.maxPayload)
  if (!client.commands.take(command(client, socket, packet, bytes))) answer(client, packet, busy())
}

function objection({ desk }: Client, { data }: Packet): Failure | undefined {
  const args = data as unknown[]
  if (args.length - 1 > BOUNDS.arguments) {
    const message = `More than ${BOUNDS.arguments} arguments.`
    return new Failure('validation_failed', message, { details: [{ path: '', message }] })
  }
  if (desk.hooks.onEvent || !RESERVED.has(args[0])) return undefined
  return new Failure('unknown_event', 'This name is not for events of clients.')
}

const busy = () =>
  new Failure('rate_limited', 'Too many commands of this connection are under way.', {
    retry_after_ms: BUSY_MS,
    details: { limit: 'under_way', remaining: 0, reset_ms: BUSY_MS },
  })

/** The shortest way: no event emitter, and no tick between the frame and who handles it. */
function command(client: Client, socket: OpenSocket, { id, data }: Packet, bytes: number): Command {
  const [name, ...args] = data as [unknown, ...unknown[]]
  const ack = id === undefined ? undefined : ackOf(socket, id)
  return {
    bytes,
    run: () => client.desk.hooks.onEvent?.(socket as unknown as Socket, String(name), args, ack),
    failed: (error) => fail(client, socket, ack, error),
  }
}

/** Answers once. */
function ackOf(socket: OpenSocket, id: number): Ack {
  let answered = false
  return (...replies: unknown[]) => {
    if (answered) return
    socket.packet({ type: PacketType.ACK, id, data: replies })
    answered = true
  }
}

function fail(client: Client, socket: OpenSocket, ack: Ack | undefined, error: unknown) {
  const failure = Failure.from(error)
  if (!(error instanceof Failure)) client.desk.hooks.onError(error)
  if (ack) client.guard(() => ack(client.said(failure, socket)))
  else client.tellOn(socket, failure)
}
