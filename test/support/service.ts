/** The whole service without its doors: commands in, envelopes out, time by hand. What it says is held to the registry. */
import * as v from 'valibot'
import { memoryLeases } from '../../src/adapters/memory/leases.ts'
import { memoryLimiter } from '../../src/adapters/memory/limiter.ts'
import { memoryRoster } from '../../src/adapters/memory/roster.ts'
import { memoryWorld } from '../../src/adapters/memory/world.ts'
import type { Caller } from '../../src/features/caller.ts'
import type { ServiceState } from '../../src/features/feature.ts'
import { permissionsOf } from '../../src/features/permissions.ts'
import { features, register } from '../../src/features/registry.ts'
import { attendance } from '../../src/pipeline/attendance.ts'
import { contexts } from '../../src/pipeline/context.ts'
import { dispatcher } from '../../src/pipeline/dispatch.ts'
import { hearing } from '../../src/pipeline/hearing.ts'
import { type Limits, standardLimits } from '../../src/pipeline/limits.ts'
import { memberships } from '../../src/pipeline/memberships.ts'
import { revocations } from '../../src/pipeline/revocations.ts'
import { telling } from '../../src/pipeline/telling.ts'
import type { Delivery } from '../../src/ports/fanout.ts'
import type { Changing } from '../../src/ports/roster.ts'
import type { Revocation, Role } from '../../src/ports/store.ts'
import type { Position } from '../../src/protocol/entry.ts'
import { type Envelope, envelope } from '../../src/protocol/envelope.ts'
import type { Failure, FailureCode } from '../../src/protocol/failure.ts'
import { newId, roomKey, tenantKey, watchKey } from '../../src/protocol/ids.ts'
import { startWorkers } from '../../src/workers/workers.ts'
import { cleanUp } from './cleaning.ts'
import { fakeClock } from './clock.ts'
import { type FakeConnection, fakeConnection } from './connection.ts'

const commands = register(features)
const events = new Map(features.flatMap(({ events }) => events.map((event) => [event.name as string, event.data])))

/** What a token would say of a user. */
export interface Who {
  tenant?: string
  permissions?: readonly string[]
  grants?: Record<string, Role>
  device?: string
  session?: string
  /** `none` as HTTP and workers come. */
  connection?: FakeConnection | 'none'
}

interface Said {
  places: readonly string[]
  message: Envelope
  how: Delivery
  /** How many watching connections it reached. */
  watchers: number
}

interface Options {
  limited?: boolean
  /** Others than the standard ones. */
  limits?: Partial<Limits>
  time?: ReturnType<typeof fakeClock>
  /** Whether the workers are at work; without them a day passes in no time. */
  working?: boolean
  /** What is known of the running service. */
  service?: Partial<ServiceState>
}

