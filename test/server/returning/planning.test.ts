import { describe, expect, test } from 'bun:test'
import { memoryWorld } from '../../../src/adapters/memory/world.ts'
import type { Context } from '../../../src/features/feature.ts'
import type { Joined } from '../../../src/ports/store.ts'
import type { Position } from '../../../src/protocol/entry.ts'
import { Failure } from '../../../src/protocol/failure.ts'
import { planning } from '../../../src/server/returning/planning.ts'
import type { Stand } from '../../../src/server/returning/returns.ts'
import { recentOf } from '../../../src/server/telling/recent.ts'
import { fakeClock } from '../../support/clock.ts'
import { draft } from '../../support/follower.ts'

const SEEN_AT = 1_000
const names = (count: number) => Array.from({ length: count }, (_, n) => `room-${n}`)

interface Room {
  /** When the user came into it, and when it last moved. */
  joined_at?: number
  updated_at?: number
}

/** The user's rooms, each with so many entries. */
async function world(rooms: Record<string, Room>, entries = 3) {
  const { clock } = fakeClock()
  const { log } = memoryWorld(clock)
  for (const name of Object.keys(rooms))
    for (let n = 0; n < entries; n++) await log.append(`acme/room/${name}`, `${n}`, draft(`${n}`, name))
  const [{ epoch } = { epoch: '' }] = await log.heads(['acme/room/any'])
  const joined = Object.entries(rooms).map(
    ([room_id, { joined_at = 0, updated_at = 0 }]) =>
      ({ room: { room_id }, member: { joined_at }, epoch, last_seq: entries, updated_at }) as Joined,
  )
  const ctx = {
    caller: { tenant_id: 'acme' },
    standing: () => Promise.reject(new Failure('not_found', 'There is no such room.')),
  } as unknown as Context
  const plan = planning(log, recentOf(log, clock))
  const at = (seq: number): Position => ({ epoch, seq })
  const stand = (positions: Stand['positions'], more: Partial<Stand> = {}): Stand => ({
    at: SEEN_AT,
    until: Number.POSITIVE_INFINITY,
    last: true,
    positions,
    ...more,
  })
  return {
    at,
    stand,
    plan: (known: Partial<Parameters<typeof plan>[2]>) =>
      plan(ctx, joined, { positions: undefined, stand: undefined, ...known }),
  }
}

describe('a client is recovered', () => {
  test('where the log goes on from each of its places, and begins there', async () => {
    const { plan, stand, at } = await world({ a: {}, b: {} })
    const { begins, recovered } = await plan({ stand: stand({ a: at(1), b: at(3) }) })
    expect([recovered, [...begins]]).toEqual([
      true,
      [
        ['a', at(1)],
        ['b', at(3)],
      ],
    ])
  })

  test('also in rooms that are called as parts of objects are', async () => {
    const { plan, stand, at } = await world({ constructor: {}, ['__proto__']: {}, toString: {} })
    const positions = Object.fromEntries(['constructor', '__proto__'].map((name) => [name, at(1)]))
    const { begins, recovered } = await plan({ stand: stand(positions) })
    expect([recovered, begins.get('constructor'), begins.get('__proto__')]).toEqual([true, at(1), at(1)])
    expect(begins.get('toString')).toBeUndefined()
  })

  test('also where it stood in no room', async () => {
    const { plan, stand } = await world({})
    expect(await plan({ stand: stand({}) })).toMatchObject({ recovered: true })
  })

  test('and begins now in rooms that it came into while it was away', async () => {
    const { plan, stand, at } = await world({ a: {}, later: { joined_at: SEEN_AT + 1, updated_at: SEEN_AT + 1 } })
    const { begins, recovered } = await plan({ stand: stand({ a: at(1) }) })
    expect([recovered, begins.get('later'), begins.has('later')]).toEqual([true, undefined, true])
  })

  test('with more rooms than are kept, where nothing was said since in those that are not', async () => {
    const kept = names(100)
    const rooms = Object.fromEntries([...kept, 'quiet'].map((name) => [name, { updated_at: SEEN_AT - 1 }]))
    const { plan, stand, at } = await world(rooms, 1)
    const positions = Object.fromEntries(kept.map((name) => [name, at(1)]))
    expect(await plan({ stand: stand(positions) })).toMatchObject({ recovered: true })
    expect(await plan({ stand: stand(positions, { at: SEEN_AT - 1 }) })).toMatchObject({ recovered: false })
  })

  test('by its own positions, which come before what is known of it', async () => {
    const { plan, stand, at } = await world({ a: {}, b: {} })
    const { begins, recovered } = await plan({ positions: { a: at(1) }, stand: stand({ a: at(3), b: at(2) }) })
    expect([recovered, [...begins]]).toEqual([
      true,
      [
        ['a', at(1)],
        ['b', at(2)],
      ],
    ])
  })

  test('by as many positions as a handshake takes alone: it brings the others by state:sync', async () => {
    const rooms = names(100)
    const { plan, stand, at } = await world(Object.fromEntries([...rooms, 'other'].map((name) => [name, {}])), 1)
    const positions = Object.fromEntries(rooms.map((name) => [name, at(0)]))
    const { begins, recovered } = await plan({ positions, stand: stand({ other: at(0) }, { last: false, at: 0 }) })
    expect([recovered, begins.get('other')]).toEqual([true, undefined])
  })
})

describe('a client is not recovered', () => {
  test.each([
    ['the log is another', (at: (seq: number) => Position) => ({ ...at(1), epoch: 'another' })],
    ['it claims more than the log has', (at: (seq: number) => Position) => at(4)],
    ['its number is none of a log', (at: (seq: number) => Position) => at(0.5)],
  ])('where %s, and begins now there, but not elsewhere', async (_, wrong) => {
    const { plan, stand, at } = await world({ a: {}, b: {} })
    const { begins, recovered } = await plan({ stand: stand({ a: wrong(at), b: at(1) }) })
    expect([recovered, begins.get('a'), begins.get('b')]).toEqual([false, undefined, at(1)])
  })

  test('where the service was killed, and nobody knows whether it had heard of a room that it came into', async () => {
    const { plan, stand, at } = await world({ a: {}, later: { joined_at: SEEN_AT } })
    expect(await plan({ stand: stand({ a: at(1) }, { last: false }) })).toMatchObject({ recovered: false })
  })

  test('where nothing is known of it', async () => {
    const { plan } = await world({ a: {} })
    expect(await plan({})).toMatchObject({ recovered: false })
  })

  test('where it says that it has nothing, and begins now', async () => {
    const { plan, stand, at } = await world({ a: {} })
    const { begins, recovered } = await plan({ positions: {}, stand: stand({ a: at(1) }) })
    expect([recovered, [...begins]]).toEqual([false, [['a', undefined]]])
  })

  test('where it names a room that is not for it', async () => {
    const { plan, stand, at } = await world({ a: {} })
    expect(await plan({ positions: { theirs: at(1) } })).toMatchObject({ recovered: false })
    expect(await plan({ stand: stand({ theirs: at(1) }) })).toMatchObject({ recovered: true })
  })
})
