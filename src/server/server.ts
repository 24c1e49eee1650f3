/** Puts sockets, pipeline and world together. It knows neither the technologies behind the ports nor the runtime under the sockets. */
import type { Server, Socket } from 'socket.io'
import type { Caller } from '../features/caller.ts'
import type { ServiceState } from '../features/feature.ts'
import { features, register } from '../features/registry.ts'
import { caps } from '../features/rooms/caps.ts'
import { sessions } from '../features/sessions/sessions.ts'
import { contexts, type Pipeline } from '../pipeline/context.ts'
import { dispatcher } from '../pipeline/dispatch.ts'
import { memberships } from '../pipeline/memberships.ts'
import { telling, type Viewer } from '../pipeline/telling.ts'
import type { Clock } from '../ports/clock.ts'
import type { Leases } from '../ports/leases.ts'
import type { Limiter } from '../ports/limiter.ts'
import type { Log } from '../ports/log.ts'
import type { Meter } from '../ports/meter.ts'
import type { Store } from '../ports/store.ts'
import type { Tokens } from '../ports/tokens.ts'
import type { Entry } from '../protocol/entry.ts'
import { roomKey } from '../protocol/ids.ts'
import { newestVersion } from '../protocol/version.ts'
import type { ServerConnection, Surroundings } from './connection.ts'
import { Connections } from './connections.ts'
import { deviceRecords } from './devices.ts'
import { openDoor } from './door.ts'
import { Expiries } from './expiries.ts'
import { socketFanout } from './fanout.ts'
import { joining, resync } from './joining.ts'
import { signing } from './signing.ts'
import { teller } from './teller.ts'
import { topics } from './topics.ts'
import { mayHear, welcoming } from './welcome.ts'
import type { Wires } from './wires.ts'

export interface ServerParts {
  readonly io: Server
  readonly wires: Wires
  readonly clock: Clock
  readonly log: Log
  readonly store: Store
  readonly leases: Leases
  readonly limiter: Limiter | undefined
  readonly tokens: Tokens
  readonly meter: Meter
  readonly settings: Settings
  report(error: unknown, where: string, id?: string): void
  dependencies(): Record<string, unknown>
}

export interface Settings {
  readonly server: { readonly id: string; readonly region: string; readonly version: string }
  readonly development: boolean
  readonly authTimeoutMs: number
  readonly maxPayloadBytes: number
  readonly maxDevicesPerUser: number
}

/** What was told is compared with the log this often. */
const CHECK_MS = 20_000
/** A reader with more than this waiting is given no more of what it missed for now. */
const REPLAY_BYTES = 262_144
const REPLAY_WAIT_MS = 10

export type RunningServer = ReturnType<typeof startServer>

