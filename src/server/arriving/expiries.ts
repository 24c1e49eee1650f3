import type { Clock } from '../../ports/clock.ts'

const SWEEP_MS = 1_000

/** What is due at a time of its own, to the second: one timer looks after all. */
export class Expiries<Item> {
  readonly #due: (item: Item) => void
  readonly #clock: Clock
  readonly #seconds = new Map<number, Set<Item>>()
  #swept: number
  #cancel: () => void

  constructor(clock: Clock, due: (item: Item) => void) {
    this.#clock = clock
    this.#due = due
    this.#swept = secondOf(clock.now())
    this.#cancel = clock.after(SWEEP_MS, () => this.#sweep())
  }

  /** The second in which it is due is the place to take it from again. */
  add(at: number, item: Item): number {
    const second = Math.max(Math.ceil(at / 1_000), this.#swept + 1)
    const items = this.#seconds.get(second) ?? new Set<Item>()
    this.#seconds.set(second, items.add(item))
    return second
  }

  delete(second: number, item: Item) {
    const items = this.#seconds.get(second)
    if (items?.delete(item) && items.size === 0) this.#seconds.delete(second)
  }

  get size(): number {
    let size = 0
    for (const items of this.#seconds.values()) size += items.size
    return size
  }

  close() {
    this.#cancel()
    this.#seconds.clear()
  }

  #sweep() {
    this.#cancel = this.#clock.after(SWEEP_MS, () => this.#sweep())
    const now = secondOf(this.#clock.now())
    while (this.#swept < now) {
      const second = ++this.#swept // first, so that what is added by one that is due comes later
      const items = this.#seconds.get(second)
      this.#seconds.delete(second)
      for (const item of items ?? []) this.#due(item)
    }
  }
}

const secondOf = (ms: number) => Math.floor(ms / 1_000)
