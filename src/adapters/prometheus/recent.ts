/** Quantiles of what was lately: buckets that grow by a fifth, in two halves, of which the older one is dropped in turn. */

const HALF_MS = 300_000
const LEAST_MS = 0.01
const STEPS_PER_DOUBLING = 4
/** Up to some ten minutes; all above are in the last. */
const BUCKETS = 104

export function recent() {
  let current = new Float64Array(BUCKETS)
  let before = new Float64Array(BUCKETS)
  let since: number | undefined

  return {
    observe(ms: number) {
      const step = ms <= LEAST_MS ? 0 : Math.ceil(Math.log2(ms / LEAST_MS) * STEPS_PER_DOUBLING)
      const bucket = step < BUCKETS ? step : BUCKETS - 1
      current[bucket] = (current[bucket] as number) + 1
    },
    /** Called now and then, so that adding one need not look at the clock. */
    roll(now: number) {
      since ??= now
      if (now - since < HALF_MS) return
      before = now - since < 2 * HALF_MS ? current : new Float64Array(BUCKETS)
      current = new Float64Array(BUCKETS)
      since = now
    },
    quantiles() {
      const counts = current.map((count, bucket) => count + (before[bucket] as number))
      return { p50: quantile(counts, 0.5), p95: quantile(counts, 0.95), p99: quantile(counts, 0.99) }
    },
  }
}

/** The middle of the bucket in which this part of all has come; 0 where there are none. */
function quantile(counts: Float64Array, part: number): number {
  let left = part * counts.reduce((sum, count) => sum + count, 0)
  if (left === 0) return 0
  const bucket = counts.findIndex((count) => {
    left -= count
    return left <= 0
  })
  return Number((LEAST_MS * 2 ** ((bucket - 0.5) / STEPS_PER_DOUBLING)).toPrecision(3))
}
