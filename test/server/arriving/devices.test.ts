import { describe, expect, test } from 'bun:test'
import { memoryRoster } from '../../../src/adapters/memory/roster.ts'
import { memoryWorld } from '../../../src/adapters/memory/world.ts'
import type { Caller } from '../../../src/features/caller.ts'
import type { Change } from '../../../src/ports/store.ts'
import { Failure } from '../../../src/protocol/failure.ts'
import { deviceRecords } from '../../../src/server/arriving/devices.ts'
import { refusal } from '../../contracts/world.ts'
import { fakeClock } from '../../support/clock.ts'

/** Ada may have three devices. A connection is called as its device. */
function world(limit: 'replace' | 'refuse' = 'replace') {
  const { clock, pass } = fakeClock()
  const { store } = memoryWorld(clock, () => {})
  const roster = memoryRoster()
  const closed: string[] = []
  const fanout = { close: (place: string, { code }: { code: string }) => void closed.push(`${place} ${code}`) }
  const revocations = { refuses: () => undefined as Failure | undefined }
  const { record, left } = deviceRecords({ store, roster, fanout, clock, revocations, most: 3, limit })
  const who = (device_id?: string) => ({ tenant_id: 'acme', user_id: 'ada', device_id, token: {} }) as Caller

  function enter(device_id: string | undefined) {
    const now = clock.now()
    const rest = { session_id: 's', server_id: 'one', platform: undefined, transport: 'websocket', address: '' }
    const stay = { since: now, active_at: now, idle: false, quality: undefined, rtt_ms: undefined }
    roster.enter('acme', 'ada', { connection_id: device_id ?? 'nameless', device_id, ...rest, ...stay })
  }

  return {
    closed,
    revocations,
    pass,
    store,
    left,
    come: (device_id?: string, named = {}) => record(who(device_id), named, async () => enter(device_id)),
    async go(device_id: string) {
      roster.leave('acme', 'ada', device_id)
      await left(who(device_id))
    },
    idle: (device_id: string) => void roster.note('acme', 'ada', device_id, { idle: true }),
    devices: async () => (await store.devices('acme', 'ada')).map(({ device_id }) => device_id),
  }
}

/** Three devices, that came one after the other. */
async function full(limit?: 'replace' | 'refuse') {
  const made = world(limit)
  for (const device of ['a', 'b', 'c']) {
    await made.come(device)
    await made.pass(1_000)
  }
  return made
}

describe('with as many devices as a user may have', () => {
  test('the one that went longest ago makes way', async () => {
    const { come, go, pass, devices, closed } = await full()
    for (const device of ['b', 'a']) {
      await go(device)
      await pass(1_000)
    }
    await come('d')
    expect(await devices()).toEqual(['a', 'c', 'd'])
    expect(closed).toEqual([])
  })

  test('where all are connected, the one at which nobody was for longest makes way, and is told', async () => {
    const { come, idle, devices, closed } = await full()
    for (const device of ['c', 'b']) idle(device)
    await come('d')
    expect(await devices()).toEqual(['a', 'c', 'd'])
    expect(closed).toEqual(['acme/user/ada/device/b session_revoked'])
  })

  test('one that is not connected makes way before one that is idle', async () => {
    const { come, idle, go, pass, devices, closed } = await full()
    idle('a')
    await pass(5_000)
    await go('c')
    await come('d')
    expect([await devices(), closed]).toEqual([['a', 'b', 'd'], []])
  })

  test('where someone is at each of them, the new one is refused', async () => {
    const { come, devices } = await full()
    expect(await refusal(come('d'))).toMatchObject({ code: 'too_many_devices', data: { retryable: false } })
    expect(await devices()).toEqual(['a', 'b', 'c'])
  })

  test('the new one is refused whoever is idle, where that is configured', async () => {
    const { come, go, devices } = await full('refuse')
    await go('a')
    expect(await refusal(come('d'))).toMatchObject({ code: 'too_many_devices' })
    await come('b')
    expect(await devices()).toEqual(['a', 'b', 'c'])
  })

  test('of many new ones at once as many come in as there is room for', async () => {
    const { come, go, devices } = await full()
    for (const device of ['a', 'b']) await go(device)
    const ends = await Promise.all(['d', 'e', 'f', 'g'].map((device) => refusal(come(device))))
    expect(ends.map((one) => one === undefined)).toEqual([true, true, false, false])
    expect(await devices()).toEqual(['c', 'd', 'e'])
  })

  test('an anonymous one comes in: it is not stored and not counted', async () => {
    const { come, devices } = await full('refuse')
    await come(undefined)
    expect(await devices()).toEqual(['a', 'b', 'c'])
  })
})

describe('a device', () => {
  test('keeps its name and platform where it comes back without them', async () => {
    const { come, store } = world()
    await come('a', { device_name: 'My phone', platform: 'ios' })
    await come('a')
    await come('a', { platform: 'ipados' })
    expect(await store.devices('acme', 'ada')).toMatchObject([{ name: 'My phone', platform: 'ipados' }])
  })

  test('was last seen when it went', async () => {
    const { come, go, pass, store } = world()
    await come('a')
    const [{ last_seen_at: came } = { last_seen_at: 0 }] = await store.devices('acme', 'ada')
    await pass(5_000)
    await go('a')
    expect(await store.devices('acme', 'ada')).toMatchObject([{ last_seen_at: came + 5_000 }])
  })

  test('that was revoked while it signed in is not made again by that', async () => {
    const { come, store, revocations, devices } = world()
    const { apply } = store
    store.apply = async (changes) => {
      revocations.refuses = () => new Failure('session_revoked', 'This device was revoked.')
      await apply(changes)
    }
    expect(await refusal(come('a'))).toMatchObject({ code: 'session_revoked' })
    expect(await devices()).toEqual([])
  })

  test('that is dropped while it comes back is not made again by that', async () => {
    const { come, go, pass, store, devices } = world()
    await come('a')
    await go('a')
    await pass(60_000) // then its return is written
    const { apply } = store
    store.apply = async (changes) => {
      store.apply = apply
      await apply([{ do: 'drop_device', tenant_id: 'acme', user_id: 'ada', device_id: 'a' }])
      await apply(changes)
    }
    await come('a')
    expect(await devices()).toEqual([])
  })

  test('that is back within a minute is not written again, unless it says something new of itself', async () => {
    const { come, go, pass, store } = world()
    await come('a')
    await go('a')
    const { apply } = store
    let written = 0
    store.apply = (changes) => {
      written++
      return apply(changes)
    }
    await pass(59_000)
    await come('a')
    expect(written).toBe(0)
    await come('a', { device_name: 'My phone' })
    await come('a', { platform: 'ios' })
    await pass(1_000)
    await come('a')
    expect(written).toBe(2)
    await pass(59_000)
    await come('a')
    expect(written).toBe(3)
  })

  test('that made way or was revoked is not made again by its going', async () => {
    const { come, left, store, devices } = world()
    const [a, b] = ['a', 'b'].map((device_id) => ({ tenant_id: 'acme', user_id: 'ada', device_id }))
    for (const one of ['a', 'b']) await come(one)
    await Promise.all([store.apply([{ do: 'drop_device', ...b } as Change]), left(a as Caller), left(b as Caller)])
    expect(await devices()).toEqual(['a'])
  })
})
