/** Why an address is suspected. */
export type Reason = 'refused_token' | 'refused_commands' | 'malformed' | 'stranger' | 'many_tenants' | 'many_users'

/** What is done about it: it is counted, logged, made to wait, and kept out for a time. */
export type Step = 'watched' | 'noted' | 'slowed' | 'cut_off'

export interface Suspect {
  /** An address; in IPv6 its network of 64 bits. */
  readonly network: string
  /** What is held against it now. */
  readonly points: number
  /** How often it was what. */
  readonly reasons: Readonly<Partial<Record<Reason, number>>>
  readonly step: Step
  /** ms; of the first reason. */
  readonly since: number
  /** ms; until when it is, or was last, cut off; 0 where it never was. */
  readonly until: number
  /** How often it was cut off. */
  readonly times: number
  /** Of how many tenants, and how many users, someone signed in there since; counted up to a hundred. */
  readonly tenants: number
  readonly users: number
}

/**
 * What is held against whom. Points halve every five minutes, and who has none left is forgotten; one that was cut off
 * an hour after the end of that. There is room for so many, and the least suspicious makes way.
 *
 * It is asked at every handshake, so it answers at once, by what this server knows; what others know comes within seconds.
 */
export interface Suspects {
  add(network: string, reason: Reason, points: number): Suspect
  of(network: string): Suspect | undefined
  /** Of one that is not known nothing is kept. */
  mark(network: string, change: Pick<Suspect, 'step'> & Partial<Pick<Suspect, 'until' | 'times'>>): void
  /** Someone signed in there. It is only counted where something is held against it, and that is the answer then. */
  signedIn(network: string, tenant_id: string, user_id: string): Suspect | undefined
  /** The most suspicious first. */
  list(limit: number): Suspect[] | Promise<Suspect[]>
  /** On all servers nothing is held against it from now on. Whether anything was. */
  pardon(network: string): boolean | Promise<boolean>
}
