import { describe, expect, test } from 'bun:test'
import type { Socket } from 'socket.io'
import type { Entry, Position } from '../../../src/protocol/entry.ts'
import type { Envelope } from '../../../src/protocol/envelope.ts'
import { ServerConnection, type Surroundings } from '../../../src/server/connection/connection.ts'
import { joining } from '../../../src/server/telling/joining.ts'
import { recentOf } from '../../../src/server/telling/recent.ts'
import { fakeClock, settled } from '../../support/clock.ts'
import { draft, emptyLog, follower } from '../../support/follower.ts'

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n)

/** A room in which `live` is what every subscribed newcomer hears, each hint as soon as it is committed. */
async function room(...texts: string[]) {
  const log = emptyLog()
  const here = follower(log)
  const live = new Set<number[]>()
  here.onTell = ({ seq }) => live.forEach((one) => void one.push(seq))
  await log.follow('a', (entry) => here.hint(entry))
  const join = joining(here.following, here, recentOf(here.following, fakeClock().clock))
  const say = (text: string) => log.append('a', text, draft(text))
  for (const text of texts) await say(text)
  const [{ epoch = '' } = {}] = await log.heads(['a'])
  const at = (seq: number, of = epoch): Position => ({ epoch: of, seq })

  function enter(from?: Position, more: { ready?: () => Promise<void> | undefined; gone?: boolean } = {}) {
    const heard: number[] = []
    const newcomer = {
      tell: (entries: readonly Position[]) => void heard.push(...entries.map(({ seq }) => seq)),
      ready: more.ready ?? (() => undefined),
      subscribe() {
        if (more.gone) throw new Error('gone')
        live.add(heard)
      },
    }
    return { heard, joined: join('a', newcomer, from) }
  }
  return { ...here, here, log, say, enter, at }
}

describe('who joins a room', () => {
  test('without a position hears it from now on', async () => {
    const { enter, say, at } = await room('one', 'two')
    const { heard, joined } = enter()
    expect(await joined).toEqual(at(2))
    await say('three')
    expect(heard).toEqual([3])
  })

  test('hears what was missed first, and what is said meanwhile neither twice nor too early', async () => {
    const { enter, say, at, here } = await room('one', 'two', 'three')
    const { read } = here.following
    let reads = 0
    here.following.read = async (...asked) => {
      if (reads++ < 3) await say(`meanwhile ${reads}`)
      return (await read(...asked)).slice(0, 1)
    }
    const { heard, joined } = enter(at(1))
    expect(await joined).toEqual(at(6))
    await say('live')
    expect(heard).toEqual([2, 3, 4, 5, 6, 7])
  })

  test('at the head hears nothing of what was said before', async () => {
    const { enter, say, at } = await room('one', 'two')
    const { heard, joined } = enter(at(2))
    expect(await joined).toEqual(at(2))
    await say('three')
    expect(heard).toEqual([3])
  })

  test('far behind is given pages, each when the one before was taken', async () => {
    const { enter, at } = await room(...range(1, 500).map((n) => `${n}`))
    const waiting: (() => void)[] = []
    const ready = () => new Promise<void>((then) => waiting.push(then))
    const { heard, joined } = enter(at(0), { ready })
    await settled()
    expect(heard).toEqual(range(1, 200))
    waiting.shift()?.()
    await settled()
    expect(heard).toEqual(range(1, 400))
    waiting.shift()?.()
    await settled()
    waiting.shift()?.()
    expect([await joined, heard]).toEqual([at(500), range(1, 500)])
  })

  test('with 50 others while it talks without a pause hears every number once, each from their own place', async () => {
    const { enter, say, at } = await room(...range(1, 50).map((n) => `${n}`))
    const joiners = range(0, 49).map((n) => ({ from: n, ...enter(at(n)) }))
    for (const n of range(51, 80)) await say(`${n}`)
    await Promise.all(joiners.map(({ joined }) => joined))
    await say('81')
    for (const { from, heard } of joiners) expect(heard).toEqual(range(from + 1, 81))
  })

  test('is replayed what this server has told and no more: the rest comes live', async () => {
    const { enter, at, here, say, hints } = await room('one', 'two')
    const { heard: other, joined: first } = enter()
    await first
    const { hint } = here
    here.hint = () => {} // late
    for (const text of ['three', 'four']) await say(text)
    const { heard, joined } = enter(at(0))
    expect(await joined).toEqual(at(2))
    for (const entry of hints.slice(2)) hint(entry)
    expect([heard, other]).toEqual([
      [1, 2, 3, 4],
      [3, 4],
    ])
  })

  test('with more than this server was told waits until it has caught up', async () => {
    const { enter, at, here, append, arrive } = await room()
    Object.assign(here, { hint: () => {} })
    await enter().joined
    await append('one')
    const { heard, joined } = enter(at(1))
    expect(await joined).toEqual(at(1))
    expect([heard, here.told]).toEqual([[], [1]])
    await arrive(1)
    expect(here.told).toEqual([1])
  })
})

