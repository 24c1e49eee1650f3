import type { Clock } from './clock.ts'
import type { Fanout } from './fanout.ts'
import type { Leases } from './leases.ts'
import type { Limiter } from './limiter.ts'
import type { Log } from './log.ts'
import type { Meter } from './meter.ts'
import type { Roster } from './roster.ts'
import type { Store } from './store.ts'

/** All that commands need of the world. */
export interface Ports {
  readonly clock: Clock
  readonly fanout: Fanout
  readonly leases: Leases
  /** Nothing where limits are lifted. */
  readonly limiter: Limiter | undefined
  readonly log: Log
  readonly roster: Roster
  readonly store: Store
  readonly meter: Pick<Meter, 'command'>
  /** Takes what failed and should not have, under the id that the client was given. */
  report(error: unknown, command_id: string): void
}
