/** Many things that are due after one and the same time: one timer for all, as what was added first is due first. */

/** A timer may ring a little before its time. */
const EARLY_MS = 1

export class Deadlines<Item> {
  readonly #ms: number
  readonly #due: (item: Item, late_ms: number) => void
  readonly #at = new Map<Item, number>()
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `due` is told how much later it is than it was to be. */
  constructor(ms: number, due: (item: Item, late_ms: number) => void) {
    this.#ms = ms
    this.#due = due
  }

  get size(): number {
    return this.#at.size
  }

  has(item: Item): boolean {
    return this.#at.has(item)
  }

  /** Its time starts now, also where it had one already. */
  add(item: Item) {
    this.#at.delete(item)
    this.#at.set(item, performance.now() + this.#ms)
    if (this.#timer === undefined) this.#wait(this.#ms)
  }

  delete(item: Item): boolean {
    return this.#at.delete(item)
  }

  clear() {
    this.#at.clear()
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #wait(ms: number) {
    clearTimeout(this.#timer) // whoever was due may have been added again
    this.#timer = setTimeout(() => this.#sweep(), Math.max(ms, this.#coarse))
  }

  /** Few wake-ups for many items: a long wait may end a little late. */
  get #coarse(): number {
    return Math.min(this.#ms / 1_000, 20)
  }

  #sweep() {
    this.#timer = undefined
    const now = performance.now()
    for (const [item, at] of this.#at) {
      if (at > now + EARLY_MS) return this.#wait(at - now)
      this.#at.delete(item)
      this.#due(item, now - at)
    }
  }
}
