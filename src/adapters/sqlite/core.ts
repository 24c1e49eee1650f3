// What the parts of the adapter share.
import type { Committer } from './committer.ts'
import type { Entries } from './entries.ts'
import type { Folding } from './folding.ts'
import type { Keys } from './keys.ts'
import type { Reading } from './reading.ts'
import type { Rooms } from './rooms.ts'

export interface Core {
  readonly clock: { now(): number }
  readonly reading: Reading
  readonly rooms: Rooms
  readonly entries: Entries
  readonly keys: Keys
  readonly folding: Folding
  readonly committer: Committer
  /** What the hashes of this file begin with. */
  readonly seed: number
  /** The last entry of all that has a number. */
  readonly last: { n: number }
}
