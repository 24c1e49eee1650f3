/** So many within so long. */
export interface Rate {
  readonly take: number
  readonly every_ms: number
}

export interface Limiter {
  /** Takes one. Where it waits on nothing it answers at once, without a promise. */
  take(key: string, rate: Rate): Taken | Promise<Taken>
}

export interface Taken {
  /** Ms until the next can be taken; 0 when this one was. */
  readonly wait_ms: number
  readonly remaining: number
  /** Ms until all can be taken again. */
  readonly reset_ms: number
}