describe('a position', () => {
  test.each([
    ['of another epoch', 1, 'before'],
    ['of another epoch, before the first', 0, 'before'],
    ['beyond the log', 9, undefined],
    ['that is no number of a log', -5, undefined],
    ['between two numbers', 0.5, undefined],
    ['that is not a number', Number.NaN, undefined],
  ])('%s asks for a new start, cuts nobody, and holds nothing', async (_, seq, epoch) => {
    const { enter, at, followers, cut } = await room('one')
    await expect(enter(at(seq, epoch)).joined).rejects.toMatchObject({ code: 'resync_required' })
    expect([followers(), cut]).toEqual([0, []])
  })

  test('that the log no longer reaches back to asks for a new start', async () => {
    const { enter, at, log, followers } = await room('one', 'two', 'three')
    await log.cut('a', Number.MAX_SAFE_INTEGER, 2)
    await expect(enter(at(0)).joined).rejects.toMatchObject({ code: 'resync_required' })
    expect(await enter(at(2)).joined).toEqual(at(3))
    expect(followers()).toBe(1)
  })

  test('of a room that is cut while it is replayed asks for a new start', async () => {
    const { enter, at, here, hint, hints, followers } = await room('one', 'two')
    const { read } = here.following
    here.following.read = async (...asked) => {
      hint({ ...(hints[0] as Entry), epoch: 'new' })
      return read(...asked)
    }
    await expect(enter(at(0)).joined).rejects.toMatchObject({ code: 'resync_required' })
    expect(followers()).toBe(0)
  })
})

describe('who cannot join', () => {
  test('because they are gone by then holds nothing', async () => {
    const { enter, followers } = await room('one')
    await expect(enter(undefined, { gone: true }).joined).rejects.toThrow('gone')
    expect(followers()).toBe(0)
  })

  test('because the log is away holds nothing, and can try again', async () => {
    const { enter, at, here, followers } = await room('one')
    const { read } = here.following
    here.following.read = () => Promise.reject(new Error('away'))
    await expect(enter(at(0)).joined).rejects.toThrow('away')
    expect(followers()).toBe(0)
    here.following.read = read
    expect(await enter(at(0)).joined).toEqual(at(1))
  })
})

/** A connection without a socket under it, in the room `a` of the tenant ``. */
async function connection(...texts: string[]) {
  const here = await room(...texts)
  const heard: number[] = []
  const socket = {
    conn: { transport: { name: 'websocket' }, write: (seq: number) => void heard.push(seq) },
    id: 'c',
    nsp: { name: '/' },
    handshake: { address: '' },
    connected: true,
    join() {},
    leave() {},
    emit: (_: string, { payload }: Envelope<{ seq: number }>) => void heard.push(payload.data.seq),
  }
  const hearing = new Set<ServerConnection>()
  const join = joining(here.here.following, here, recentOf(here.here.following, fakeClock().clock))
  const around = {
    join: (_: string, ...rest: [Parameters<typeof join>[1], Position | undefined]) => join('a', ...rest),
    said: (entry: Entry) => ({ payload: { action: 'x', data: { seq: entry.seq } } }),
    viewer: async () => ({ user_id: 'ada' }),
    drained: () => undefined,
    together: (_: object, __: number, run: () => void) => run(),
    networkOf: () => undefined,
    changed() {},
    frames: ({ seq }: Entry) => [seq],
    now: () => 0,
    topics: {
      add: (_: string, live: ServerConnection) => void hearing.add(live),
      remove: (_: string, live: ServerConnection) => void hearing.delete(live),
    },
  }
  const made = new ServerConnection(socket as unknown as Socket, around as unknown as Surroundings)
  return { ...here, made, socket, heard, hearing: () => hearing.size }
}

describe('a connection on its way into a room', () => {
  test('enters once, however often it is asked to', async () => {
    const { made, followers, at, hearing } = await connection('one')
    expect(await Promise.all([made.enter('a'), made.enter('a')])).toEqual([at(1), at(1)])
    expect(await made.enter('a')).toEqual(at(1))
    expect([hearing(), made.heard('a'), [...made.rooms]]).toEqual([1, at(1), ['a']])
    made.leave('a')
    expect([hearing(), made.heard('a'), followers()]).toEqual([0, undefined, 0])
  })

  test('that leaves meanwhile does not enter', async () => {
    const { made, followers, hearing } = await connection('one')
    const entering = made.enter('a')
    made.leave('a')
    await expect(entering).rejects.toMatchObject({ code: 'forbidden' })
    expect([followers(), hearing()]).toEqual([0, 0])
  })

  test('that leaves and enters again enters once, from where it said last', async () => {
    const { made, at, followers, heard, hearing } = await connection('one', 'two')
    const first = made.enter('a')
    made.leave('a')
    const second = made.enter('a', at(0))
    await expect(first).rejects.toMatchObject({ code: 'forbidden' })
    expect(await second).toEqual(at(2))
    expect([heard, hearing()]).toEqual([[1, 2], 1])
    made.leave('a')
    expect(followers()).toBe(0)
  })

  test('that is gone meanwhile does not enter', async () => {
    const { made, socket, followers } = await connection('one')
    const entering = made.enter('a')
    socket.connected = false
    await expect(entering).rejects.toMatchObject({ code: 'unavailable' })
    expect(followers()).toBe(0)
  })
})
