import { describe, expect, test } from 'bun:test'
import { followedRoom, Held, mark } from '../../../src/server/telling/followed.ts'

/** A room that is told, with time by hand. */
function room() {
  const followed = followedRoom('a')
  const time = { now: 1 }
  const told = (seq: number, epoch = 'e') => {
    followed.told = { epoch, seq }
  }
  const keeper = { reach: async () => {}, forget() {}, now: () => time.now }
  told(0)
  return {
    followed,
    told,
    /** A moment later. */
    pass: (ms = 1) => {
      time.now += ms
      return time.now
    },
    mark: () => mark(followed, time.now),
    held(from: number) {
      followed.holders++
      const watch = new Held(followed, keeper)
      watch.hears(from)
      return watch
    },
  }
}

const at = (seq: number) => ({ epoch: 'e', seq })

describe('who holds a room has for certain', () => {
  test('what it came with, until it answered to what it was told since', () => {
    const { told, held, pass } = room()
    told(9)
    const watch = held(4)
    expect(watch.certain(1)).toEqual(at(4))
    expect(watch.certain(pass())).toEqual(at(9))
  })

  test('what was told at the last mark before the ping that it answered', () => {
    const { told, held, pass, mark } = room()
    const watch = held(0)
    const first = pass()
    told(3)
    mark()
    const second = pass()
    told(5)
    pass()
    mark()
    const third = pass()
    expect([first, second, third].map((moment) => watch.certain(moment))).toEqual([at(0), at(3), at(5)])
  })

  test('what it says that it has, as far as it was told at all', () => {
    const { told, held } = room()
    const watch = held(0)
    told(5)
    watch.has(3)
    watch.has(2)
    expect(watch.certain(0)).toEqual(at(3))
    watch.has(99)
    expect(watch.certain(0)).toEqual(at(5))
  })

  test('no less where marks are so old that they are forgotten', () => {
    const { followed, told, held, pass, mark } = room()
    const watch = held(0)
    for (let seq = 1; seq <= 100; seq++) {
      pass(5_000)
      told(seq)
      mark()
    }
    expect(followed.marks.length).toBeLessThan(20)
    expect(watch.certain(pass())).toEqual(at(100))
    expect(watch.certain(2)).toEqual(at(0))
  })

  test('nothing that can be said, once the room was cut or let go', () => {
    const { followed, held } = room()
    const [watch, other] = [held(0), held(0)]
    watch.release()
    expect(watch.certain(9)).toBeUndefined()
    followed.told = undefined
    expect(other.certain(9)).toBeUndefined()
  })
})
