/** Puts sockets, pipeline and world together. It knows neither the technologies behind the ports nor the runtime under the sockets. */
import type { Caller } from '../features/caller.ts'
import type { ServiceState } from '../features/feature.ts'
import { eventNamespaces, features, register } from '../features/registry.ts'
import { sessions } from '../features/sessions/sessions.ts'
import { attendance } from '../pipeline/attendance.ts'
import { contexts, type Pipeline } from '../pipeline/context.ts'
import { dispatcher } from '../pipeline/dispatch.ts'
import { hearing } from '../pipeline/hearing.ts'
import { memberships } from '../pipeline/memberships.ts'
import { telling, type Viewer } from '../pipeline/telling.ts'
import type { Clock } from '../ports/clock.ts'
import type { Changing } from '../ports/roster.ts'
import type { Entry } from '../protocol/entry.ts'
import type { FailureCode } from '../protocol/failure.ts'
import { roomKey } from '../protocol/ids.ts'
import { isCrowd } from './arriving/crowd.ts'
import { deviceRecords } from './arriving/devices.ts'
import { Expiries } from './arriving/expiries.ts'
import { patience } from './arriving/patience.ts'
import { endRevoked } from './arriving/revoking.ts'
import { signing } from './arriving/signing.ts'
import type { ServerConnection, Surroundings } from './connection/connection.ts'
import { Connections } from './connection/connections.ts'
import { idling } from './connection/idling.ts'
import { pulses } from './connection/pulses.ts'
import { authenticating, presentOf } from './connection/who.ts'
import { openDoor } from './door.ts'
import { healthOf } from './health.ts'
import type { ServerParts } from './parts.ts'
import { mayHear } from './returning/planning.ts'
import { moment, recovering } from './returning/recovery.ts'
import { welcoming } from './returning/welcome.ts'
import { socketFanout } from './telling/fanout.ts'
import { resync } from './telling/joining.ts'
import { teller } from './telling/teller.ts'
import { topics } from './telling/topics.ts'

/** What was told is compared with the log this often. */
const CHECK_MS = 20_000

export type RunningServer = ReturnType<typeof startServer>

