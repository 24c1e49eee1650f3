/** Times in plain arrays: to add one is a search and two additions. */

export interface Times {
  observe(value: number): void
  /** How many are at most each bound; the last, which has no bound, is how many there are. */
  readonly cumulated: () => number[]
  readonly bounds: readonly number[]
  readonly sum: () => number
}

export function times(bounds: readonly number[]): Times {
  const counts = new Float64Array(bounds.length + 1)
  const edges = Float64Array.from(bounds)
  let sum = 0

  function bucketOf(value: number): number {
    let low = 0
    let high = edges.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (value <= (edges[middle] as number)) high = middle
      else low = middle + 1
    }
    return low
  }

  return {
    bounds,
    sum: () => sum,
    observe(value) {
      const bucket = bucketOf(value)
      counts[bucket] = (counts[bucket] as number) + 1
      sum += value
    },
    cumulated() {
      let count = 0
      return Array.from(counts, (more) => {
        count += more
        return count
      })
    },
  }
}
