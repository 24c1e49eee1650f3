import { describe, expect, test } from 'bun:test'
import { settled } from '../../support/clock.ts'
import { emptyLog, follower } from '../../support/follower.ts'

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n)

/** Something that happens when the test says. */
function gate() {
  let open = () => {}
  const opened = new Promise<void>((then) => {
    open = then
  })
  return { open: () => open(), opened }
}

describe('a room', () => {
  test('is told in order, each entry once', async () => {
    const here = follower()
    await here.attach('a')
    await here.append('one', 'two', 'three')
    await here.arrive(1, 2, 2, 1, 3)
    expect([here.told, here.gaps.found]).toEqual([[1, 2, 3], 0])
  })

  test('is told in order also where hints overtake each other', async () => {
    const here = follower()
    await here.attach('a')
    await here.append('one', 'two', 'three', 'four', 'five')
    await here.arrive(3, 1, 5, 2, 4)
    expect(here.told).toEqual([1, 2, 3, 4, 5])
  })

  test('goes on after an entry that cannot be told, which is reported', async () => {
    const here = follower()
    await here.attach('a')
    await here.append('one', 'two', 'three')
    here.onTell = ({ seq }) => {
      if (seq === 2) throw new Error('cannot be told')
    }
    await here.arrive(1, 2, 3)
    expect([here.told, here.reported]).toEqual([[1, 2, 3], [new Error('cannot be told')]])
  })

  test('is told the same by servers that hear different hints', async () => {
    const log = emptyLog()
    const [here, there] = [follower(log), follower(log)]
    await Promise.all([here.attach('a'), there.attach('a')])
    await here.append('one', 'two', 'three')
    await Promise.all([here.arrive(3), there.arrive(2, 1), there.check()])
    expect(here.told).toEqual([1, 2, 3])
    expect(there.told).toEqual(here.told)
  })
})

describe('a hole', () => {
  test('is healed from the log by the next hint, and counted', async () => {
    const here = follower()
    await here.attach('a')
    await here.append('one', 'two', 'three', 'four')
    await here.arrive(1, 4)
    expect([here.told, here.gaps]).toEqual([[1, 2, 3, 4], { found: 3, healed: 3 }])
  })

  test('with no hint after it is healed by the next check', async () => {
    const here = follower()
    await here.attach('a')
    await here.append('one', 'two')
    await here.arrive(1)
    expect(here.told).toEqual([1])
    await here.check()
    expect([here.told, here.gaps.healed]).toEqual([[1, 2], 1])
  })

  test('of any size is healed page by page', async () => {
    const here = follower()
    await here.attach('a')
    await here.append(...range(1, 450).map((n) => `${n}`))
    let reads = 0
    const { read } = here.following
    here.following.read = (...asked) => {
      reads++
      return read(...asked)
    }
    await here.arrive(450)
    expect([here.told, reads]).toEqual([range(1, 450), 3])
  })

  test('is read once, however many hints and checks come while it is filled', async () => {
    const here = follower()
    await here.attach('a')
    await here.append('one', 'two', 'three')
    const { read } = here.following
    const { open, opened } = gate()
    let reads = 0
    here.following.read = async (...asked) => {
      reads++
      await opened
      return read(...asked)
    }
    await here.arrive(2, 3, 2)
    const checking = Promise.all([here.check(), here.check()])
    await here.append('four')
    await here.arrive(4, 1)
    expect(here.told).toEqual([])
    open()
    await checking
    await settled()
    expect([here.told, reads]).toEqual([[1, 2, 3, 4], 1])
  })

  test('that the log can no longer fill is said aloud, and the room is told no longer', async () => {
    const here = follower()
    const watch = await here.attach('a')
    await here.append('one', 'two', 'three')
    const { read } = here.following
    here.following.read = async (room, after, limit) => (await read(room, after, limit)).filter(({ seq }) => seq > 2)
    await here.arrive(3)
    expect([here.told, here.cut, watch.told, here.followers()]).toEqual([[], ['a'], undefined, 0])
  })

  test('waits where the log is away, which is reported, until the next hint or check', async () => {
    const here = follower()
    await here.attach('a')
    await here.append('one', 'two', 'three')
    const { read } = here.following
    here.following.read = () => Promise.reject(new Error('away'))
    await here.arrive(2)
    await here.check()
    expect([here.told, here.reported]).toEqual([[], [new Error('away'), new Error('away')]])
    here.following.read = read
    await here.arrive(3)
    expect([here.told, here.gaps]).toEqual([[1, 2, 3], { found: 3, healed: 3 }])
  })
})

