// Samples of all rounds → tables and verdicts.
import type { Column, Sample, Scenario, Target } from './scenarios/scenario.ts'
import { ratios, type Spread, spread } from './statistics.ts'

export type Samples = ReadonlyMap<string, readonly Sample[]>

export interface Verdict {
  readonly says: string
  readonly measured: Spread
  readonly reached: boolean
}

const MEASURED = 'parley'
const PEERS = ['raw', 'bare'] as const

const valuesOf = (samples: Samples, server: string, key: string): number[] =>
  (samples.get(server) ?? []).map(({ values }) => values[key] ?? Number.NaN)

const figure = (value: number, digits: number): string =>
  Number.isFinite(value)
    ? value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
    : '–'

function spreadText({ median, min, max }: Spread, digits: number): string {
  if (min === max) return figure(median, digits)
  return `${figure(median, digits)} (${figure(min, digits)}–${figure(max, digits)})`
}

/** One line a server: the median of each column, with the least and the most of its rounds. */
export function tableOf({ columns }: Scenario, samples: Samples): string[][] {
  const head = ['server', ...columns.map(({ title }) => title)]
  const lines = [...samples.keys()].map((server) => [
    server,
    ...columns.map(({ key, digits }) => spreadText(spread(valuesOf(samples, server, key)), digits)),
  ])
  return [head, ...lines]
}

/** One line for each compared column: this server's share of that peer's, round by round. */
export function ratiosOf({ columns }: Scenario, samples: Samples): string[][] {
  const pairs = [...samples.keys()].flatMap((server) =>
    PEERS.filter((peer) => peer !== server && samples.has(peer)).map((peer) => [server, peer] as const),
  )
  const compared = columns.filter(({ compared }) => compared)
  if (pairs.length === 0) return []
  return [
    ['ratio', ...pairs.map(([server, peer]) => `${server} / ${peer}`)],
    ...compared.map(({ key, title }) => [
      title,
      ...pairs.map(([server, peer]) =>
        spreadText(ratios(valuesOf(samples, server, key), valuesOf(samples, peer, key)), 2),
      ),
    ]),
  ]
}

export const verdictsOf = ({ columns, targets }: Scenario, samples: Samples): Verdict[] =>
  targets
    .filter(({ against }) => samples.has(MEASURED) && (against === undefined || samples.has(against)))
    .map((target) => verdict(target, columns, samples))

function verdict({ key, against, atLeast, atMost }: Target, columns: readonly Column[], samples: Samples): Verdict {
  const own = valuesOf(samples, MEASURED, key)
  const measured = against ? ratios(own, valuesOf(samples, against, key)) : spread(own)
  const title = columns.find((column) => column.key === key)?.title ?? key
  const bound = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`
  const reached =
    measured.median >= (atLeast ?? Number.NEGATIVE_INFINITY) && measured.median <= (atMost ?? Number.POSITIVE_INFINITY)
  return { says: `${title} ${bound}${against ? ` × ${against}` : ''}`, measured, reached }
}

export const verdictLine = ({ says, measured, reached }: Verdict): string =>
  `${reached ? 'reached' : 'MISSED '}  ${says}: ${spreadText(measured, 2)}`

/** Lays the cells under each other; the first column to the left, figures to the right. */
export function laidOut(table: readonly (readonly string[])[]): string {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)))
  const cell = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)
  return table.map((line) => line.map(cell).join('  ')).join('\n')
}
