import { describe, expect, test } from 'bun:test'
import { Expiries } from '../../../src/server/arriving/expiries.ts'
import { fakeClock } from '../../support/clock.ts'

function watched(start = Date.UTC(2026, 0, 1) + 300) {
  const { clock, pass } = fakeClock(start)
  const due: [item: string, after_ms: number][] = []
  const began = clock.now()
  const then = new Map<string, () => void>()
  const expiries = new Expiries<string>(clock, (item) => {
    due.push([item, clock.now() - began])
    then.get(item)?.()
  })
  return { expiries, pass, due, then, began, clock }
}

describe('what is due at a time of its own', () => {
  test('is due then, never before, and within two seconds', async () => {
    const { expiries, pass, due, began } = watched()
    for (const ms of [0, 1, 999, 1_000, 2_500, 60_000]) expiries.add(began + ms, `${ms}`)
    await pass(62_000)
    expect(due.map(([item]) => item)).toEqual(['0', '1', '999', '1000', '2500', '60000'])
    for (const [item, after] of due) expect(after - Number(item)).toBeWithin(0, 2_001)
  })

  test('is due once', async () => {
    const { expiries, pass, due, began } = watched()
    expiries.add(began + 1_000, 'a')
    expiries.add(began + 1_000, 'a')
    await pass(10_000)
    expect(due).toHaveLength(1)
  })

  test('may be taken back, by the second it was given', async () => {
    const { expiries, pass, due, began } = watched()
    const second = expiries.add(began + 5_000, 'a')
    expiries.add(began + 5_000, 'b')
    expiries.delete(second, 'a')
    expiries.delete(second, 'never there')
    expiries.delete(1, 'a')
    await pass(10_000)
    expect(due.map(([item]) => item)).toEqual(['b'])
  })

  test('that has been due for long is due next', async () => {
    const { expiries, pass, due, began } = watched()
    await pass(10_000)
    expiries.add(began, 'late')
    await pass(2_000)
    expect(due.map(([item]) => item)).toEqual(['late'])
  })

  test('and is added again when it is due, is due again, also where its time has come', async () => {
    const { expiries, pass, due, then, began } = watched()
    let times = 0
    then.set('a', () => void (++times < 3 && expiries.add(began, 'a')))
    expiries.add(began, 'a')
    await pass(6_000)
    expect(due).toHaveLength(3)
  })

  test('goes on after one of which the end failed', async () => {
    const { expiries, pass, due, then, began } = watched()
    then.set('bad', () => {
      throw new Error('bad')
    })
    expiries.add(began + 1_000, 'bad')
    expiries.add(began + 5_000, 'good')
    await pass(3_000).catch(() => {})
    await pass(6_000)
    expect(due.map(([item]) => item)).toEqual(['bad', 'good'])
  })

  test('is caught up with after the clock stood still', async () => {
    const { expiries, due, began, clock, pass } = watched()
    for (let n = 0; n < 30; n++) expiries.add(began + n * 1_000, `${n}`)
    const { now } = clock
    clock.now = () => now() + 60_000
    await pass(1_000)
    expect(due).toHaveLength(30)
  })

  test('is forgotten when it is closed', async () => {
    const { expiries, pass, due, began } = watched()
    expiries.add(began + 1_000, 'a')
    expiries.close()
    await pass(10_000)
    expect(due).toEqual([])
  })
})
