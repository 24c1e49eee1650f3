import { expect, test } from 'bun:test'
import { laidOut, limitsOf, type Samples, tableOf, verdictLine, verdictsOf } from './report.ts'
import type { Scenario } from './scenarios/scenario.ts'

const scenario: Scenario = {
  name: 'errands',
  about: () => '',
  columns: [
    { key: 'rate', title: 'errands/s', digits: 0, compared: true },
    { key: 'p99', title: 'p99 ms', digits: 1 },
  ],
  targets: [
    { key: 'rate', against: 'raw', atLeast: 0.85 },
    { key: 'rate', against: 'bare', atLeast: 3 },
    { key: 'p99', atMost: 100 },
  ],
  measure: async () => ({ values: {}, trouble: [] }),
}

const samplesOf = (servers: Record<string, readonly [rate: number, p99: number][]>): Samples =>
  new Map(
    Object.entries(servers).map(([name, rounds]) => [
      name,
      rounds.map(([rate, p99]) => ({ values: { rate, p99 }, trouble: [] })),
    ]),
  )

test('load report · each measure has its median and its ends for every server, and ratios where they are compared', () => {
  const samples = samplesOf({ parley: [[900, 12], [1800, 14]], raw: [[1000, 10], [2000, 11]] }) // biome-ignore format: a table
  expect(tableOf(scenario, samples)).toEqual([
    ['', 'parley', 'raw', 'parley / raw'],
    ['errands/s', '1,350 (900–1,800)', '1,500 (1,000–2,000)', '0.90'],
    ['p99 ms', '13.0 (12.0–14.0)', '10.5 (10.0–11.0)', ''],
  ])
})

test('load report · a target is reached or missed by the median of the rounds', () => {
  const samples = samplesOf({ parley: [[800, 101]], raw: [[1000, 10]], bare: [[200, 30]] })
  expect(verdictsOf(scenario, samples).map(verdictLine)).toEqual([
    'MISSED   errands/s at least 0.85 × raw: 0.80',
    'reached  errands/s at least 3 × bare: 4.00',
    'MISSED   p99 ms at most 100: 101.00',
  ])
})

test('load report · nothing is said of a peer that was not measured, nor without the service', () => {
  expect(verdictsOf(scenario, samplesOf({ parley: [[800, 50]] })).map(({ says }) => says)).toEqual([
    'p99 ms at most 100',
  ])
  expect(verdictsOf(scenario, samplesOf({ raw: [[800, 50]] }))).toEqual([])
})

test('load report · a value that could not be measured reaches nothing', () => {
  const [verdict] = verdictsOf(scenario, samplesOf({ parley: [[Number.NaN, 50]], raw: [[1000, 10]] }))
  expect(verdict?.reached).toBe(false)
})

test('load report · columns stand under each other', () => {
  expect(laidOut([['', 'a', 'long'], ['row', '100', '1']])).toBe('       a  long\nrow  100     1') // biome-ignore format: a table
})

test('load report · a server whose rate the client could not follow is named', () => {
  const of = (client_pct: number) => [{ values: { client_pct }, trouble: [] }]
  const samples: Samples = new Map([
    ['raw', of(99)],
    ['bare', of(60)],
  ])
  expect(limitsOf(samples)).toEqual(['the client was 99 % busy with raw, which may do more than that'])
})
