/** How long clients take to answer a ping: measured soon after the sign-in, and again soon wherever that is wanted. */
import { Deadlines } from './deadlines.ts'
import type { Link } from './link.ts'
import type { EngineHooks, EngineOptions } from './options.ts'

/** A connection that can be pinged before its time. */
export interface Measured extends Link {
  measure(): void
}

interface Host {
  readonly options: Pick<EngineOptions, 'measureAfter' | 'lateAfter'>
  readonly hooks: Pick<EngineHooks, 'onPong' | 'onLate'>
  guard(run: () => void): void
}

export type Measuring = ReturnType<typeof measuring>

/** Who is so late with a ping is behind with all else: what is measured then would be this server, not its clients. */
const BEHIND_MS = 50
/** Where so many wait to be measured, it is no doubt about one of them: they have the time of the next heartbeat. */
const DOUBTS_MOST = 100

/** Two timers for all connections. Whoever does not ask for it pays nothing. */
export function measuring(host: Host) {
  const { options, hooks } = host
  const { onPong, onLate } = hooks
  const guard = (run: () => void) => host.guard(run)
  const wanted = new Deadlines<Measured>(options.measureAfter, (one, late_ms) =>
    late_ms > BEHIND_MS ? soon(one) : guard(() => one.measure()),
  )
  const answers = new Deadlines<Measured>(options.lateAfter, (one) => guard(() => onLate?.(one)))

  function soon(connection: Measured) {
    if (connection.readyState === 'open') wanted.add(connection)
  }

  return {
    wanted,
    answers,
    /** It has signed in. */
    begin(connection: Measured) {
      if (onPong) soon(connection)
    },
    pinged(connection: Measured) {
      if (onLate) answers.add(connection)
    },
    answered(connection: Measured, sentAt: number) {
      answers.delete(connection)
      guard(() => {
        const isInDoubt = onPong?.(connection, performance.now() - sentAt, sentAt)
        if (isInDoubt && wanted.size < DOUBTS_MOST) soon(connection)
      })
    },
    forget(connection: Measured) {
      wanted.delete(connection)
      answers.delete(connection)
    },
    clear() {
      wanted.clear()
      answers.clear()
    },
  }
}