describe('another epoch', () => {
  test('in a hint cuts the room, also where its number is lower', async () => {
    const here = follower()
    await here.append('one', 'two')
    const watch = await here.attach('a')
    here.hint({ ...(here.hints[0] as (typeof here.hints)[0]), epoch: 'new' })
    expect([here.told, here.cut, watch.told, here.followers()]).toEqual([[], ['a'], undefined, 0])
  })

  test('found by a check cuts the room', async () => {
    const here = follower()
    await here.attach('a')
    here.following.heads = async () => [{ epoch: 'new', seq: 0 }]
    await here.check()
    expect(here.cut).toEqual(['a'])
  })

  test('that comes while a hole is filled cuts the room once, and nothing more is told', async () => {
    const here = follower()
    await here.attach('a')
    await here.append('one', 'two')
    const { read } = here.following
    const { open, opened } = gate()
    here.following.read = async (...asked) => {
      await opened
      return read(...asked)
    }
    await here.arrive(2)
    here.hint({ ...(here.hints[0] as (typeof here.hints)[0]), epoch: 'new' })
    open()
    await settled()
    expect([here.told, here.cut]).toEqual([[], ['a']])
  })

  test('after a cut, one attaches anew', async () => {
    const here = follower()
    const before = await here.attach('a')
    here.hint({ ...({ seq: 1 } as (typeof here.hints)[0]), epoch: 'new' })
    const after = await here.attach('a')
    before.release()
    await here.append('one')
    await here.arrive(1)
    expect([here.told, after.told?.seq, here.followers()]).toEqual([[1], 1, 1])
  })
})

describe('a check', () => {
  test('asks for heads only where the commit counter moved', async () => {
    const here = follower()
    await here.attach('a')
    await here.check()
    const asked: (readonly string[])[] = []
    const { heads } = here.following
    here.following.heads = (rooms) => {
      asked.push(rooms)
      return heads(rooms)
    }
    await here.check()
    await here.append('one')
    await here.check()
    expect([asked, here.told]).toEqual([[[], ['a']], [1]])
    expect(here.did.filter((one) => one.startsWith('checked'))).toEqual(Array(3).fill('checked 1'))
  })

  test('that found a room untold, and could not heal it, looks at it again', async () => {
    const here = follower()
    await here.attach('a')
    await here.append('one')
    const { read } = here.following
    here.following.read = () => Promise.reject(new Error('away'))
    await here.check()
    here.following.read = read
    await here.check()
    expect(here.told).toEqual([1])
  })

  test('does not hold up the other rooms for one whose log does not answer', async () => {
    const here = follower()
    await Promise.all([here.attach('slow'), here.attach('a')])
    await here.append('one')
    const { heads, read } = here.following
    here.following.heads = async (rooms) => (await heads(rooms)).map((head) => ({ ...head, seq: 1 }))
    here.following.read = (room, ...rest) => (room === 'slow' ? new Promise<never>(() => {}) : read(room, ...rest))
    void here.check()
    await settled()
    expect(here.told).toEqual([1])
  })

  test('tells nothing of a room that was released while it was on its way', async () => {
    const here = follower()
    const watch = await here.attach('a')
    await here.append('one')
    const { heads } = here.following
    here.following.heads = (rooms) => {
      watch.release()
      return heads(rooms)
    }
    await here.check()
    expect([here.told, here.cut]).toEqual([[], []])
  })
})
