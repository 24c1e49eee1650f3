/** A connection of someone who has signed in, as all servers may know of it. */
export interface Present {
  readonly connection_id: string
  readonly server_id: string
  /** Nothing for an anonymous device. */
  readonly device_id: string | undefined
  readonly session_id: string
  readonly platform: string | undefined
  readonly transport: string
  readonly address: string
  /** ms */
  readonly since: number
  /** When its person last did something, in ms; may be some seconds behind. */
  readonly active_at: number
  /** Whether its person has not done anything for so long that they count as away. */
  readonly idle: boolean
  /** How well it gets through; nothing until it was measured. */
  readonly quality: Quality | undefined
  readonly rtt_ms: number | undefined
}

export type Quality = 'good' | 'fair' | 'poor'

/** What of a connection changes while it is there. */
export type Changing = Pick<Present, 'transport' | 'active_at' | 'idle' | 'quality' | 'rtt_ms'>

/**
 * Who is connected, on whatever server. What a server put here leaves by itself within 30 s of that server's death.
 * It may be asked for thousands of users at once. Where it waits on nothing it answers at once, without a promise.
 */
export interface Roster {
  /** The answer is what the user has then, this one among it. A connection that is there already is replaced. */
  enter(tenant_id: string, user_id: string, connection: Present): Present[] | Promise<Present[]>
  /** The answer is what is left. `left` is true for one caller only, however often it is said. */
  leave(tenant_id: string, user_id: string, connection_id: string): Left | Promise<Left>
  /** Of a connection that is not there nothing is noted. The answer is what the user has then. */
  note(
    tenant_id: string,
    user_id: string,
    connection_id: string,
    change: Partial<Changing>,
  ): Present[] | Promise<Present[]>
  /** In the order of the users; empty for who is not connected. */
  of(tenant_id: string, user_ids: readonly string[]): Present[][] | Promise<Present[][]>
  /** Who of a tenant is connected, by user id in the order of bytes, after the one given. */
  users(tenant_id: string, after: string | undefined, limit: number): Connected[] | Promise<Connected[]>
}

export interface Left {
  readonly left: boolean
  readonly others: Present[]
}

export interface Connected {
  readonly user_id: string
  readonly connections: readonly Present[]
}