export function testService({
  limits = {},
  limited = false,
  time = fakeClock(),
  working = true,
  service = {},
}: Options = {}) {
  const { clock, pass } = time
  const told: Said[] = []
  const reported: unknown[] = []
  const report = (error: unknown) => void reported.push(error)
  const { log, store } = memoryWorld(clock, report)
  const measured: string[] = []
  const followed = new Set<string>()
  const connections = new Set<FakeConnection>()
  const tell = telling(features, clock.now)
  const members = memberships(store)

  function hold(message: Envelope) {
    const shape = events.get(message.payload.action)
    if (shape) v.parse(shape, message.payload.data)
  }

  const fanout = {
    tell(places: readonly string[], message: Envelope, how: Delivery = {}) {
      hold(message)
      const watching = [...connections].filter((one) => places.some((place) => isAt(one, place)))
      told.push({ places, message, how, watchers: watching.length })
    },
    count: (place: string) => [...connections].filter((one) => isAt(one, place)).length,
    async follow(tenant_id: string, user_ids: readonly string[], room_id: string) {
      for (const user_id of user_ids) followed.add(`${tenant_id}/${room_id}/${user_id}`)
    },
    unfollow(tenant_id: string, user_ids: readonly string[], room_id: string) {
      for (const user_id of user_ids) followed.delete(`${tenant_id}/${room_id}/${user_id}`)
    },
    close(place: string, failure: Failure) {
      told.push({ places: [place], message: errorOf(failure), how: {}, watchers: 0 })
    },
  }

  const serviceOf = (): ServiceState => ({
    health: async () => ({ status: 'ok', uptime_s: 0, connections: 0, dependencies: {} }),
    stats: async () => ({ ...NO_STATS }),
    taken: (event) => events.has(event),
    online: () => 0,
    suspects: () => [],
    pardon: () => false,
    networkOf: (address) => address,
    ...service,
  })

  const meter = { command: (name: string, outcome: string) => void measured.push(`${name} ${outcome}`) }
  const limiter = limited ? memoryLimiter(clock) : undefined
  const roster = memoryRoster()
  const ports = { clock, fanout, leases: memoryLeases(clock), limiter, log, roster, store, meter, report }
  const revoked = revocations(store, clock)
  const stored: Revocation[] = []
  revoked.onRevoked((one) => void stored.push(one))
  const pipeline = { ports, tell, memberships: members, revocations: revoked, serviceOf }
  const contextOf = contexts(pipeline)
  const dispatch = dispatcher(commands, ports, contextOf, { ...standardLimits, ...limits })
  const attending = attendance({
    roster,
    features,
    contextOf: (caller, feature, id) => contextOf(caller, feature, id, undefined),
    report,
  })
  const heard = hearing({ features, contextOf, report })
  if (working) {
    const workers = startWorkers({ clock, log, store, dispatch, report })
    cleanUp(() => workers.stop())
  }

  /** A user of a tenant, who can send. */
  function user(user_id: string, who: Who = {}) {
    const { tenant = 'acme', permissions, grants = {}, device, session = `session of ${user_id}`, connection } = who
    const caller: Caller = {
      tenant_id: tenant,
      user_id,
      device_id: device,
      session_id: session,
      permissions: permissionsOf(permissions),
      grants,
      token: { token_id: `token of ${session}`, session_id: session, device_id: device, issued_at: clock.now() },
      connection: connection === 'none' ? undefined : (connection ?? fakeConnection(log, tenant)),
    }

    async function reply(name: string, data?: unknown): Promise<Envelope> {
      const answer = await dispatch(caller, name, data)
      const output = commands.get(name)?.command.output
      if (answer.type === 'ack' && output) v.parse(output, answer.payload.data)
      return answer
    }

    const { connection: own } = caller
    if (own) connections.add(own as FakeConnection)
    const connection_id = own?.id ?? newId()

    return {
      reply,
      connection_id,
      /** One of their connections has signed in, and is up to date. */
      async arrive(more: Partial<Changing> = {}) {
        if (own) connections.add(own as FakeConnection)
        const { device_id, session_id } = caller
        const stay = { since: clock.now(), active_at: clock.now(), idle: false, quality: undefined, rtt_ms: undefined }
        const where = { server_id: 'one', platform: undefined, transport: 'websocket', address: '127.0.0.1' }
        await attending.enter(caller, { connection_id, device_id, session_id, ...where, ...stay, ...more })
        await attending.synced(caller)
      },
      /** Of that connection something is to be noted, such as that it is idle. */
      note: (change: Partial<Changing>) => attending.note(caller, connection_id, change),
      /** It ends, by a drop where nothing else is said. */
      leave(how: 'signed out' | 'dropped' = 'dropped') {
        if (own) connections.delete(own as FakeConnection)
        return attending.leave(caller, connection_id, how === 'signed out')
      },
      /** What the acknowledgement says; a refusal is thrown. */
      async send(name: string, data?: unknown): Promise<any> {
        const { type, payload } = await reply(name, data)
        if (type === 'error') throw Object.assign(new Error(JSON.stringify(payload.data)), payload.data)
        return payload.data
      },
      /** The code of the refusal. */
      async refused(name: string, data?: unknown): Promise<FailureCode | 'not refused'> {
        const { type, payload } = await reply(name, data)
        return type === 'error' ? (payload.data as { code: FailureCode }).code : 'not refused'
      },
      /** The refusal with its particulars. */
      async failure(name: string, data?: unknown): Promise<any> {
        const { type, payload } = await reply(name, data)
        return type === 'error' ? payload.data : 'not refused'
      },
      /** All that a room's log holds, as this user is told it. */
      async log(room_id: string): Promise<{ action: string; data: any }[]> {
        const [position] = await log.heads([roomKey(tenant, room_id)])
        const entries = await log.read(
          roomKey(tenant, room_id),
          { epoch: (position as Position).epoch, seq: 0 },
          10_000,
        )
        return entries.map((entry) => {
          const message = tell(entry, { user_id })
          hold(message)
          return message.payload as { action: string; data: any }
        })
      },
    }
  }

  /** What is known of a room is kept from here on, as on a server where someone hears it. */
  async function keep(room_id: string) {
    const place = roomKey('acme', room_id)
    members.hold(place)
    await log.follow(place, (entry) => {
      members.heard(place, entry)
      heard(entry)
    })
  }

  return {
    pass,
    clock,
    log,
    store,
    measured,
    /** What was revoked, oldest first. */
    revoked: stored,
    /** Errors that are nobody's answer. */
    reported,
    user,
    /** A room with its first as the owner. */
    async room(room_id: string, [owner, ...others]: string[], more: Record<string, unknown> = {}) {
      const rest = { room_id, kind: 'group', members: others, ...more }
      const made = await user(owner as string).send('room:create', rest)
      await keep(room_id)
      return made
    },
    follows: (user_id: string, room_id: string, tenant = 'acme') => followed.has(`${tenant}/${room_id}/${user_id}`),
    /** What was told at a place, or anywhere, of one event: oldest first. */
    told: (action: string, place?: string): any[] =>
      told
        .filter(({ places, message }) => message.payload.action === action && (!place || places.includes(place)))
        .map(({ message }) => message.payload.data),
    /** The envelopes of one event, and where they were told: oldest first. */
    said: (action: string) => told.filter(({ message }) => message.payload.action === action),
    /** How often an event came to those who watch its subject. */
    watched: (action: string): number =>
      told.filter(({ message }) => message.payload.action === action).reduce((sum, { watchers }) => sum + watchers, 0),
    /** Where and how all of one event was told. */
    tellings: (action: string) =>
      told
        .filter(({ message }) => message.payload.action === action)
        .map(({ places, how }) => ({ places: [...places], ...how })),
  }
}

const NO_STATS = {
  connections: 0,
  users: 0,
  rooms: 0,
  messages: 0,
  events: 0,
  errors: 0,
  latency_ms: { p50: 0, p95: 0, p99: 0 },
  memory: {},
}

const isAt = ({ tenant_id, watched }: FakeConnection, place: string) =>
  place === tenantKey(tenant_id) || [...watched].some((subject) => watchKey(tenant_id, subject) === place)

const errorOf = (failure: Failure) =>
  envelope('error', { id: newId(), tenant_id: '', timestamp: 0, action: 'error' }, failure.data)