export function startServer(parts: ServerParts) {
  const { io, wires, clock, log, store, meter, settings } = parts
  const began = clock.now()
  const commands = register(features)
  const eventNames = new Set(features.flatMap(({ events }) => events.map(({ name }) => name as string)))
  const tell = telling(features, clock.now)
  const members = memberships(store)
  const connections = new Connections()
  const report = (error: unknown, id?: string) => parts.report(error, 'command', id)
  const local = topics(io, wires, tell, meter.told)
  let draining = false

  const follower = teller(log, {
    begun: members.hold,
    ended: members.release,
    tell: sayInRoom,
    cut(room) {
      for (const live of [...local.hearers(room)]) (live as ServerConnection).end(resync())
    },
    report: (error) => parts.report(error, 'teller'),
    gap: meter.gap,
    checked: meter.checked,
  })

  /** Who is told of their own leaving is told nothing that comes after it. */
  function sayInRoom(room: string, entry: Entry) {
    members.heard(room, entry)
    local.tell(room, entry)
    if (entry.action === 'room_member_left') {
      const { user_id } = entry.kept as { user_id: string }
      for (const one of connections.of(entry.tenant_id, user_id)) one.leave(entry.room_id)
    }
    if (entry.action === 'room_deleted')
      for (const live of [...local.hearers(room)]) (live as ServerConnection).leave(entry.room_id)
  }

  const serviceOf = (tenant_id: string): ServiceState => ({
    health: async () => health(),
    stats: async () => stats(),
    taken: (event) => eventNames.has(event) || RESERVED.has(event),
    users: (after, limit) => connections.list(tenant_id, after, limit),
    user: (user_id) => connections.user(tenant_id, user_id),
    online: (room_id) => local.count(roomKey(tenant_id, room_id)),
  })

  const told = meter.told
  const fanout = socketFanout({
    io,
    wires,
    connections,
    store,
    clock,
    told,
    report: (error) => parts.report(error, 'fanout'),
  })
  const { leases, limiter } = parts
  const ports = { clock, fanout, leases, limiter, log, store, meter, report }
  const pipeline: Pipeline = { ports, tell, memberships: members, serviceOf }
  const dispatch = dispatcher(commands, pipeline)
  const contextOf = contexts(pipeline)

  const around: Surroundings = {
    topics: local,
    join: joining(log, follower),
    said: tell,
    viewer,
    drained,
    signIn: (connection, credentials) => door.signIn(connection, credentials),
    refresh: (connection, token) => door.refresh(connection, token),
    counted,
    now: clock.now,
  }

  const expiries = new Expiries<ServerConnection>(clock, (connection) => door.onDue(connection))
  const door = openDoor({
    io,
    wires,
    clock,
    connections,
    expiries,
    around,
    dispatch,
    counted,
    report,
    authenticated,
    devices: deviceRecords({ store, connections, clock, most: settings.maxDevicesPerUser }),
    outOf,
    signing: signing({ tokens: parts.tokens, clock, development: settings.development, chance: Math.random }),
    authTimeout: settings.authTimeoutMs,
    welcome: welcoming({
      log,
      store,
      authenticated,
      contextOf: (caller) => contextOf(caller, sessions, '', undefined),
    }),
  })

  function counted({ transport }: ServerConnection, from: string | undefined, to: string | undefined) {
    meter.connection(transport, from, to)
  }

  /** What a newer token no longer lets its bearer hear is heard no longer. */
  async function outOf({ caller, rooms }: ServerConnection): Promise<string[]> {
    const ctx = contextOf(caller as Caller, sessions, '', undefined)
    const left: string[] = []
    for (const room_id of [...rooms]) if (!(await mayHear(ctx, room_id))) left.push(room_id)
    return left
  }

  async function viewer({ caller, user_id }: ServerConnection, room_id: string): Promise<Viewer> {
    const ctx = contextOf(caller as Caller, sessions, '', undefined)
    return { user_id, from_seq: ctx.log.visibleFrom(await ctx.standing(room_id)) }
  }

  function drained({ socket }: ServerConnection): Promise<void> | undefined {
    const waits = () => socket.connected && wires.bufferedAmount(socket.conn) > REPLAY_BYTES
    if (!waits()) return undefined
    return new Promise((resolve) => {
      const look = () => (waits() ? void clock.after(REPLAY_WAIT_MS, look) : resolve())
      look()
    })
  }

  function authenticated({ caller, expiresAt }: ServerConnection, recovered: boolean) {
    const { user_id, tenant_id, device_id, session_id, permissions } = caller as Caller
    return {
      user_id,
      tenant_id,
      device_id: device_id ?? null,
      session_id,
      permissions: [...permissions.listed],
      protocol: newestVersion,
      expires_at: Number.isFinite(expiresAt) ? expiresAt : null,
      recovered,
      limits: { ...caps, payload_bytes: settings.maxPayloadBytes, devices: settings.maxDevicesPerUser },
      server: settings.server,
    }
  }

  function health() {
    const dependencies = parts.dependencies()
    const states = Object.values(dependencies) as { status?: string }[]
    const well = states.every(({ status }) => status === 'ok')
    const status = draining ? ('draining' as const) : well ? ('ok' as const) : ('degraded' as const)
    return { status, uptime_s: Math.floor((clock.now() - began) / 1_000), connections: connectionCount(), dependencies }
  }

  function stats() {
    const { messages, events, errors, latency_ms } = meter.summary()
    const memory = process.memoryUsage()
    return {
      connections: connectionCount(),
      users: connections.users,
      rooms: local.rooms(),
      messages,
      events,
      errors,
      latency_ms,
      memory: { rss_bytes: memory.rss, heap_used_bytes: memory.heapUsed },
    }
  }

  const connectionCount = () => io.engine?.clientsCount ?? io.of('/').sockets.size

  let stopChecking = () => {}
  function checkLater() {
    stopChecking = clock.after(CHECK_MS, () => {
      follower.check().catch((error) => parts.report(error, 'teller'))
      checkLater()
    })
  }
  checkLater()
  meter.gauge('users', 'Users with a connection here.', () => connections.users)
  meter.gauge('rooms', 'Rooms that someone hears here.', () => local.rooms())

  return {
    commands,
    dispatch,
    fanout,
    health,
    connectionCount,
    onEvent: door.onEvent,
    get underWay() {
      return door.underWay
    },
    get draining() {
      return draining
    },
    /** Those that are here are told to come again elsewhere; what they ask from here on is for there. */
    drain(reconnect_in_ms: number) {
      draining = true
      door.close()
      for (const connection of connections) {
        connection.say('server_draining', { reconnect_in_ms })
        connection.become('draining')
      }
    },
    /** The clients see `transport close`, and come back by themselves. */
    closeConnections() {
      for (const socket of io.of('/').sockets.values() as Iterable<Socket>) socket.conn.close()
    },
    close() {
      stopChecking()
      expiries.close()
      follower.close()
    },
  }
}

/** Names that Socket.IO keeps for itself. */
const RESERVED = new Set(['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'])
