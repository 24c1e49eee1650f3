import type { Role } from '../ports/store.ts'
import type { Identity } from '../ports/tokens.ts'
import type { Position } from '../protocol/entry.ts'
import type { Failure } from '../protocol/failure.ts'
import type { Permissions } from './permissions.ts'

/** A command of a connection that is on its way to a room's log: those that come after it wait. */
export interface Lane {
  /** Lets the next one begin. Said again it does nothing. */
  leave(): void
  /** Comes true, with a place of one's own, when all who were there before have left. */
  after(): Promise<Lane>
}

/** Who asks, once authenticated: the same whether a socket, HTTP, a worker or a test carries the command. */
export interface Caller {
  readonly tenant_id: string
  readonly user_id: string
  /** Nothing for an anonymous device, and for HTTP. */
  readonly device_id: string | undefined
  readonly session_id: string
  readonly permissions: Permissions
  /** Rooms that the token lets its bearer into, and as what. */
  readonly grants: Readonly<Record<string, Role>>
  /** The token by which it is so, or nothing where there is none: then it cannot be revoked. */
  readonly token?: Proof
  /** What it asks for was counted against the limits when it was accepted. */
  readonly counted?: boolean
  /** The API key it came by, which stands for a server of the tenant's. */
  readonly key?: string | undefined
  /** By HTTP: whose address it is of, where that can be known. */
  readonly network?: string | undefined
  /** Nothing for HTTP and for workers. */
  readonly connection: Connection | undefined
}

export type Proof = Pick<Identity, 'token_id' | 'session_id' | 'device_id' | 'issued_at'>

/** The connection that a command came by, as far as a command may reach into it. */
export interface Connection {
  readonly id: string
  /** Whose address it is of, where that can be known; many may have one. */
  readonly network?: string | undefined
  /** Whose it is by now; empty until it has signed in. */
  readonly tenant_id: string
  /** Why it ended; nothing while it is there. */
  readonly left?: string | undefined
  /** Commands of this connection that append to one room go one after the other, by the room's key. */
  readonly lanes: Map<string, Lane>
  /** Has it hear a room from a position on, or from now: the answer is where its live stream starts. */
  enter(room_id: string, from?: Position): Promise<Position>
  /** What it did not want of the room is forgotten, unless it comes back at once. */
  leave(room_id: string, how?: { comesBack: boolean }): void
  /** Whether it wants one of a room's features (typing, presence) told. */
  want(room_id: string, feature: string, wanted: boolean): void
  /** Hears what is told to those who watch a subject, from now on or no longer; that of a room (`roomSubject`) while it hears the room. */
  watch(subject: string, wanted: boolean): void
  readonly watched: ReadonlySet<string>
  /** Comes true when it has read most of what waits for it; nothing where it has by now. */
  ready(): Promise<void> | undefined
  /** Its client says that it has all of a room up to a number. */
  received(room_id: string, seq: number): void
  /** Comes true when what it hears by now will be heard by its client also after a drop. */
  kept(): Promise<void>
  /** Where its live stream of a room stands; nothing where it does not hear the room. */
  heard(room_id: string): Position | undefined
  /** Says why, and closes it. */
  end(why: Failure): void
  /** Takes up who it is now, and answers with what `authenticated` says. */
  signIn(credentials: Credentials): Promise<Record<string, unknown>>
  /** Takes a newer token of the same user. The answer is when that expires, in ms. */
  refresh(token: string): Promise<number>
}

export interface Credentials {
  readonly token: string
  readonly device_id?: string | undefined
  readonly device_name?: string | undefined
  readonly platform?: string | undefined
}
