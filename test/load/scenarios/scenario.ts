// What a scenario is: it measures one server once; what the samples mean is said beside it.
import type { Options } from '../options.ts'
import type { Running } from '../running.ts'

export interface Sample {
  readonly values: Readonly<Record<string, number>>
  /** What makes the sample invalid: losses, gaps, refusals. */
  readonly trouble: readonly string[]
}

export interface Column {
  readonly key: string
  readonly title: string
  readonly digits: number
  /** Also printed as a ratio to the peers. */
  readonly compared?: boolean
}

export interface Target {
  readonly key: string
  /** The peer whose value is the measure; without one, the bound is in the column's own unit. */
  readonly against?: 'raw' | 'bare'
  readonly atLeast?: number
  readonly atMost?: number
}

export interface Scenario {
  readonly name: string
  /** The servers that know what it is about; all of them, where it does not say. */
  readonly only?: readonly string[]
  readonly about: (options: Options) => string
  readonly columns: readonly Column[]
  readonly targets: readonly Target[]
  readonly measure: (server: Running, options: Options) => Promise<Sample>
}

/** Told beside every measurement: whether it was the server that was measured. */
export const circumstances: readonly Column[] = [
  { key: 'client_pct', title: 'client busy %', digits: 0 },
  { key: 'disturbed_pct', title: 'taken by others %', digits: 1 },
]

const DISTURBED_PCT = 10

/** Others took more of a core from us than a ratio can bear. Where that cannot be known, nothing is said. */
export const isDisturbed = ({ values: { disturbed_pct = 0 } }: Sample): boolean => disturbed_pct > DISTURBED_PCT
