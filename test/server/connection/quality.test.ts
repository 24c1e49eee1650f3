import { describe, expect, test } from 'bun:test'
import {
  answered,
  isInDoubt,
  lossOf,
  missed,
  newPulse,
  type Pulse,
  rttOf,
} from '../../../src/server/connection/quality.ts'

/** What it is called after each of these answers, in ms. */
function after(pulse: Pulse, ...rtts: number[]) {
  return rtts.map((ms) => {
    answered(pulse, ms, 'websocket')
    return pulse.quality
  })
}

const measured = (...rtts: number[]) => {
  const pulse = newPulse()
  after(pulse, ...rtts)
  return pulse
}

describe('the quality of a connection', () => {
  test.each([
    [0, 'good'],
    [149, 'good'],
    [150, 'fair'],
    [399, 'fair'],
    [400, 'poor'],
    [20_000, 'poor'],
  ])('is known by the first answer: after %i ms it is %s', (ms, quality) => {
    expect(after(newPulse(), ms)).toEqual([quality as Pulse['quality']])
  })

  test('is not changed by one slow answer, but by the second', () => {
    expect(after(measured(20, 20, 20), 900, 20, 900, 900)).toEqual(['good', 'good', 'poor', 'poor'])
  })

  test('is better again only when it is well within the bounds, so that it does not flap', () => {
    const pulse = measured(160, 160, 160)
    expect(after(pulse, 140, 140, 149, 151, 140)).toEqual(Array(5).fill('fair'))
    expect(after(pulse, 119, 119)).toEqual(['fair', 'good'])
    expect(after(pulse, 145, 145, 145)).toEqual(['good', 'good', 'good'])
  })

  test('does not become better than it stands by getting worse in part', () => {
    const pulse = measured(700, 700, 700)
    expect(after(pulse, 350, 350)).toEqual(['poor', 'poor'])
    expect(after(pulse, 310, 310)).toEqual(['poor', 'fair'])
  })

  test('by polling is judged by twice the time, as the answer is a request of its own', () => {
    const pulse = newPulse()
    answered(pulse, 290, 'polling')
    expect([pulse.quality, rttOf(pulse)]).toEqual(['good', 145])
  })

  test('is fair when a ping is late, and poor when three in a row are', () => {
    const pulse = measured(20, 20, 20)
    const told = [1, 2, 3].map(() => {
      missed(pulse)
      return pulse.quality
    })
    expect(told).toEqual(['fair', 'fair', 'poor'])
    expect(lossOf(pulse)).toBe(0.33)
  })

  test('is that of a loss until answers have come in time again', () => {
    const pulse = measured(20, 20, 20)
    missed(pulse)
    expect(after(pulse, 2_500, 20, 20, 20, 20)).toEqual(['fair', 'fair', 'fair', 'fair', 'good'])
  })

  test('may be known by a late ping before there is an answer', () => {
    const pulse = newPulse()
    missed(pulse)
    expect([pulse.quality, rttOf(pulse), lossOf(pulse)]).toEqual(['fair', 0, 0.13])
  })
})

describe('another ping is wanted soon', () => {
  test('where the last answer says otherwise than all together', () => {
    expect(isInDoubt(measured(20))).toBe(false)
    expect(isInDoubt(measured(20, 20, 20, 300))).toBe(true)
    expect(isInDoubt(measured(300, 300, 300, 20))).toBe(true)
  })

  test('where the first answers are not good, until there are three', () => {
    expect([measured(300), measured(300, 300), measured(300, 300, 300)].map(isInDoubt)).toEqual([true, true, false])
  })

  test('but not where it stays as it is, near a bound', () => {
    expect(isInDoubt(measured(160, 160, 160, 140))).toBe(false)
  })
})
