/** Counts by a label that may be anything: what comes after a hundred different ones shares one. */

const MOST = 100
const OTHERS = 'other'

export interface Counts {
  add(label: string, by?: number): void
  readonly of: ReadonlyMap<string, number>
}

/** With a list, only what is on it has a label of its own, and has it from the start: a rate needs a zero to begin with. */
export function counts(known?: readonly string[]): Counts {
  const of = new Map<string, number>(known?.map((label) => [label, 0]))
  const most = known ? of.size : MOST

  return {
    of,
    add(label, by = 1) {
      const name = of.has(label) || of.size < most ? label : OTHERS
      of.set(name, (of.get(name) ?? 0) + by)
    },
  }
}
