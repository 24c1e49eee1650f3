/** So many within so long: as many at once, and then as evenly as they come back. */
export interface Rate {
  readonly take: number
  readonly every_ms: number
}

/** What is counted together, by its kind and a key of its own among those. */
export interface Bucket {
  readonly kind: string
  readonly rate: Rate
}

/** Where it waits on nothing it answers at once, without a promise; promises settle in the order of the questions. */
export interface Limiter {
  /** Takes one. What is refused takes nothing. */
  take(key: string, rate: Rate): Taken | Promise<Taken>
  /** For who takes from it again and again: whoever holds one of a kind and a key has the same. */
  bucket(kind: string, key: string, rate: Rate): Bucket
  /** Takes one of each, or of none where one of them has none: that one is the answer. */
  takeEach(buckets: readonly Bucket[]): Refused | undefined | Promise<Refused | undefined>
}

export interface Taken {
  /** Ms until the next can be taken; 0 when this one was. */
  readonly wait_ms: number
  readonly remaining: number
  /** Ms until all can be taken again. */
  readonly reset_ms: number
}

export interface Refused extends Taken {
  readonly kind: string
}