export function startServer(parts: ServerParts) {
  const { io, wires, clock, log, store, meter, settings } = parts
  const commands = register(features)
  const eventNames = new Set(features.flatMap(({ events }) => events.map(({ name }) => name as string)))
  const tell = telling(features, clock.now)
  const members = memberships(store)
  const connections = new Connections()
  const report = (error: unknown, id?: string) => parts.report(error, 'command', id)
  const local = topics(io, wires, tell, meter.told)
  let draining = false
  let closed = false

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
    moment,
  })

  const recovery = recovering(parts, follower, local)
  const { checkpoints } = recovery

  /** Who is told of their own leaving is told nothing that comes after it. */
  function sayInRoom(room: string, entry: Entry) {
    members.heard(room, entry)
    recovery.recent.heard(room, entry)
    local.tell(room, entry)
    heard(entry)
    if (entry.action === 'room_member_left') {
      const { user_id } = entry.kept as { user_id: string }
      for (const one of connections.of(entry.tenant_id, user_id)) one.leave(entry.room_id)
    }
    if (entry.action === 'room_deleted')
      for (const live of [...local.hearers(room)]) (live as ServerConnection).leave(entry.room_id)
  }

  const serviceOf = (tenant_id: string): ServiceState => ({
    health: async () => state.health(),
    stats: async () => state.stats(),
    taken: (event) => eventNames.has(event) || RESERVED.has(event),
    online: (room_id) => local.count(roomKey(tenant_id, room_id)),
    suspects: (limit) => suspicion?.list(limit) ?? [],
    pardon: (network) => suspicion?.pardon(network) ?? false,
    networkOf: parts.networkOf,
  })

  const told = meter.told
  const fanout = socketFanout({
    io,
    wires,
    connections,
    store,
    clock,
    ownNamespaces: eventNamespaces(features),
    told,
    report: (error) => parts.report(error, 'fanout'),
  })
  const { leases, limiter, roster, revocations, suspicion } = parts
  const living: Clock = { now: clock.now, after: (ms, then) => clock.after(ms, () => closed || then()) }
  const ports = { clock: living, fanout, leases, limiter, log, roster, store, meter, report }
  const pipeline: Pipeline = { ports, tell, memberships: members, revocations, serviceOf }
  const contextOf = contexts(pipeline)
  const authenticated = authenticating(settings)
  const dispatch = dispatcher(commands, ports, contextOf, settings.limits)
  const attending = attendance({
    roster,
    features,
    contextOf: (caller, feature, id) => contextOf(caller, feature, id, undefined),
    report,
  })
  const note = ({ caller, id }: ServerConnection, change: Partial<Changing>) => {
    if (caller) attending.note(caller, id, change).catch((error) => report(error, id))
  }
  const pulse = pulses({ meter, note, connectionOf: (conn) => door.connectionOf(conn) })
  const heard = hearing({ features, contextOf, report })
  const idle = idling({ clock, connections, idleMs: settings.idleMs, note })
  endRevoked({ revocations, connections, clock })

  const around: Surroundings = {
    ...recovery.around,
    topics: local,
    said: tell,
    viewer,
    signIn: (connection, credentials) => door.signIn(connection, credentials),
    refresh: (connection, token) => door.refresh(connection, token),
    counted,
    upgraded(connection) {
      meter.upgraded(connection.state)
      note(connection, { transport: connection.transport })
    },
    networkOf: parts.networkOf,
    now: clock.now,
  }

  const losing = suspicion && patience(clock, suspicion)
  /** Something that it sent was, by the engine or as a command. */
  function refused(connection: ServerConnection | undefined, code: FailureCode) {
    if (connection?.caller) losing?.(connection, code)
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
    report,
    authenticated,
    attendance: attending,
    presentOf(connection) {
      idle.came(connection)
      return presentOf(connection, settings.server.id)
    },
    refused,
    active(connection, name) {
      if (!commands.get(name)?.command.automatic) idle.active(connection)
    },
    revocations,
    devices: deviceRecords({
      store,
      roster,
      fanout,
      clock,
      revocations,
      most: settings.maxDevicesPerUser,
      limit: settings.deviceLimit,
    }),
    outOf,
    signing: signing({
      tokens: parts.tokens,
      revocations,
      clock,
      suspicion,
      development: settings.development,
      chance: Math.random,
    }),
    authTimeout: settings.authTimeoutMs,
    welcome: welcoming({
      store,
      clock,
      checkpoints,
      plan: recovery.plan,
      authenticated,
      contextOf: (caller) => contextOf(caller, sessions, '', undefined),
    }),
  })

  function counted(connection: ServerConnection, from: string | undefined, to: string | undefined) {
    meter.connection(connection.transport, from, to)
    if (to !== undefined) return
    pulse.left(connection)
    idle.gone(connection)
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

  const connectionCount = () => io.engine?.clientsCount ?? io.of('/').sockets.size
  const state = healthOf({
    clock,
    meter,
    dependencies: parts.dependencies,
    draining: () => draining,
    counts: () => ({ connections: connectionCount(), users: connections.users, rooms: local.rooms() }),
  })

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
  meter.gauge('replay_reads', 'Reads of logs for those who came back, since the start.', () => recovery.recent.reads)
  meter.gauge('followed_rooms', 'Rooms whose log is followed here.', follower.followed)
  meter.gauge(
    'connections_due',
    'Connections that end at a time, with their token or the time to sign in.',
    () => expiries.size,
  )

  return {
    commands,
    dispatch,
    fanout,
    health: state.health,
    connectionCount,
    onEvent: door.onEvent,
    onPong(conn: object, rtt_ms: number, sentAt: number) {
      checkpoints.ponged(conn, sentAt)
      return pulse.onPong(conn, rtt_ms)
    },
    /** What its clients have for certain is kept. */
    keep: checkpoints.flush,
    onLate: pulse.onLate,
    /** A connection of the engine has ended. */
    ended: door.ended,
    refused,
    crowded: (network: string) => isCrowd(connections, network),
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
      for (const { socket } of [...door.connections()]) socket.conn.close()
    },
    close() {
      closed = true
      stopChecking()
      recovery.close()
      idle.close()
      expiries.close()
      follower.close()
    },
  }
}

/** Names that Socket.IO keeps for itself. */
const RESERVED = new Set(['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'])
