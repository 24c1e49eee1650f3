import type { Caller, Connection, Lane } from '../features/caller.ts'
import type {
  Context,
  Feature,
  Revoking,
  RoomDelivery,
  RoomLogs,
  ServiceState,
  Standing,
  TenantRoster,
  TenantStore,
} from '../features/feature.ts'
import type { Delivery } from '../ports/fanout.ts'
import type { Leases } from '../ports/leases.ts'
import type { Ports } from '../ports/ports.ts'
import type { Roster } from '../ports/roster.ts'
import type { Queued, Revocation, Role } from '../ports/store.ts'
import { envelope } from '../protocol/envelope.ts'
import type { ServerEvent } from '../protocol/event.ts'
import { Failure } from '../protocol/failure.ts'
import { deviceKey, keyOf, newId, roomKey, tenantKey, userKey, watchKey, withoutKey } from '../protocol/ids.ts'
import { CallerLogs } from './logs.ts'
import type { Memberships, Seen } from './memberships.ts'
import type { Revocations } from './revocations.ts'
import type { Telling } from './telling.ts'

export interface Pipeline {
  readonly ports: Ports
  readonly tell: Telling
  readonly memberships: Memberships
  readonly revocations: Pick<Revocations, 'revoke'>
  /** What operators may ask; of one tenant. */
  serviceOf(tenant_id: string): ServiceState
}

/** What does not change from one command of a tenant to the next. */
interface Tenant {
  readonly leases: Leases
  readonly roster: TenantRoster
  readonly service: ServiceState
  readonly states: Map<string, unknown>
}

const TENANTS_MOST = 10_000
const LOOKED_AT = 100
/** What may change who is what in a room. */
const MEMBERSHIP = new Set(['set_room', 'drop_room', 'set_member', 'drop_member'])

/**
 * Makes what handlers see. This is the one place where a tenant is put into keys, so a feature
 * cannot reach another tenant's data even by mistake.
 */
export function contexts(pipeline: Pipeline) {
  const tenants = new Map<string, Tenant>()

  function tenantOf(tenant_id: string): Tenant {
    const known = tenants.get(tenant_id)
    if (known) return known
    const made = {
      leases: leasesOf(pipeline.ports.leases, tenant_id),
      roster: rosterOf(pipeline.ports.roster, tenant_id),
      service: pipeline.serviceOf(tenant_id),
      states: new Map(),
    }
    if (tenants.size >= TENANTS_MOST) forgetOne()
    tenants.set(tenant_id, made)
    return made
  }

  /** A state holds who types just now and the like: the oldest tenant's goes that nobody is connected to, and is made anew when asked for. */
  function forgetOne() {
    for (const [tenant_id, tenant] of [...tenants.entries().take(LOOKED_AT)]) {
      tenants.delete(tenant_id)
      if (pipeline.ports.fanout.count(tenantKey(tenant_id)) === 0) return
      tenants.set(tenant_id, tenant)
    }
  }

  const contextOf = (caller: Caller, feature: Feature, commandId: string, lane: Lane | undefined): TenantContext =>
    new TenantContext(pipeline, tenantOf(caller.tenant_id), caller, feature, commandId, lane)

  /** What a feature remembers of a tenant; nothing where it was never asked to. */
  const stateOf = (tenant_id: string, { name }: Feature): unknown => tenants.get(tenant_id)?.states.get(name)

  return Object.assign(contextOf, { stateOf })
}

/** A class, because thousands of these are made a second: its methods are made once. */
class TenantContext implements Context {
  readonly commandId: string
  readonly caller: Caller
  readonly #pipeline: Pipeline
  readonly #tenant: Tenant
  readonly #feature: Feature
  readonly #lane: Lane | undefined
  /** What was looked at, by room: what is appended there rests on it. */
  readonly #seen = new Map<string, Standing>()

  constructor(
    pipeline: Pipeline,
    tenant: Tenant,
    caller: Caller,
    feature: Feature,
    commandId: string,
    lane: Lane | undefined,
  ) {
    this.#pipeline = pipeline
    this.#tenant = tenant
    this.#feature = feature
    this.#lane = lane
    this.caller = caller
    this.commandId = commandId
  }

  get userId() {
    return this.caller.user_id
  }

  get now() {
    return this.#pipeline.ports.clock.now()
  }

  get leases() {
    return this.#tenant.leases
  }

  get roster() {
    return this.#tenant.roster
  }

  get service() {
    return this.#tenant.service
  }

  get state(): unknown {
    const { states } = this.#tenant
    const { name, state } = this.#feature
    if (!states.has(name)) states.set(name, state())
    return states.get(name)
  }

  place(room_id: string) {
    return roomKey(this.caller.tenant_id, room_id)
  }

  standing(room_id: string): Standing | Promise<Standing> {
    const before = this.#seen.get(room_id)
    if (before) return before
    const found = this.#pipeline.memberships.find(this.place(room_id), this.userId)
    return found instanceof Promise ? found.then((seen) => this.#see(room_id, seen)) : this.#see(room_id, found)
  }

  #see(room_id: string, { room, member }: Seen): Standing {
    if (!room) throw new Failure('not_found', 'There is no such room.')
    const standing = { room, member, role: roleOf(this.caller, room_id, member?.role) }
    this.#seen.set(room_id, standing)
    return standing
  }

