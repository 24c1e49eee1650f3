/**
 * What one connection sends to one room is numbered in the order sent: its commands go one after the other, but only
 * until the one before has its number, not until it is committed.
 */
import type { Lane } from '../features/caller.ts'

class Turn implements Lane {
  readonly #lanes: Map<string, Lane>
  readonly #name: string
  #waiting: ((lane: Lane) => void)[] | undefined
  #left = false

  constructor(lanes: Map<string, Lane>, name: string, waiting: ((lane: Lane) => void)[] | undefined) {
    this.#lanes = lanes
    this.#name = name
    this.#waiting = waiting
    lanes.set(name, this)
  }

  leave() {
    if (this.#left) return
    this.#left = true
    const next = this.#waiting?.shift()
    if (next) next(new Turn(this.#lanes, this.#name, this.#waiting))
    else this.#lanes.delete(this.#name)
  }

  after(): Promise<Lane> {
    this.#waiting ??= []
    const waiting = this.#waiting
    return new Promise((resolve) => waiting.push(resolve))
  }
}

/** Free at once where nobody is in the lane, and then without waiting. */
export const enterLane = (lanes: Map<string, Lane>, name: string): Lane | Promise<Lane> =>
  lanes.get(name)?.after() ?? new Turn(lanes, name, undefined)
