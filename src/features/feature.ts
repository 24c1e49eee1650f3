import type { GenericSchema, InferInput, InferOutput } from 'valibot'
import type { Delivery } from '../ports/fanout.ts'
import type { Leases } from '../ports/leases.ts'
import type { Rate } from '../ports/limiter.ts'
import type { Along, Appended } from '../ports/log.ts'
import type { Connected, Present } from '../ports/roster.ts'
import type { Change, Member, Queued, Revocation, Role, Room, Store } from '../ports/store.ts'
import type { Suspect } from '../ports/suspects.ts'
import type { Draft, Entry, Position } from '../protocol/entry.ts'
import type { Envelope } from '../protocol/envelope.ts'
import type { LogEvent, ServerEvent } from '../protocol/event.ts'
import type { Namespace } from '../protocol/namespaces.ts'
import type { Caller, Connection } from './caller.ts'

/** What a handler has: who calls, its feature's state, and the world, all of one tenant only. */
export interface Context<State = unknown> {
  readonly caller: Caller
  readonly userId: string
  readonly commandId: string
  readonly now: number
  readonly state: State
  readonly leases: Leases
  readonly roster: TenantRoster
  readonly log: RoomLogs
  readonly store: TenantStore
  readonly service: ServiceState
  /** How the caller stands to a room; that it exists and who they are in it. What is appended then rests on it. */
  standing(room_id: string): Promise<Standing> | Standing
  /** A room's name in changes of the store. */
  place(room_id: string): string
  /** What fails in `then` is reported; the function returned calls it off. */
  after(ms: number, then: () => unknown): () => void
  /** For what may be lost. What must not be lost is appended to the room's log, and told from there. */
  toRoom<Data extends GenericSchema>(
    room_id: string,
    event: ServerEvent<Data> & { type: 'event' },
    data: InferInput<Data>,
    how?: RoomDelivery,
  ): void
  /** To all connections of these users. */
  toUsers<Data extends GenericSchema>(
    user_ids: readonly string[],
    event: ServerEvent<Data> & { type: 'event' },
    data: InferInput<Data>,
  ): void
  toDevice<Data extends GenericSchema>(
    user_id: string,
    device_id: string,
    event: ServerEvent<Data> & { type: 'event' },
    data: InferInput<Data>,
  ): void
  /** Tells what is kept for a person, to all it is for or to one of their connections. */
  hand(queued: Queued, to?: Connection): void
  /** To the connections that watch one of the subjects (`Connection.watch`), once to each. */
  toWatchers<Data extends GenericSchema>(
    subjects: readonly string[],
    event: ServerEvent<Data> & { type: 'event' },
    data: InferInput<Data>,
    how?: Omit<Delivery, 'without'>,
  ): void
  /** How many connections of this server watch a subject. */
  watchers(subject: string): number
  /** An event of the caller's own naming, to a room or to the whole tenant. */
  broadcast(name: string, data: unknown, room_id: string | undefined): void
  /** The connections of these users follow the room from now on, and are told `room_joined`; but not the one excepted. */
  follow(user_ids: readonly string[], room_id: string, except?: string): Promise<void>
  /** The connections of these users hear the room no longer. Where a log tells of a leaving, that does it. */
  unfollow(user_ids: readonly string[], room_id: string): void
  /** Tokens are taken no more, and what rests on them ends. */
  revoke(what: Omit<Revocation, 'tenant_id'>, how?: Revoking): Promise<void>
}

export interface Revoking {
  /** All that it concerns is this user's, where that is known. */
  readonly whose?: string | undefined
  /** What is so from the same moment on. */
  readonly along?: readonly Change[]
}

export interface RoomDelivery extends Omit<Delivery, 'without'> {
  /** The feature of rooms that it belongs to: connections that do not want that are left out. */
  readonly feature?: 'typing' | 'presence'
}

/** A room and what the caller is in it: the stored membership, else what the token grants. */
export interface Standing {
  readonly room: Room
  readonly member: Member | undefined
  /** As what commands see the caller; nothing where they have no part in it. */
  readonly role: Role | undefined
}

/** The logs of a tenant's rooms. Who appends is done: every server follows the log and tells its own sockets. */
export interface RoomLogs {
  append<Kept, Body>(
    room_id: string,
    key: string,
    event: LogEvent<Kept, Body>,
    what: Pick<Draft<Kept, Body>, 'kept' | 'body' | 'audience' | 'expires_at'>,
    along?: Along,
  ): Promise<Appended>
  read(room_id: string, after: Position, limit: number): Promise<Entry[]>
  heads(room_ids: readonly string[]): Promise<Position[]>
  /** Whom the entry at this position is for, where it is not for everyone. */
  audience(room_id: string, at: Position): Promise<readonly string[] | undefined>
  /** From which number on the room is for the caller. */
  visibleFrom(standing: Standing): number
  /** As it was told live to the caller, envelope for envelope. */
  told(entry: Entry, standing: Standing): Envelope
  /** Whether an entry is for the caller: among its audience, and not older than what they may see. */
  shown(entry: Entry, standing: Standing): boolean
}

