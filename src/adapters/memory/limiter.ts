import type { Clock } from '../../ports/clock.ts'
import type { Limiter } from '../../ports/limiter.ts'

const SWEEP_AT = 10_000

/** Buckets that refill evenly (GCRA): one number a key says all, and a full bucket need not be remembered. */
export function memoryLimiter(clock: Clock): Limiter {
  const fullAt = new Map<string, number>()
  let sweepAt = SWEEP_AT

  function sweep(now: number) {
    for (const [key, at] of fullAt) if (at <= now) fullAt.delete(key)
    sweepAt = Math.max(SWEEP_AT, fullAt.size * 2)
  }

  return {
    take(key, { take, every_ms }) {
      const now = clock.now()
      const cost = every_ms / take
      const before = Math.max(fullAt.get(key) ?? now, now)
      const wait = before + cost - now - every_ms
      const full = wait > 0 ? before : before + cost
      if (wait <= 0) fullAt.set(key, full)
      if (fullAt.size > sweepAt) sweep(now)
      return {
        wait_ms: Math.max(0, Math.ceil(wait)),
        remaining: Math.max(0, Math.floor((every_ms - (full - now)) / cost)),
        reset_ms: Math.ceil(full - now),
      }
    },
  }
}
