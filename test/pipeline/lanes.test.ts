import { describe, expect, test } from 'bun:test'
import type { Lane } from '../../src/features/caller.ts'
import { enterLane } from '../../src/pipeline/lanes.ts'
import { settled } from '../support/clock.ts'

function lanes() {
  const all = new Map<string, Lane>()
  const began: string[] = []
  const enter = async (who: string, name = 'lobby') => {
    const lane = await enterLane(all, name)
    began.push(who)
    return lane
  }
  return { all, began, enter }
}

describe('a lane', () => {
  test('is free at once where nobody is in it, without waiting', () => {
    const { all } = lanes()
    expect(enterLane(all, 'lobby')).not.toBeInstanceOf(Promise)
    expect(enterLane(all, 'other')).not.toBeInstanceOf(Promise)
    expect(enterLane(all, 'lobby')).toBeInstanceOf(Promise)
  })

  test('lets in one after the other, in the order they came', async () => {
    const { began, enter } = lanes()
    const entering = ['one', 'two', 'three'].map((who) => enter(who))
    await settled()
    expect(began).toEqual(['one'])
    for (const one of entering) {
      const lane = await one
      lane.leave()
      await settled()
    }
    expect(began).toEqual(['one', 'two', 'three'])
  })

  test('that was left twice lets in one only', async () => {
    const { began, enter } = lanes()
    const [first] = [await enter('one'), void enter('two'), void enter('three')]
    first.leave()
    first.leave()
    await settled()
    expect(began).toEqual(['one', 'two'])
  })

  test('is not jumped by one who comes just as it is left', async () => {
    const { began, enter } = lanes()
    const first = await enter('one')
    const second = enter('two')
    first.leave()
    const third = enter('three')
    ;(await second).leave()
    ;(await third).leave()
    expect(began).toEqual(['one', 'two', 'three'])
  })

  test('does not hold up another', async () => {
    const { began, enter } = lanes()
    await enter('one')
    await enter('two', 'other')
    expect(began).toEqual(['one', 'two'])
  })

  test('leaves nothing behind when all have left', async () => {
    const { all, enter } = lanes()
    const entering = ['one', 'two'].map((who) => enter(who))
    for (const one of entering) (await one).leave()
    expect(all.size).toBe(0)
    expect(enterLane(all, '__proto__')).not.toBeInstanceOf(Promise)
  })
})
