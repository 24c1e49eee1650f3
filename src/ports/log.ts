import type { Draft, Entry, Position } from '../protocol/entry.ts'
import type { Change } from './store.ts'

/**
 * What was said in each room, in order: the one source of truth for messages. A room is named by its `roomKey`.
 *
 * `append` commits: the answer outlives the death of this process, and what was committed with it (the changes of the
 * store, the bodies it takes away) is there or not there as one. Entries of a room are numbered 1, 2, 3 … with no
 * holes, in the order in which `append` was called. A key used before in that room within 24 h changes nothing and
 * gives the first answer again, with `duplicate: true`; with another draft it is a `conflict`. An append that could not be
 * committed is `unavailable`: nobody is told of it, and its key may be tried again.
 *
 * `follow` is told of what is committed in a room, on whatever server, in order. It is a hint: it may be lost, and
 * then the log itself is right. The answer comes when the following has begun; the function in it ends it.
 *
 * Taking away never makes a hole: `expire` and an append's `redacts` take the body and leave the entry; `cut` shortens
 * the log from its oldest end only.
 */
export interface Log {
  append(room: string, key: string, draft: Draft, along?: Along): Promise<Appended>
  follow(room: string, listener: (entry: Entry) => void): Promise<() => void>
  /**
   * Entries after a position, oldest first; none of another epoch. Those the log no longer holds are left out; there may be
   * fewer than `limit` where they weigh much, but one where there is one.
   */
  read(room: string, after: Position, limit: number): Promise<Entry[]>
  /** The last committed position of each of these rooms; seq 0 where nothing was said. */
  heads(rooms: readonly string[]): Promise<Position[]>
  /** The commit counter of each room's shard: where it stands still, so does the room. */
  commits(rooms: readonly string[]): Promise<number[]>
  /** Takes the bodies of which `expires_at` has come. The answer is how many there were; at most `limit`. */
  expire(now: number, limit: number): Promise<number>
  /** Forgets a room's entries that are older than this time (ms). The answer is how many there were; at most `limit`. */
  cut(room: string, before: number, limit: number): Promise<number>
}

/** What is committed together with an entry, or not at all. */
export interface Along {
  /** What the entry changes: `'room'` for who may do what in it, or a message's id. */
  readonly touches?: readonly string[]
  /**
   * What the caller looked at when it decided, and the number of the last entry that had touched it then. Where a later
   * one touched it, or the room was dropped, nothing is written, and `Stale` is thrown: look again and decide anew.
   */
  readonly since?: Readonly<Record<string, number>> | undefined
  /** That of the log the caller looked at. Another one is another room, whatever its numbers: that is `Stale` too. */
  readonly epoch?: string | undefined
  /** The numbers of entries of the same room whose body goes. */
  readonly redacts?: readonly number[]
  readonly changes?: readonly Change[]
  /** The key may be old: it is looked for in the whole 24 h, not in the last minutes only. */
  readonly asked?: boolean | undefined
  /** Called as soon as the entry has its number or is found to be a duplicate: what is appended now comes after it. */
  readonly numbered?: (() => void) | undefined
}

export interface Appended {
  readonly entry: Entry
  readonly durability: 'log' | 'wal'
  readonly duplicate: boolean
}

/** What was decided on has changed since. `settled` comes true when the change can be read in the store. */
export class Stale extends Error {
  override readonly name = 'Stale'
  readonly settled: Promise<unknown>

  constructor(settled: Promise<unknown>) {
    super('What this was decided on has changed.')
    this.settled = settled
  }
}
