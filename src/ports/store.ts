import type { Entry, Position } from '../protocol/entry.ts'

/**
 * What is known of rooms, members, messages, devices: all that is asked by something else than a log's position.
 * A room is named by its `roomKey`.
 *
 * It changes by `apply`, or together with an entry that `Log.append` commits; in both cases what was answered outlives the
 * death of this process and is in the very next read, on any server. Every change says what shall be, not what to add, so that
 * applying it twice does no harm.
 */
export interface Store {
  apply(changes: readonly Change[]): Promise<void>

  room(room: string): Promise<Room | undefined>
  member(room: string, user_id: string): Promise<Member | undefined>
  /** By user id, after the one given. */
  members(room: string, after: string | undefined, limit: number): Promise<Member[]>
  invitation(room: string, user_id: string): Promise<Invitation | undefined>
  /** All the rooms of a user, with where their logs end; in no particular order. */
  roomsOf(tenant_id: string, user_id: string): Promise<Joined[]>
  /** The rooms of a tenant by room id, after the one given. */
  rooms(tenant_id: string, after: string | undefined, limit: number): Promise<Joined[]>
  /** What is held of each room's log: its messages, and what all its entries weigh in bytes, about. */
  sizes(rooms: readonly string[]): Promise<{ messages: number; bytes: number }[]>
  /** Rooms, of all tenants, that keep their entries for a limited time. */
  retained(): Promise<readonly { room: string; retention_s: number }[]>

  message(room: string, message_id: string): Promise<Message | undefined>
  /** Messages before or after a number, oldest first: those nearest to it. Without either, the newest. */
  history(room: string, where: HistoryWhere): Promise<Message[]>
  /** How many messages of others, that are for this user, come after a number; counted up to `most`. */
  unread(room: string, user_id: string, after_seq: number, most: number): Promise<number>

  devices(tenant_id: string, user_id: string): Promise<Device[]>
  scheduled(tenant_id: string, scheduled_id: string): Promise<Scheduled | undefined>
  /** What was to be sent by then, of all tenants, the earliest first. */
  due(now: number, limit: number): Promise<Scheduled[]>

  /** What each of these users chose to be seen as, in their order; nothing where one never did, or it has expired. */
  presences(tenant_id: string, user_ids: readonly string[]): Promise<(Presence | undefined)[]>
  /** What a device is known to have; nothing where none was set, or the device is not known. */
  checkpoint(tenant_id: string, user_id: string, device_id: string): Promise<Checkpoint | undefined>
  /** What waits to be taken by a user, the oldest first, after the id given. What has expired is left out. */
  queued(tenant_id: string, user_id: string, after: string | undefined, limit: number): Promise<Queued[]>
  /** All that are in force, of all tenants. */
  revocations(): Promise<Revocation[]>
  /** Lets go of what is queued or revoked and has expired by then. The answer is how many there were; at most `limit` of each. */
  forget(now: number, limit: number): Promise<number>
}

export interface HistoryWhere {
  readonly before_seq?: number | undefined
  readonly after_seq?: number | undefined
  readonly limit: number
  /**
   * Who will read it. What is not for them is passed over as far as that is cheap. After a long way over nothing else, one
   * that is not for them ends the answer, so that it can be asked for what comes after that.
   */
  readonly for?: string | undefined
}

export type RoomKind = 'direct' | 'group' | 'channel'
export type Role = 'owner' | 'admin' | 'member' | 'viewer'

export interface RoomState {
  readonly tenant_id: string
  readonly room_id: string
  readonly kind: RoomKind
  readonly name: string
  readonly metadata: Readonly<Record<string, unknown>>
  readonly visibility: 'private' | 'public'
  readonly history: 'all' | 'since_join'
  readonly retention_s: number | undefined
  /** Which role a command takes here at least, where it differs from the usual. */
  readonly permissions: Readonly<Record<string, Role>>
  readonly archived: boolean
  readonly created_by: string
  readonly created_at: number
  readonly version: number
}

export interface Room extends RoomState {
  readonly member_count: number
  /** Of its log: another one where the room was dropped and made again. */
  readonly epoch: string
  /** The number of the last entry that touched `'room'`: its state, its members or their roles. */
  readonly touched: number
}

export interface Member {
  readonly user_id: string
  readonly role: Role
  readonly joined_at: number
  /** The number of the entry that made them a member. */
  readonly joined_seq: number
  readonly read_seq: number
  readonly delivered_seq: number
}

export interface Invitation {
  readonly user_id: string
  readonly by: string
  readonly at: number
}

export interface Joined {
  readonly room: Room
  /** Of the user who was asked for; nothing where a tenant's rooms were. */
  readonly member: Member | undefined
  readonly epoch: string
  readonly last_seq: number
  /** When the last entry was said. */
  readonly updated_at: number
}

/** A message as it is now: its entry, and what later entries made of it. */
export interface Message {
  /** The entry that it began with; its `body` is as it was said first, or gone. */
  readonly entry: Entry
  /** As it reads now; nothing where it was deleted or has expired. */
  readonly body: unknown
  readonly version: number
  readonly edited_at: number | undefined
  /** Who reacted with what, in the order they came. */
  readonly reactions: ReadonlyMap<string, readonly string[]>
  /** The numbers of the entries that edited it. */
  readonly edits: readonly number[]
  /** The number of the last entry that touched it: its own, an edit's or the deletion's. */
  readonly touched: number
}

export interface Device {
  readonly device_id: string
  readonly name: string | undefined
  readonly platform: string | undefined
  readonly last_seen_at: number
}

