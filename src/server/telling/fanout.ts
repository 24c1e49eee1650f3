/** The Fanout port over Socket.IO: for what may be lost, and for what is addressed to people. */
import type { Server, Socket } from 'socket.io'
import { viewOf } from '../../features/rooms/room.ts'
import { isOut } from '../../features/rooms/rules.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Delivery, Fanout } from '../../ports/fanout.ts'
import type { Store } from '../../ports/store.ts'
import type { Envelope } from '../../protocol/envelope.ts'
import { Failure } from '../../protocol/failure.ts'
import { keyOf, roomKey } from '../../protocol/ids.ts'
import { everyNamespace, namespaces } from '../../protocol/namespaces.ts'
import type { ServerConnection } from '../connection/connection.ts'
import type { Connections } from '../connection/connections.ts'
import type { Wires } from '../wires.ts'

/** Where more than this waits for a reader, what may be lost is left out. */
const VOLATILE_BYTES = 65_536

interface World {
  readonly io: Server
  readonly wires: Wires
  readonly connections: Connections
  readonly store: Store
  readonly clock: Clock
  /** By event, where it has namespaces of its own. */
  readonly ownNamespaces: ReadonlyMap<string, readonly string[]>
  told(event: string, receivers: number): void
  report(error: unknown): void
}

export function socketFanout({ io, wires, connections, store, clock, ownNamespaces, told, report }: World): Fanout {
  /** The last of each event to each place, until its time comes. */
  const gathered = new Map<string, { places: readonly string[]; message: Envelope; how: Delivery }>()

  function send(places: readonly string[], message: Envelope, how: Delivery) {
    const { volatile, without, except } = how
    const { action } = message.payload
    const own = (ownNamespaces.get(action) ?? []).filter((name) => io.of(name).sockets.size > 0)
    if (volatile || own.length > 0) return sendEach(places, message, own, how)
    const left = [without, except].filter((place) => place !== undefined)
    const receivers = left.length === 0 ? io.to([...places]) : io.to([...places]).except(left)
    receivers.emit(action, message)
    told(
      action,
      places.reduce((sum, place) => sum + (io.sockets.adapter.rooms.get(place)?.size ?? 0), 0),
    )
  }

  /** Each connection once: where it opened one of the event's own namespaces there, else on `/`. Encoded once a namespace. */
  function sendEach(places: readonly string[], message: Envelope, own: readonly string[], how: Delivery) {
    const receivers = new Set<ServerConnection>()
    const ids = new Map<string, string[]>()
    for (const socket of socketsAt(places, [namespaces.main, ...own], how.without)) {
      const connection = socket.data as ServerConnection
      if (receivers.has(connection) || connection.id === how.except) continue
      receivers.add(connection)
      const { nsp, id, conn } = connection.namespaces?.first(own) ?? socket
      if (how.volatile && wires.bufferedAmount(conn) >= VOLATILE_BYTES) continue
      const those = ids.get(nsp.name)
      if (those) those.push(id)
      else ids.set(nsp.name, [id])
    }
    for (const [name, those] of ids) io.of(name).local.to(those).emit(message.payload.action, message)
    told(message.payload.action, receivers.size)
  }

  function* socketsAt(places: readonly string[], names: readonly string[], without?: string): Iterable<Socket> {
    for (const name of names) {
      const { adapter, sockets } = io.of(name)
      for (const place of places)
        for (const id of adapter.rooms.get(place) ?? []) {
          const socket = sockets.get(id)
          if (socket && (without === undefined || !adapter.sids.get(id)?.has(without))) yield socket
        }
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
    count: (place) => io.sockets.adapter.rooms.get(place)?.size ?? 0,
    async follow(tenant_id, user_ids, room_id, except) {
      const all = user_ids.flatMap((user_id) => [...connections.of(tenant_id, user_id)])
      const others = all.filter(({ id, hearsRooms }) => hearsRooms && id !== except)
      await Promise.all(others.map((one) => follow(one, tenant_id, room_id).catch((error) => unheard(one, error))))
    },
    unfollow(tenant_id, user_ids, room_id) {
      for (const user_id of user_ids) for (const one of connections.of(tenant_id, user_id)) one.leave(room_id)
    },
    close(place, failure) {
      const those = [...socketsAt([place], everyNamespace)].map(({ data }) => data as ServerConnection)
      for (const connection of new Set(those)) connection.end(failure)
    },
  }
}
