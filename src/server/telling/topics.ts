/**
 * The runtime's own topics under the rooms' logs: a room on this server is told by one call, whatever its size. Who is
 * not on a WebSocket (yet) is told one by one, and so is everyone where an entry has an audience.
 */
import type { Server } from 'socket.io'
import { PacketType } from 'socket.io-parser'
import type { Telling } from '../../pipeline/telling.ts'
import type { Entry } from '../../protocol/entry.ts'
import type { Envelope } from '../../protocol/envelope.ts'
import type { Live } from '../connection/connection.ts'
import type { Wires } from '../wires.ts'

/** A room's key never holds the separator, so no two rooms share a topic. */
const topicOf = (room: string): string => `#${room}`

/** Those who hear a room here: on topics, or one by one. */
interface Hearers {
  readonly all: Set<Live>
  readonly unwired: Set<Live>
}

export interface Topics {
  add(room: string, live: Live): void
  remove(room: string, live: Live): void
  /** Its transport takes topics now. */
  upgraded(room: string, live: Live): void
  tell(room: string, entry: Entry): void
  /** As it goes to everyone for whom it is, encoded once for all who ask soon after each other. */
  frames(entry: Entry): readonly unknown[]
  hearers(room: string): Iterable<Live>
  count(room: string): number
  rooms(): number
}

export function topics(
  io: Server,
  wires: Wires,
  said: Telling,
  told: (event: string, receivers: number) => void,
): Topics {
  const rooms = new Map<string, Hearers>()
  const encoded = new WeakMap<Entry, readonly unknown[]>()

  function add(room: string, live: Live) {
    const hearers = rooms.get(room) ?? { all: new Set<Live>(), unwired: new Set<Live>() }
    rooms.set(room, hearers)
    hearers.all.add(live)
    const wire = wires.wireOf(live.socket.conn)
    if (wire) wire.subscribe(topicOf(room))
    else hearers.unwired.add(live)
  }

  function remove(room: string, live: Live) {
    const hearers = rooms.get(room)
    if (!hearers?.all.delete(live)) return
    if (!hearers.unwired.delete(live)) wires.wireOf(live.socket.conn)?.unsubscribe(topicOf(room))
    if (hearers.all.size === 0) rooms.delete(room)
  }

  function upgraded(room: string, live: Live) {
    if (rooms.get(room)?.unwired.delete(live)) wires.wireOf(live.socket.conn)?.subscribe(topicOf(room))
  }

  function tell(room: string, entry: Entry) {
    const hearers = rooms.get(room)
    if (!hearers) return
    if (entry.audience) {
      for (const live of [...hearers.all]) live.tell(said(entry, { user_id: live.user_id }))
      return told(entry.action, hearers.all.size)
    }
    tellAll(room, hearers, said(entry))
  }

  function tellAll(room: string, { all, unwired }: Hearers, message: Envelope) {
    const { action } = message.payload
    const frames = framesOf(io, action, message)
    if (unwired.size < all.size)
      for (const frame of frames)
        wires.publish(topicOf(room), typeof frame === 'string' ? `4${frame}` : (frame as Uint8Array))
    for (const { socket } of [...unwired]) for (const frame of frames) socket.conn.write(frame as string)
    told(action, all.size)
  }

  function frames(entry: Entry): readonly unknown[] {
    const known = encoded.get(entry)
    if (known) return known
    const message = said(entry)
    const made = framesOf(io, message.payload.action, message)
    if (entry.expires_at === undefined) encoded.set(entry, made) // else it reads otherwise later
    return made
  }

  return {
    add,
    remove,
    upgraded,
    tell,
    frames,
    hearers: (room) => rooms.get(room)?.all ?? [],
    count: (room) => rooms.get(room)?.all.size ?? 0,
    rooms: () => rooms.size,
  }
}

/** As Socket.IO puts it on the wire, by the server's own encoder: text, and what is binary after it. */
const framesOf = (io: Server, action: string, message: Envelope): unknown[] =>
  io.encoder.encode({ type: PacketType.EVENT, nsp: '/', data: [action, message] })