export interface Scheduled {
  readonly scheduled_id: string
  readonly tenant_id: string
  readonly user_id: string
  /** ms; where it could not be sent, when that is tried again. */
  readonly deliver_at: number
  /** How often it could not be sent. */
  readonly tries?: number | undefined
  /** The command that is to be sent then, as it was accepted. */
  readonly data: unknown
}

export type Status = 'online' | 'away' | 'dnd' | 'offline'

/** What a user chose to be seen as. `offline` is to be invisible. */
export interface Presence {
  readonly status: Status
  readonly text?: string | undefined
  readonly emoji?: string | undefined
  /** ms; from then on it is as if nothing had been chosen. */
  readonly expires_at?: number | undefined
}

/** Up to where a device has, for certain, what it was told. */
export interface Checkpoint {
  /** ms; when this was so. */
  readonly at: number
  /** Whether the device was connected then. A service that was killed could not say that it no longer is. */
  readonly connected: boolean
  /** The clients on the device for whom it holds, each by the id of its last connection. */
  readonly clients: readonly string[]
  readonly positions: Readonly<Record<string, Position>>
}

/** Something for a person, or for one device, that is kept until it was taken. */
export interface Queued {
  /** A UUIDv7. */
  readonly id: string
  readonly tenant_id: string
  readonly user_id: string
  /** Only for this one, where it is given. */
  readonly device_id: string | undefined
  /** The event that tells it. */
  readonly action: string
  readonly data: unknown
  readonly created_at: number
  readonly expires_at: number
}

/** Tokens that are not taken any more, though they have not expired. */
export interface Revocation {
  readonly tenant_id: string
  /** Of `user` and `all`: only tokens issued before `before`, where it is given. */
  readonly what: 'device' | 'session' | 'user' | 'token' | 'all'
  /**
   * A token's id, a user's; of a device `keyOf(user_id, device_id)`, of a session `keyOf(session_id)`, or
   * `keyOf(user_id, session_id)` where it is meant of one user alone; empty for `all`.
   */
  readonly subject: string
  /** ms; tokens issued before this time (by whole seconds, as tokens tell it) are revoked. */
  readonly before: number
  /** ms; from then on nobody can hold such a token any more. */
  readonly until: number
}

/**
 * Something that shall be so. Where a number is meant that the log gives, it is that of the entry of the same room that
 * it is committed with, or else of the last entry of its room.
 */
export type Change =
  | { readonly do: 'set_room'; readonly room: string; readonly state: RoomState }
  /** The room goes with its members, invitations and log; made again it has a new epoch. */
  | { readonly do: 'drop_room'; readonly room: string }
  /** A new member's `joined_seq`, `read_seq` and `delivered_seq` are the entry's number; of one who is a member only the role changes. */
  | {
      readonly do: 'set_member'
      readonly room: string
      readonly user_id: string
      readonly role: Role
      readonly joined_at: number
    }
  | { readonly do: 'drop_member'; readonly room: string; readonly user_id: string }
  | { readonly do: 'invite'; readonly room: string; readonly user_id: string; readonly by: string; readonly at: number }
  | { readonly do: 'uninvite'; readonly room: string; readonly user_id: string }
  | {
      readonly do: 'edit_message'
      readonly room: string
      readonly seq: number
      readonly body: unknown
      readonly version: number
      readonly edited_at: number
    }
  /** The body and the reactions go; the bodies of its entries go by `redacts`. */
  | { readonly do: 'delete_message'; readonly room: string; readonly seq: number }
  | {
      readonly do: 'react'
      readonly room: string
      readonly seq: number
      readonly user_id: string
      readonly emoji: string
      readonly op: 'add' | 'remove'
    }
  /** Read and delivered positions of a member never go back. */
  | {
      readonly do: 'receipt'
      readonly room: string
      readonly user_id: string
      readonly read_seq?: number | undefined
      readonly delivered_seq?: number | undefined
    }
  | { readonly do: 'set_device'; readonly tenant_id: string; readonly user_id: string; readonly device: Device }
  /** Of a device that is known: what is not said stays. One that is not, because it was dropped meanwhile, is not made again. */
  | { readonly do: 'see_device'; readonly tenant_id: string; readonly user_id: string; readonly device: Device }
  | {
      readonly do: 'drop_device'
      readonly tenant_id: string
      readonly user_id: string
      readonly device_id: string
    }
  /** Of a device that is not known nothing is kept; it goes with its device. */
  | {
      readonly do: 'set_checkpoint'
      readonly tenant_id: string
      readonly user_id: string
      readonly device_id: string
      readonly checkpoint: Checkpoint
    }
  | { readonly do: 'set_presence'; readonly tenant_id: string; readonly user_id: string; readonly presence: Presence }
  /** Where the user then has more than `most` that have not expired, the oldest go. The same id again changes nothing. */
  | { readonly do: 'enqueue'; readonly queued: Queued; readonly most: number }
  | { readonly do: 'dequeue'; readonly tenant_id: string; readonly user_id: string; readonly id: string }
  /** Of the same subject the later `before` and the later `until` stand. */
  | { readonly do: 'revoke'; readonly revocation: Revocation }
  | { readonly do: 'schedule'; readonly scheduled: Scheduled }
  | { readonly do: 'unschedule'; readonly tenant_id: string; readonly scheduled_id: string }

export type ChangeOf<Name extends Change['do']> = Extract<Change, { do: Name }>

/** Changes of what is kept of people, beside their rooms. */
export type PersonalChange =
  | 'set_device'
  | 'see_device'
  | 'drop_device'
  | 'set_checkpoint'
  | 'set_presence'
  | 'enqueue'
  | 'dequeue'
  | 'revoke'
