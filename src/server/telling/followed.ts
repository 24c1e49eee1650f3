/** A room that is followed here, and how far those who hold it have heard of it for certain. */
import type { Position } from '../../protocol/entry.ts'

export interface Watch {
  /** How far the room was told here; nothing once it was cut. */
  readonly told: Position | undefined
  /** Tells from the log as far as this, where it reaches so far. */
  reach(position: Position): Promise<void>
  /** Its holder hears all that is told from here on, and was told all that came after `from`. */
  hears(from: number): void
  /** Its holder says that it has all up to this number. */
  has(seq: number): void
  /** Up to where its holder has all, if all that was told before this moment has arrived; nothing once it was cut. */
  certain(before: number): Position | undefined
  /** The moment when the room last was known to have moved; 0 where it stood still. */
  readonly movedAt: number
  release(): void
}

/** A room's number at a moment: all up to it was told before. */
interface Mark {
  readonly at: number
  readonly seq: number
}

/** A room that is followed here: how far it was told, and how far the log is known to reach. */
export interface Followed {
  readonly room: string
  holders: number
  ready: Promise<void>
  unfollow: () => void
  told: Position | undefined
  head: number
  healing: Promise<void> | undefined
  /** Its shard's commit counter when the room was last known to be whole. */
  commits: number | undefined
  /** Whether anything was told since the last mark. */
  moved: boolean
  /** Oldest first. */
  readonly marks: Mark[]
}

/** A ping is answered, or its connection closed, before so many ms. Older marks say no more than the last of them. */
const KEPT_MS = 60_000

export const followedRoom = (room: string): Followed => ({
  room,
  holders: 0,
  ready: Promise.resolve(),
  unfollow() {},
  told: undefined,
  head: 0,
  healing: undefined,
  commits: undefined,
  moved: false,
  marks: [],
})

export function mark({ told, marks }: Followed, at: number) {
  if (!told) return
  marks.push({ at, seq: told.seq })
  while (marks[1] && marks[1].at < at - KEPT_MS) marks.shift()
}

const markedBefore = ({ marks }: Followed, moment: number): number => marks.findLast(({ at }) => at < moment)?.seq ?? 0

interface Keeper {
  reach(followed: Followed, position: Position): Promise<void>
  forget(followed: Followed): void
  /** A moment later than all before. */
  now(): number
}

/** A class, because every connection holds one for each of its rooms. */
export class Held implements Watch {
  #followed: Followed | undefined
  readonly #keeper: Keeper
  /** What its holder has, whatever has arrived since. */
  #least = 0
  /** Where and when it was told what all are told. */
  #joined = 0
  #joinedAt = Number.POSITIVE_INFINITY

  constructor(followed: Followed, keeper: Keeper) {
    this.#followed = followed
    this.#keeper = keeper
  }

  get told() {
    return this.#followed?.told
  }

  get movedAt() {
    return this.#followed?.marks.at(-1)?.at ?? 0
  }

  async reach(position: Position) {
    if (this.#followed) await this.#keeper.reach(this.#followed, position)
  }

  hears(from: number) {
    this.#least = from
    this.#joined = this.told?.seq ?? from
    this.#joinedAt = this.#keeper.now()
  }

  has(seq: number) {
    this.#least = Math.max(this.#least, Math.min(seq, this.told?.seq ?? 0))
  }

  certain(before: number): Position | undefined {
    const followed = this.#followed
    if (!followed?.told) return undefined
    const arrived = this.#joinedAt < before ? Math.max(this.#joined, markedBefore(followed, before)) : 0
    return { epoch: followed.told.epoch, seq: Math.max(this.#least, arrived) }
  }

  release() {
    const followed = this.#followed
    this.#followed = undefined
    if (followed && --followed.holders === 0) this.#keeper.forget(followed)
  }
}
