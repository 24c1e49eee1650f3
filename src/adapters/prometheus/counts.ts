/** Counts by a label that may be anything: what comes after a hundred different ones shares one. */

const MOST = 100

export interface Counts {
  add(label: string, by?: number): void
  readonly of: ReadonlyMap<string, number>
}

/** With a list, only what is on it has a label of its own. */
export function counts(known?: readonly string[], others = 'other'): Counts {
  const of = new Map<string, number>()
  const list = known && new Set(known)
  const isOwn = list ? (label: string) => list.has(label) : () => of.size < MOST

  return {
    of,
    add(label, by = 1) {
      const count = of.get(label)
      if (count !== undefined) of.set(label, count + by)
      else if (isOwn(label)) of.set(label, by)
      else of.set(others, (of.get(others) ?? 0) + by)
    },
  }
}
