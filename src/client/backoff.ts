/** How long to wait before trying again: anything up to a bound that doubles, so that many do not come back together. */
export interface Backoff {
  readonly first_ms: number
  readonly most_ms: number
}

/** What the service asked for is kept to, and spread as well. `chance` is 0 to 1. */
export function delay({ first_ms, most_ms }: Backoff, tries: number, chance: number, retryAfterMs = 0): number {
  const bound = Math.min(most_ms, first_ms * 2 ** Math.min(tries, 30))
  return Math.round(retryAfterMs + chance * bound)
}
