/** How fast frames of one connection may come: a bucket that fills up again. */
import type { EngineOptions } from './options.ts'

export class Pace {
  #tokens: number
  #at = performance.now()
  readonly #perMs: number
  readonly #burst: number

  constructor({ perSecond, burst }: EngineOptions['frames']) {
    this.#perMs = perSecond / 1_000
    this.#burst = burst
    this.#tokens = burst
  }

  /** Counts a frame. Below zero it is too fast; whoever then goes on for as many again does it on purpose. */
  take(): 'in time' | 'too fast' | 'abuse' {
    const now = performance.now()
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs) - 1
    this.#at = now
    if (this.#tokens >= 0) return 'in time'
    return this.#tokens > -this.#burst ? 'too fast' : 'abuse'
  }

  get resetMs(): number {
    return Math.ceil(Math.max(0, 1 - this.#tokens) / this.#perMs)
  }
}
