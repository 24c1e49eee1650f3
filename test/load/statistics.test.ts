import { expect, test } from 'bun:test'
import { Histogram, ratios, spread } from './statistics.ts'

const filled = (values: readonly number[]): Histogram => {
  const histogram = new Histogram()
  for (const value of values) histogram.add(value)
  return histogram
}

test('load statistics · percentiles of even latencies are theirs within two percent', () => {
  const histogram = filled(Array.from({ length: 10_000 }, (_, i) => (i + 1) / 10))
  expect(histogram.total).toBe(10_000)
  for (const share of [0.01, 0.5, 0.9, 0.99, 1]) {
    expect(Math.abs(histogram.percentile(share) / (share * 1000) - 1)).toBeLessThan(0.02)
  }
})

test('load statistics · every latency from a microsecond to half an hour comes back within two percent', () => {
  for (let us = 1; us < 2 ** 31; us = Math.ceil(us * 1.013)) {
    expect(Math.abs(filled([us / 1000]).percentile(0.5) / (us / 1000) - 1)).toBeLessThan(0.02)
  }
})

test('load statistics · one slow answer in a hundred is the highest percentile, and not the 99th', () => {
  const histogram = filled([...Array(99).fill(1), 500])
  expect(histogram.percentile(0.99)).toBeCloseTo(1, 1)
  expect(Math.abs(histogram.percentile(1) - 500)).toBeLessThan(10)
})

test('load statistics · a latency below nothing or beyond all bounds is counted at the edge', () => {
  const histogram = filled([-3, 1e12])
  expect(histogram.percentile(0.5)).toBe(0)
  expect(histogram.percentile(1)).toBeGreaterThan(2_000_000)
})

test('load statistics · without samples there is no percentile and no spread', () => {
  expect(new Histogram().percentile(0.5)).toBeNaN()
  expect(spread([]).median).toBeNaN()
})

test('load statistics · a spread has the middle of odd and of even rounds, and its ends', () => {
  expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 })
  expect(spread([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 })
})

test('load statistics · a ratio is taken round by round, not of medians', () => {
  expect(ratios([10, 40, 90], [10, 20, 30])).toEqual({ median: 2, min: 1, max: 3 })
})

test('load statistics · a round that one server did not finish is in no ratio', () => {
  expect(ratios([10, 40], [10])).toEqual({ median: 1, min: 1, max: 1 })
})
