import type { Clock } from '../ports/clock.ts'

/** Time as it passes. What waits does not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, then) {
    const timer = setTimeout(then, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
