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

/** One line a measure: what each server had, the median with the least and the most of its rounds, then the ratios. */
export function tableOf({ columns }: Scenario, samples: Samples): string[][] {
  const servers = [...samples.keys()]
  const pairs = pairsOf(servers)
  const lines = columns.map(({ key, title, digits, compared }) => [
    title,
    ...servers.map((server) => spreadText(spread(valuesOf(samples, server, key)), digits)),
    ...pairs.map(([one, other]) =>
      compared ? spreadText(ratios(valuesOf(samples, one, key), valuesOf(samples, other, key)), 2) : '',
    ),
  ])
  return [['', ...servers, ...pairs.map((pair) => pair.join(' / '))], ...lines]
}

/** The service beside each peer; without it, the peers beside each other. */
function pairsOf(servers: readonly string[]): (readonly [string, string])[] {
  const peers = PEERS.filter((peer) => servers.includes(peer))
  if (servers.includes(MEASURED)) return peers.map((peer) => [MEASURED, peer] as const)
  return peers.length === 2 ? [['bare', 'raw']] : []
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

const CLIENT_LIMIT_PCT = 97

/** Where the client had nothing left to give, a server's rate is a lower bound. */
export const limitsOf = (samples: Samples): string[] =>
  [...samples.keys()]
    .map((server) => ({ server, busy: spread(valuesOf(samples, server, 'client_pct')).median }))
    .filter(({ busy }) => busy >= CLIENT_LIMIT_PCT)
    .map(({ server, busy }) => `the client was ${figure(busy, 0)} % busy with ${server}, which may do more than that`)

/** Lays the cells under each other; the first column to the left, figures to the right. */
export function laidOut(table: readonly (readonly string[])[]): string {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)))
  const cell = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)
  return table.map((line) => line.map(cell).join('  ')).join('\n')
}
