import { describe, expect, test } from 'bun:test'
import { settled } from '../../support/clock.ts'
import { follower } from '../../support/follower.ts'

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n)

describe('attaching', () => {
  test('says from where on all is told, whatever is said meanwhile', async () => {
    const here = follower()
    await here.append('one', 'two')
    const attached = here.attach('a')
    await here.append('three')
    const [{ told }] = await Promise.all([attached, here.arrive(3)])
    expect(told?.seq).toBe(3)
    expect([[], [3]]).toContainEqual(here.told)
  })

  test('hears what was said between the following and the asking', async () => {
    const here = follower()
    const { heads } = here.following
    here.following.heads = async (rooms) => {
      const asked = await heads(rooms)
      await here.append('one', 'two')
      await here.arrive(1, 2)
      return asked
    }
    const watch = await here.attach('a')
    expect([here.told, watch.told?.seq]).toEqual([[1, 2], 2])
  })

  test('follows a room once, however many attach, and no more when the last has released it', async () => {
    const here = follower()
    const [one, other] = await Promise.all([here.attach('a'), here.attach('a')])
    expect(here.followers()).toBe(1)
    one.release()
    one.release()
    expect([here.followers(), one.told]).toEqual([1, undefined])
    other.release()
    expect(here.followers()).toBe(0)
    await here.append('one')
    await here.arrive(1)
    await here.check()
    expect(here.told).toEqual([])
  })

  test('says when a room begins and ends to be told here, in pairs', async () => {
    const here = follower()
    const [one, other] = await Promise.all([here.attach('a'), here.attach('a')])
    one.release()
    other.release()
    const again = await here.attach('a')
    here.hint({ seq: 1, epoch: 'new' } as (typeof here.hints)[0])
    again.release()
    here.following.heads = () => Promise.reject(new Error('away'))
    await here.attach('a').catch(() => {})
    expect(here.did).toEqual(['begun a', 'ended a', 'begun a', 'ended a'])
  })

  test.each(['follow', 'heads'] as const)(
    'fails for all who wait where `%s` fails, and can be tried again',
    async (what) => {
      const here = follower()
      const working = here.following[what]
      Object.assign(here.following, { [what]: () => Promise.reject(new Error('away')) })
      const answers = await Promise.allSettled([here.attach('a'), here.attach('a')])
      expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
      expect(here.followers()).toBe(0)
      Object.assign(here.following, { [what]: working })
      await here.attach('a')
      await here.append('one')
      await here.arrive(1)
      expect(here.told).toEqual([1])
    },
  )

  test('while it is closed gives nothing that is told, and follows nothing', async () => {
    const here = follower()
    const attaching = here.attach('a')
    here.close()
    const watch = await attaching
    await here.append('one')
    await here.arrive(1)
    expect([watch.told, here.followers(), here.told, here.did]).toEqual([undefined, 0, [], []])
  })
})

describe('releasing', () => {
  test('in the middle of a page that is being told ends it there', async () => {
    const here = follower()
    const watch = await here.attach('a')
    await here.append('one', 'two', 'three')
    here.onTell = ({ seq }) => {
      if (seq === 2) watch.release()
    }
    await here.arrive(3)
    expect([here.told, here.followers(), here.did.at(-1)]).toEqual([[1, 2], 0, 'ended a'])
  })

  test('in the middle of a large hole, and attaching again, tells who is new nothing that came before', async () => {
    const here = follower()
    const watch = await here.attach('a')
    await here.append(...range(1, 300).map((n) => `${n}`))
    here.onTell = ({ seq }) => {
      if (seq === 100) watch.release()
    }
    await here.arrive(300)
    expect(here.told.at(-1)).toBe(100)
    here.told.length = 0
    const again = await here.attach('a')
    await settled()
    expect([here.told, again.told?.seq]).toEqual([[], 300])
  })

  test('while a hole is read leaves it', async () => {
    const here = follower()
    const watch = await here.attach('a')
    await here.append('one', 'two')
    const { read } = here.following
    here.following.read = (...asked) => {
      watch.release()
      return read(...asked)
    }
    await here.arrive(2)
    expect([here.told, here.cut]).toEqual([[], []])
  })

  test('what was released reaches nothing', async () => {
    const here = follower()
    const watch = await here.attach('a')
    const { epoch = '' } = watch.told ?? {}
    watch.release()
    await here.append('one')
    await watch.reach({ epoch, seq: 1 })
    expect(here.told).toEqual([])
  })

  test('all at once is what closing does', async () => {
    const here = follower()
    const watches = await Promise.all([here.attach('a'), here.attach('b')])
    here.close()
    expect([here.followers(), watches.map(({ told }) => told)]).toEqual([0, [undefined, undefined]])
    for (const watch of watches) watch.release()
    expect(here.did).toEqual(['begun a', 'begun b', 'ended a', 'ended b'])
  })
})
