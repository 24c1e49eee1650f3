import type { Envelope } from '../protocol/envelope.ts'
import type { Failure } from '../protocol/failure.ts'

export interface Delivery {
  /** Within so many ms only the last of an event to a place is sent. */
  coalesce?: number
  /** May be dropped for a receiver that cannot keep up. */
  volatile?: boolean
  /** Connections at this place are left out. */
  without?: string
  /** The connection of this id is left out. */
  except?: string
}

/**
 * Connections, wherever they are. A place is a key of ids.ts: a tenant, a user, a device, a session, a room. What is told
 * here may be lost with a connection or a server; what must not be lost is appended to a room's log.
 */
export interface Fanout {
  /** A connection at several of the places is told once. */
  tell(places: readonly string[], message: Envelope, how?: Delivery): void
  /** How many connections of this server are at a place. */
  count(place: string): number
  /**
   * Has the connections of these users follow a room's log from now on, and tells each `room_joined` with its attach point;
   * but not the connection that is excepted. The answer comes when those of this server follow.
   */
  follow(tenant_id: string, user_ids: readonly string[], room_id: string, except?: string): Promise<void>
  /** Has the connections of these users hear a room no longer. */
  unfollow(tenant_id: string, user_ids: readonly string[], room_id: string): void
  /** Tells the connections at a place why, and closes them. */
  close(place: string, failure: Failure): void
}
