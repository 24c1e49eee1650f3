/** A place in a room's log. Where the epoch changed, numbers mean something else, and one starts anew. */
export interface Position {
  readonly epoch: string
  readonly seq: number
}

/** What is put into a room's log: everything about it but its id, its position and its time. */
export interface Draft<Kept = unknown, Body = unknown> {
  readonly tenant_id: string
  readonly room_id: string
  readonly action: string
  /** What stays for as long as the entry does. */
  readonly kept: Kept
  /** What deletion and expiry take away; the entry keeps its place without it. */
  readonly body?: Body | undefined
  /** The users it is for, where it is not for everyone. What is later said about it inherits this. */
  readonly audience?: readonly string[] | undefined
  /** Ms since the epoch from which on `body` is gone for every reader. */
  readonly expires_at?: number | undefined
  /** Which of the sender's devices said it: told, but no part of what makes two drafts the same. */
  readonly device_id?: string | undefined
}

/** One line of a room's log, committed: the same for everyone, live, in sync and in history. */
export interface Entry<Kept = unknown, Body = unknown> extends Draft<Kept, Body>, Position {
  /** A UUIDv7 that tells `seq` (ids.ts), so that (room, id) finds the entry without an index. */
  readonly id: string
  readonly at: number
  /** Since when `body` is gone because someone deleted it. */
  readonly redacted_at?: number | undefined
}
