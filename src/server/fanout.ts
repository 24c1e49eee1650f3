/** The Fanout port over Socket.IO: for what may be lost, and for what is addressed to people. */
import type { Server, Socket } from 'socket.io'
import { viewOf } from '../features/rooms/room.ts'
import { isOut } from '../features/rooms/rules.ts'
import type { Clock } from '../ports/clock.ts'
import type { Delivery, Fanout } from '../ports/fanout.ts'
import type { Store } from '../ports/store.ts'
import type { Envelope } from '../protocol/envelope.ts'
import { Failure } from '../protocol/failure.ts'
import { keyOf, roomKey } from '../protocol/ids.ts'
import type { ServerConnection } from './connection.ts'
import type { Connections } from './connections.ts'
import type { Wires } from './wires.ts'

/** Where more than this waits for a reader, what may be lost is left out. */
const VOLATILE_BYTES = 65_536

interface World {
  readonly io: Server
  readonly wires: Wires
  readonly connections: Connections
  readonly store: Store
  readonly clock: Clock
  told(event: string, receivers: number): void
  report(error: unknown): void
}

export function socketFanout({ io, wires, connections, store, clock, told, report }: World): Fanout {
  /** The last of each event to each place, until its time comes. */
  const gathered = new Map<string, { places: readonly string[]; message: Envelope; how: Delivery }>()

  function send(places: readonly string[], message: Envelope, { volatile, without }: Delivery) {
    const { action } = message.payload
    const receivers = without === undefined ? io.to([...places]) : io.to([...places]).except(without)
    if (volatile) sendVolatile(places, message, without)
    else receivers.emit(action, message)
    told(
      action,
      places.reduce((sum, place) => sum + (io.sockets.adapter.rooms.get(place)?.size ?? 0), 0),
    )
  }

  function sendVolatile(places: readonly string[], message: Envelope, without: string | undefined) {
    const { rooms, sids } = io.sockets.adapter
    const ids = new Set(places.flatMap((place) => [...(rooms.get(place) ?? [])]))
    for (const id of ids) {
      const socket = io.sockets.sockets.get(id)
      if (!socket || (without !== undefined && sids.get(id)?.has(without))) continue
      if (wires.bufferedAmount(socket.conn) < VOLATILE_BYTES) socket.emit(message.payload.action, message)
    }
  }

  function gather(places: readonly string[], message: Envelope, how: Delivery, ms: number) {
    const key = keyOf(message.payload.action, ...places)
    const waits = gathered.has(key)
    gathered.set(key, { places, message, how })
    if (waits) return
    clock.after(ms, () => {
      const last = gathered.get(key)
      gathered.delete(key)
      if (last) send(last.places, last.message, last.how)
    })
  }

  async function follow(connection: ServerConnection, tenant_id: string, room_id: string) {
    const { epoch, seq } = await connection.enter(room_id)
    const room = await store.room(roomKey(tenant_id, room_id))
    if (room) connection.say('room_joined', { room: viewOf(room, room.member_count, seq), epoch, attach_seq: seq })
  }

  /** A connection hears all rooms of its user, or it ends, and comes again. */
  function unheard(connection: ServerConnection, error: unknown) {
    if (!connection.socket.connected || isOut(error)) return
    const failure = Failure.from(error)
    if (failure.code === 'internal') report(error)
    connection.end(failure)
  }

  return {
    tell(places, message, how = {}) {
      if (how.coalesce === undefined) send(places, message, how)
      else gather(places, message, how, how.coalesce)
    },
    async follow(tenant_id, user_ids, room_id, except) {
      const all = user_ids.flatMap((user_id) => [...connections.of(tenant_id, user_id)])
      const others = all.filter(({ id }) => id !== except)
      await Promise.all(others.map((one) => follow(one, tenant_id, room_id).catch((error) => unheard(one, error))))
    },
    unfollow(tenant_id, user_ids, room_id) {
      for (const user_id of user_ids) for (const one of connections.of(tenant_id, user_id)) one.leave(room_id)
    },
    close(place, failure) {
      const ids = [...(io.sockets.adapter.rooms.get(place) ?? [])]
      for (const id of ids) (io.sockets.sockets.get(id) as Socket | undefined)?.data.end(failure)
    },
  }
}
