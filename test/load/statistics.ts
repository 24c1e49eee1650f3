// Latencies in a histogram of fixed size (within 1.6 %), and what is said of several rounds.

const SUB = 64
const HIGHEST_US = 2 ** 31 - 1

/** Counts of latencies, in buckets that widen with the value: millions of samples cost no memory. */
export class Histogram {
  readonly #counts = new Float64Array(bucketOf(HIGHEST_US) + 1)
  #total = 0

  get total(): number {
    return this.#total
  }

  add(ms: number): void {
    const index = bucketOf(Math.min(Math.max(0, Math.round(ms * 1000)), HIGHEST_US))
    this.#counts[index] = (this.#counts[index] as number) + 1
    this.#total++
  }

  /** Ms that this share of the samples does not exceed; NaN where there are none. */
  percentile(share: number): number {
    if (this.#total === 0) return Number.NaN
    const wanted = Math.max(1, Math.ceil(share * this.#total))
    let seen = 0
    let index = -1
    while (seen < wanted) seen += this.#counts[++index] as number
    return middleOf(index) / 1000
  }
}

/** Exact below 128 µs, then 64 buckets for each doubling. */
function bucketOf(us: number): number {
  const power = Math.max(0, 25 - Math.clz32(us))
  return power * SUB + Math.floor(us / 2 ** power)
}

function middleOf(bucket: number): number {
  const power = Math.max(0, Math.floor(bucket / SUB) - 1)
  return power === 0 ? bucket : (bucket - power * SUB + 0.5) * 2 ** power
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  const upper = sorted[half] ?? Number.NaN
  const median = sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? Number.NaN)) / 2
  return { median, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN }
}

/** Each round by itself: what disturbed the machine in one round disturbed both sides of its ratio. */
export const ratios = (of: readonly number[], to: readonly number[]): Spread =>
  spread(of.map((value, round) => value / (to[round] ?? Number.NaN)))
