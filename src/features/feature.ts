import type { GenericSchema, InferInput, InferOutput } from 'valibot'
import type { Delivery } from '../ports/fanout.ts'
import type { Leases } from '../ports/leases.ts'
import type { Rate } from '../ports/limiter.ts'
import type { Along, Appended } from '../ports/log.ts'
import type { Change, Member, Role, Room, Store } from '../ports/store.ts'
import type { Draft, Entry, Position } from '../protocol/entry.ts'
import type { Envelope } from '../protocol/envelope.ts'
import type { LogEvent, ServerEvent } from '../protocol/event.ts'
import type { Failure } from '../protocol/failure.ts'
import type { Caller } from './caller.ts'

/** What a handler has: who calls, its feature's state, and the world, all of one tenant only. */
export interface Context<State = unknown> {
  readonly caller: Caller
  readonly userId: string
  readonly commandId: string
  readonly now: number
  readonly state: State
  readonly leases: Leases
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
  /** An event of the caller's own naming, to a room or to the whole tenant. */
  broadcast(name: string, data: unknown, room_id: string | undefined): void
  /** The connections of these users follow the room from now on, and are told `room_joined`; but not the one excepted. */
  follow(user_ids: readonly string[], room_id: string, except?: string): Promise<void>
  /** The connections of these users hear the room no longer. Where a log tells of a leaving, that does it. */
  unfollow(user_ids: readonly string[], room_id: string): void
  /** Tells the connections of a device why, and closes them. */
  closeDevice(user_id: string, device_id: string, why: Failure): void
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
}

/** What is known of the running service, for operators. */
export interface ServiceState {
  health(): Promise<Health>
  stats(): Promise<Stats>
  /** Whether an event's name is the service's own, or one that Socket.IO reserves. */
  taken(event: string): boolean
  /** Users of the tenant with a connection, by user id, after the one given. */
  users(after: string | undefined, limit: number): ConnectedUser[]
  user(user_id: string): ConnectedUser | undefined
  /** How many connections hear a room now. */
  online(room_id: string): number
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

export interface ConnectedUser {
  readonly user_id: string
  readonly devices: readonly string[]
  readonly connections: number
  readonly last_active_at: number
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
