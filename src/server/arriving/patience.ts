/** A connection that is refused again and again does not listen: it is told so, and closed. */
import type { Clock } from '../../ports/clock.ts'
import { Failure, type FailureCode } from '../../protocol/failure.ts'
import type { Suspicion } from './suspicion.ts'

/** So many at once, and then as many a minute. A person in the thick of things has a few. */
const MOST = 300
const EVERY_MS = 60_000

/** What a client could have known. Too often is not wrong by itself, and is refused cheaply. */
const WEIGHT: Partial<Record<FailureCode, number>> = {
  validation_failed: 1,
  unknown_event: 1,
  payload_too_large: 1,
  tenant_mismatch: 1,
  forbidden: 1,
  not_found: 0.5,
  rate_limited: 0.05,
}

interface SignedIn {
  readonly network: string | undefined
  end(why: Failure): void
}

/** Only those that were refused something are known; those that never are cost nothing. */
export function patience(clock: Clock, suspicion: Pick<Suspicion, 'noticed'>) {
  const goodAt = new WeakMap<SignedIn, number>()

  return function refused(connection: SignedIn, code: FailureCode) {
    const weight = WEIGHT[code]
    const before = goodAt.get(connection) ?? 0
    if (weight === undefined || before === Number.POSITIVE_INFINITY) return
    const now = clock.now()
    const good = Math.max(before, now) + (weight * EVERY_MS) / MOST
    if (good <= now + EVERY_MS) return void goodAt.set(connection, good)
    goodAt.set(connection, Number.POSITIVE_INFINITY)
    suspicion.noticed(connection.network, 'refused_commands')
    queueMicrotask(() => connection.end(new Failure('protocol_abuse', 'Too much of what you send is refused.')))
  }
}
