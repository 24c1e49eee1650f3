import type { Clock } from '../../ports/clock.ts'
import type { Bucket, Limiter, Rate, Taken } from '../../ports/limiter.ts'

/** Buckets that refill evenly (GCRA): when it is full again says all of one. */
interface Level {
  fullAt: number
  /** It is the one that is found by its key. */
  known: boolean
}

/** The levels of one kind. A full one need not be remembered. */
class Shelf {
  readonly #levels = new Map<string, Level>()
  #looking = this.#levels.entries()

  find(key: string, now: number): Level {
    const found = this.#levels.get(key)
    if (found) return found
    const made = { fullAt: now, known: true }
    this.#levels.set(key, made)
    this.#forgetOne(now)
    this.#forgetOne(now)
    return made
  }

  /** Whoever comes new looks at two that are there, so that none has to look at all. */
  #forgetOne(now: number) {
    const { done, value } = this.#looking.next()
    if (done) this.#looking = this.#levels.entries()
    else if (value[1].fullAt < now) this.#forget(value[0], value[1])
  }

  #forget(key: string, level: Level) {
    level.known = false
    this.#levels.delete(key)
  }
}

class Held implements Bucket {
  readonly kind: string
  readonly key: string
  readonly rate: Rate
  readonly shelf: Shelf
  #level: Level | undefined = undefined

  constructor(kind: string, key: string, rate: Rate, shelf: Shelf) {
    this.kind = kind
    this.key = key
    this.rate = rate
    this.shelf = shelf
  }

  level(now: number): Level {
    if (!this.#level?.known) this.#level = this.shelf.find(this.key, now)
    return this.#level
  }
}

export function memoryLimiter(clock: Clock): Limiter {
  const began = clock.now()
  /** Since then: the smaller a number, the finer its parts, and a thousand takes must add up. */
  const sinceThen = () => clock.now() - began
  const keys = new Shelf()
  const kinds = new Map<string, Shelf>()

  return {
    take(key, rate) {
      const now = sinceThen()
      const level = keys.find(key, now)
      const wait = waitFor(level, rate, now)
      if (wait <= 0) takeOne(level, rate, now)
      return taken(level, rate, now, wait)
    },
    bucket(kind, key, rate) {
      const shelf = kinds.get(kind) ?? new Shelf()
      kinds.set(kind, shelf)
      return new Held(kind, key, rate, shelf)
    },
    takeEach(buckets) {
      const now = sinceThen()
      for (const one of buckets as readonly Held[]) {
        const wait = waitFor(one.level(now), one.rate, now)
        if (wait > 0) return { kind: one.kind, ...taken(one.level(now), one.rate, now, wait) }
      }
      for (const one of buckets as readonly Held[]) takeOne(one.level(now), one.rate, now)
      return undefined
    },
  }
}

const costOf = ({ take, every_ms }: Rate) => every_ms / take

const fullAt = (level: Level, now: number) => Math.max(level.fullAt, now)

/** What a sum of many parts may be off by, in ms. */
const NEAR_MS = 0.001

/** Above 0 there is none left. */
const waitFor = (level: Level, rate: Rate, now: number) =>
  fullAt(level, now) + costOf(rate) - now - rate.every_ms - NEAR_MS

function takeOne(level: Level, rate: Rate, now: number) {
  level.fullAt = fullAt(level, now) + costOf(rate)
}

const taken = (level: Level, rate: Rate, now: number, wait: number): Taken => ({
  wait_ms: Math.max(0, Math.ceil(wait)),
  remaining: Math.max(0, Math.floor((rate.every_ms - (level.fullAt - now)) / costOf(rate) + NEAR_MS)),
  reset_ms: Math.max(0, Math.ceil(level.fullAt - now)),
})