/** What the store knows of this tenant. */
export interface TenantStore
  extends Pick<Store, 'member' | 'members' | 'invitation' | 'message' | 'history' | 'unread' | 'room' | 'sizes'> {
  apply(changes: readonly Change[]): Promise<void>
  roomsOf(user_id: string): ReturnType<Store['roomsOf']>
  rooms(after: string | undefined, limit: number): ReturnType<Store['rooms']>
  devices(user_id: string): ReturnType<Store['devices']>
  presences(user_ids: readonly string[]): ReturnType<Store['presences']>
  queued(user_id: string, after: string | undefined, limit: number): ReturnType<Store['queued']>
}

/** Who of this tenant is connected, on whatever server. */
export interface TenantRoster {
  of(user_ids: readonly string[]): Present[][] | Promise<Present[][]>
  /** By user id, after the one given. */
  users(after: string | undefined, limit: number): Connected[] | Promise<Connected[]>
}

/** What is known of the running service, for operators. */
export interface ServiceState {
  health(): Promise<Health>
  stats(): Promise<Stats>
  /** Whether an event's name is the service's own, or one that Socket.IO reserves. */
  taken(event: string): boolean
  /** How many connections hear a room now. */
  online(room_id: string): number
  /** Addresses that something is held against, the most suspicious first. */
  suspects(limit: number): Suspect[] | Promise<Suspect[]>
  /** Nothing is held against it any more. Whether anything was. */
  pardon(network: string): boolean | Promise<boolean>
  /** Under which an address is suspected; nothing where it is none, or a proxy's. */
  networkOf(address: string): string | undefined
}

export interface Health {
  readonly status: 'ok' | 'degraded' | 'draining'
  readonly uptime_s: number
  readonly connections: number
  readonly dependencies: Record<string, unknown>
}

export interface Stats {
  readonly connections: number
  readonly users: number
  readonly rooms: number
  readonly messages: number
  readonly events: number
  readonly errors: number
  readonly latency_ms: { p50: number; p95: number; p99: number }
  readonly memory: Record<string, number>
}

/** Who may. `says` is what the documents print. */
export interface Rule<Input> {
  says: string
  check(ctx: Context, input: Input): Promise<void> | void
}

/** What a client may ask: its shape, who may, how often, and what is done. */
export interface Command<
  Input extends GenericSchema = GenericSchema,
  Output extends GenericSchema = GenericSchema,
  State = any,
> {
  about: string
  aliases?: readonly string[]
  input: Input
  output: Output
  allow: Rule<InferOutput<Input>>
  rate: Rate
  /** The token must name it, where it names any; else it needs none (what one may read, and one's own session). */
  permission?: boolean
  /** A client sends it by itself: that says nothing of whether its person is there. */
  automatic?: boolean
  /** It is about the connection itself, so every namespace takes it. */
  everywhere?: boolean
  /** The room in which it takes its number, in the order in which the connection sent it. */
  ordered?(input: InferOutput<Input>, userId: string): string | undefined
  handle(ctx: Context<State>, input: InferOutput<Input>): Promise<InferInput<Output>> | InferInput<Output>
}

export interface Feature<
  State = any,
  Commands extends Record<string, Command> = Record<string, Command>,
  Events extends readonly ServerEvent[] = readonly ServerEvent[],
> {
  name: string
  state: () => State
  events: Events
  commands: Commands
  /** Those that take its commands as well as `/` does; its events are told on the first of them that a client opened. */
  namespaces?: readonly Namespace[]
  /** The caller has signed in on one more connection. `here` is all of theirs, on whatever server. */
  entered?(ctx: Context<State>, here: readonly Present[]): Promise<void> | void
  /** The caller's new connection is up to date: `state_sync` was told. */
  synced?(ctx: Context<State>): Promise<void> | void
  /** One of the caller's connections went idle, or is so no more. */
  stirred?(ctx: Context<State>, here: readonly Present[]): Promise<void> | void
  /** A connection of the caller ended. `clean`: by themselves, rather than that it dropped. */
  left?(ctx: Context<State>, how: { readonly clean: boolean; readonly here: readonly Present[] }): Promise<void> | void
  /**
   * An entry of a room's log was told here. It is called for every message, where the tenant has a state: it must be quick
   * where there is nothing to do.
   */
  heard?(state: State, entry: Entry, context: () => Context<State>): void
}

export const command = <Input extends GenericSchema, Output extends GenericSchema, State>(
  definition: Command<Input, Output, State>,
): Command<Input, Output, State> => definition

export const feature = <
  State,
  Commands extends Record<string, Command<any, any, State>>,
  const Events extends readonly ServerEvent[],
>(
  name: string,
  parts: Omit<Feature<State, Commands, Events>, 'name' | 'state'> & { state?: () => State },
): Feature<State, Commands, Events> => ({ state: () => undefined as State, ...parts, name })
