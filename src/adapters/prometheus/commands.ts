/** Every command by name and outcome, and how long it took: the hot path, so all labels are there before the first. */
import { failures } from '../../protocol/failure.ts'
import type { Sample } from './exposed.ts'
import { recent } from './recent.ts'
import { type Times, times } from './times.ts'

const BOUNDS_MS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000]
const OUTCOMES = ['ok', ...Object.keys(failures), 'other']
const OTHER = OUTCOMES.length - 1
const OUTCOME_AT = new Map(OUTCOMES.map((outcome, n) => [outcome, n]))

interface Row {
  readonly outcomes: Float64Array
  readonly times: Times
}

const row = (): Row => ({ outcomes: new Float64Array(OUTCOMES.length), times: times(BOUNDS_MS) })

export function commandCounts(names: readonly string[]) {
  const unknown = row()
  const rows = new Map<string, Row>([...names.map((name) => [name, row()] as const), ['unknown', unknown]])
  const lately = recent()

  function* outcomes(): Generator<Sample> {
    for (const [command, { outcomes }] of rows)
      for (const [n, value] of outcomes.entries())
        if (value > 0) yield [{ command, outcome: OUTCOMES[n] as string }, value]
  }

  function* durations(): Generator<readonly [{ command: string }, Times]> {
    for (const [command, { outcomes, times }] of rows)
      if (outcomes.some((count) => count > 0)) yield [{ command }, times]
  }

  return {
    outcomes,
    durations,
    lately,
    add(name: string, outcome: string, ms: number) {
      const { outcomes, times } = rows.get(name) ?? unknown
      const n = OUTCOME_AT.get(outcome) ?? OTHER
      outcomes[n] = (outcomes[n] as number) + 1
      times.observe(ms)
      lately.observe(ms)
    },
    accepted: (name: string): number => rows.get(name)?.outcomes[0] ?? 0,
    refused: (): number =>
      [...rows.values()].reduce((sum, { outcomes }) => outcomes.subarray(1).reduce((all, one) => all + one, sum), 0),
  }
}
