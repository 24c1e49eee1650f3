/** What whoever stands behind an engine may do with its connections: the same for both engines. */
import type { Failure } from '../protocol/failure.ts'
import type { Admission } from './admission.ts'
import type { Link } from './link.ts'
import type { Measured, Measuring } from './measuring.ts'

interface Gated<Counts> {
  readonly admission: Admission
  readonly measuring: Measuring
  readonly counts: Counts
  emptied(): Promise<void>
}

export const gateOf = <Counts>(engine: Gated<Counts>) => ({
  /** It has signed in. */
  admit(connection: Link) {
    engine.admission.admit(connection)
    engine.measuring.begin(connection as Measured)
  },
  /** It brings a token, or the one that it brought was none. */
  bears: (connection: Link, token: boolean) => engine.admission.bears(connection, token),
  /** All strangers of a network that brought no token are told why, and go. */
  turnOut: (network: string, why: Failure) => engine.admission.turnOut(network, why),
  counts: () => engine.counts,
  /** Comes true when polling clients have fetched what is left for them. */
  emptied: () => engine.emptied(),
})