  /** What was looked at has changed: it is forgotten here, for the hint of that may be late. The answer is a room of it. */
  lookAgain(): string | undefined {
    const places = [...this.#seen.keys()].map((room_id) => this.place(room_id))
    for (const place of places) this.#pipeline.memberships.forget(place)
    return places[0]
  }

  get log(): RoomLogs {
    return new CallerLogs(this.#pipeline, this.caller, this.#lane, this.#seen)
  }

  get store(): TenantStore {
    const { tenant_id } = this.caller
    const { memberships, ports } = this.#pipeline
    const { store } = ports
    return {
      room: store.room,
      member: store.member,
      members: store.members,
      invitation: store.invitation,
      message: store.message,
      history: store.history,
      unread: store.unread,
      sizes: store.sizes,
      apply: async (changes) => {
        await store.apply(changes)
        for (const one of changes) if (MEMBERSHIP.has(one.do) && 'room' in one) memberships.forget(one.room)
      },
      roomsOf: (user_id) => store.roomsOf(tenant_id, user_id),
      rooms: (after, limit) => store.rooms(tenant_id, after, limit),
      devices: (user_id) => store.devices(tenant_id, user_id),
      presences: (user_ids) => store.presences(tenant_id, user_ids),
      queued: (user_id, after, limit) => store.queued(tenant_id, user_id, after, limit),
    }
  }

  after(ms: number, then: () => unknown) {
    const { clock, report } = this.#pipeline.ports
    const attempt = async () => then()
    return clock.after(ms, () => void attempt().catch((error) => report(error, this.commandId)))
  }

  #say(name: string, data: unknown) {
    const { tenant_id } = this.caller
    return envelope('event', { id: newId(), tenant_id, timestamp: this.now, action: name }, data)
  }

  toRoom(room_id: string, { name }: ServerEvent, data: unknown, { feature, ...how }: RoomDelivery = {}) {
    const without = feature && { without: withoutKey(this.caller.tenant_id, room_id, feature) }
    this.#pipeline.ports.fanout.tell([this.place(room_id)], this.#say(name, data), { ...how, ...without })
  }

  toUsers(user_ids: readonly string[], { name }: ServerEvent, data: unknown) {
    const places = user_ids.map((user_id) => userKey(this.caller.tenant_id, user_id))
    if (places.length > 0) this.#pipeline.ports.fanout.tell(places, this.#say(name, data))
  }

  toDevice(user_id: string, device_id: string, { name }: ServerEvent, data: unknown) {
    const place = deviceKey(this.caller.tenant_id, user_id, device_id)
    this.#pipeline.ports.fanout.tell([place], this.#say(name, data))
  }

  hand({ id, user_id, device_id, action, data, created_at }: Queued, to?: Connection) {
    const { tenant_id } = this.caller
    const all = device_id === undefined ? userKey(tenant_id, user_id) : deviceKey(tenant_id, user_id, device_id)
    const message = envelope('event', { id, tenant_id, timestamp: created_at, action }, data)
    this.#pipeline.ports.fanout.tell([to ? to.id : all], message)
  }

  toWatchers(subjects: readonly string[], { name }: ServerEvent, data: unknown, how: Omit<Delivery, 'without'> = {}) {
    const places = subjects.map((subject) => watchKey(this.caller.tenant_id, subject))
    this.#pipeline.ports.fanout.tell(places, this.#say(name, data), how)
  }

  watchers(subject: string) {
    return this.#pipeline.ports.fanout.count(watchKey(this.caller.tenant_id, subject))
  }

  broadcast(name: string, data: unknown, room_id: string | undefined) {
    const place = room_id === undefined ? tenantKey(this.caller.tenant_id) : this.place(room_id)
    this.#pipeline.ports.fanout.tell([place], this.#say(name, data))
  }

  follow(user_ids: readonly string[], room_id: string, except?: string) {
    this.#seen.delete(room_id)
    return this.#pipeline.ports.fanout.follow(this.caller.tenant_id, user_ids, room_id, except)
  }

  unfollow(user_ids: readonly string[], room_id: string) {
    this.#pipeline.ports.fanout.unfollow(this.caller.tenant_id, user_ids, room_id)
  }

  revoke(what: Omit<Revocation, 'tenant_id'>, how?: Revoking) {
    return this.#pipeline.revocations.revoke({ ...what, tenant_id: this.caller.tenant_id }, how)
  }
}

/** `admin` may do in a room what its owner may; else it is the stored role, else what the token grants. */
function roleOf({ permissions, grants }: Caller, room_id: string, stored: Role | undefined): Role | undefined {
  if (permissions.admin) return 'owner'
  return stored ?? (Object.hasOwn(grants, room_id) ? grants[room_id] : undefined)
}

function leasesOf(leases: Leases, tenant_id: string): Leases {
  return {
    hold: (set, member, ms) => leases.hold(keyOf(tenant_id, set), member, ms),
    release: (set, member) => leases.release(keyOf(tenant_id, set), member),
    members: (set) => leases.members(keyOf(tenant_id, set)),
  }
}

const rosterOf = (roster: Roster, tenant_id: string): TenantRoster => ({
  of: (user_ids) => roster.of(tenant_id, user_ids),
  users: (after, limit) => roster.users(tenant_id, after, limit),
})
