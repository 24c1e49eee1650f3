import { describe, expect, test } from 'bun:test'
import { Buffer } from 'node:buffer'
import type { Change, Checkpoint, Device, Presence, Queued, Revocation, Store } from '../../src/ports/store.ts'
import { newId } from '../../src/protocol/ids.ts'
import { commit, say, type Under } from './world.ts'

const HOUR_MS = 3_600_000

const setPresence = (user_id: string, presence: Presence, tenant_id = 'acme'): Change => ({
  do: 'set_presence',
  tenant_id,
  user_id,
  presence,
})

const setDevice = (user_id: string, device_id: string, tenant_id = 'acme'): Change => ({
  do: 'set_device',
  tenant_id,
  user_id,
  device: { device_id, name: 'Phone', platform: undefined, last_seen_at: 5 },
})

const seeDevice = (user_id: string, device_id: string, more: Partial<Device> = {}): Change => ({
  do: 'see_device',
  tenant_id: 'acme',
  user_id,
  device: { device_id, name: undefined, platform: undefined, last_seen_at: 9, ...more },
})

const dropDevice = (user_id: string, device_id: string): Change => ({
  do: 'drop_device',
  tenant_id: 'acme',
  user_id,
  device_id,
})

const setCheckpoint = (user_id: string, device_id: string, checkpoint: Checkpoint, tenant_id = 'acme'): Change => ({
  do: 'set_checkpoint',
  tenant_id,
  user_id,
  device_id,
  checkpoint,
})

const checkpointAt = (at: number, more: Partial<Checkpoint> = {}): Checkpoint => ({
  at,
  connected: false,
  clients: [],
  positions: { lobby: { epoch: 'e', seq: at } },
  ...more,
})

const dequeue = (user_id: string, id: string): Change => ({ do: 'dequeue', tenant_id: 'acme', user_id, id })

const queuedIds = async (store: Store, user_id = 'ada', after?: string, limit = 100) =>
  (await store.queued('acme', user_id, after, limit)).map(({ id }) => id)

/** What a `Store` keeps of people, whatever is behind it. */
export function peopleContract(name: string, make: () => Promise<Under>) {
  describe(`${name} store: presences`, () => {
    test('come in the order they were asked for, with nothing for who never chose one', async () => {
      const { store, now } = await make()
      const whole: Presence = { status: 'dnd', text: 'In a meeting', emoji: '📅', expires_at: now() + HOUR_MS }
      await store.apply([setPresence('ada', whole), setPresence('bob', { status: 'offline' })])
      expect(await store.presences('acme', ['bob', 'eve', 'ada', 'bob'])).toEqual([
        { status: 'offline' },
        undefined,
        whole,
        { status: 'offline' },
      ])
      expect(await store.presences('acme', [])).toEqual([])
    })

    test('are as they were chosen last, with nothing left of the one before', async () => {
      const { store } = await make()
      await store.apply([setPresence('ada', { status: 'dnd', text: 'Busy', emoji: '📅' })])
      await store.apply([setPresence('ada', { status: 'online' }), setPresence('ada', { status: 'away', text: 'Out' })])
      expect(await store.presences('acme', ['ada'])).toEqual([{ status: 'away', text: 'Out' }])
      await store.apply([setPresence('ada', { status: 'online' })])
      expect(await store.presences('acme', ['ada'])).toEqual([{ status: 'online' }])
    })

    test('are as if never chosen from their expiry on', async () => {
      const { store, now, pass } = await make()
      const presence: Presence = { status: 'dnd', expires_at: now() + 1_000 }
      await store.apply([setPresence('ada', presence)])
      await pass(999)
      expect(await store.presences('acme', ['ada'])).toEqual([presence])
      await pass(1)
      expect(await store.presences('acme', ['ada'])).toEqual([undefined])
    })

    test('belong to a tenant, whatever its people are called', async () => {
      const { store } = await make()
      await store.apply([setPresence('__proto__', { status: 'dnd' }), setPresence('ada', { status: 'away' }, 'other')])
      expect(await store.presences('acme', ['ada', '__proto__', 'constructor', "'", 'a\u2028/🙂'])).toEqual([
        undefined,
        { status: 'dnd' },
        undefined,
        undefined,
        undefined,
      ])
      expect(await store.presences('other', ['ada', '__proto__'])).toEqual([{ status: 'away' }, undefined])
    })

    test('come for thousands at once', async () => {
      const { store } = await make()
      const users = Array.from({ length: 10_000 }, (_, n) => `user-${n}`)
      await store.apply(
        users.filter((_, n) => n % 1_000 === 7).map((one) => setPresence(one, { status: 'dnd', text: one })),
      )
      const found = await store.presences('acme', users)
      expect(found).toHaveLength(users.length)
      expect(found.flatMap((one, n) => (one ? [[one.text, n]] : []))).toEqual(
        Array.from({ length: 10 }, (_, n) => [`user-${n * 1_000 + 7}`, n * 1_000 + 7]),
      )
    })
  })

  describe(`${name} store: a device that is seen again`, () => {
    const phone = { device_id: 'phone', name: 'Phone', platform: undefined, last_seen_at: 5 }

    test('is as it was, but for what is said', async () => {
      const { store } = await make()
      await store.apply([setDevice('ada', 'phone'), setDevice('bob', 'phone'), seeDevice('ada', 'phone')])
      expect(await store.devices('acme', 'ada')).toEqual([{ ...phone, last_seen_at: 9 }])
      await store.apply([seeDevice('ada', 'phone', { name: 'Mine', platform: 'ios' })])
      await store.apply([setCheckpoint('ada', 'phone', checkpointAt(1)), seeDevice('ada', 'phone')])
      expect(await store.devices('acme', 'ada')).toEqual([
        { device_id: 'phone', name: 'Mine', platform: 'ios', last_seen_at: 9 },
      ])
      expect(await store.checkpoint('acme', 'ada', 'phone')).toEqual(checkpointAt(1))
      expect(await store.devices('acme', 'bob')).toEqual([phone])
    })

    test('is not made again where it was dropped meanwhile, also where all happens at once', async () => {
      const { store } = await make()
      await store.apply([seeDevice('ada', 'phone')])
      expect(await store.devices('acme', 'ada')).toEqual([])
      await store.apply([setDevice('ada', 'phone'), dropDevice('ada', 'phone'), seeDevice('ada', 'phone')])
      await Promise.all([store.apply([dropDevice('ada', 'phone')]), store.apply([seeDevice('ada', 'phone')])])
      expect(await store.devices('acme', 'ada')).toEqual([])
    })
  })

  describe(`${name} store: checkpoints`, () => {
    test('are what was set last for a device', async () => {
      const { store } = await make()
      await store.apply([setDevice('ada', 'phone')])
      expect(await store.checkpoint('acme', 'ada', 'phone')).toBeUndefined()
      const positions = {
        lobby: { epoch: 'one', seq: 3 },
        ['__proto__']: { epoch: 'two', seq: 9 },
        'née/🙂 "': { epoch: 'one', seq: 0 },
      }
      const checkpoint = checkpointAt(7, { connected: true, clients: ['c1', 'c2'], positions })
      await store.apply([setCheckpoint('ada', 'phone', checkpoint)])
      const found = await store.checkpoint('acme', 'ada', 'phone')
      expect(found).toMatchObject({ at: 7, connected: true, clients: ['c1', 'c2'] })
      expect(Object.entries(found?.positions ?? {}).sort()).toEqual(Object.entries(positions).sort())
      await store.apply([9, 12, 11].map((at) => setCheckpoint('ada', 'phone', checkpointAt(at))))
      expect(await store.checkpoint('acme', 'ada', 'phone')).toEqual(checkpointAt(11))
      await store.apply([setCheckpoint('ada', 'phone', checkpointAt(13, { positions: {} }))])
      expect(await store.checkpoint('acme', 'ada', 'phone')).toEqual(checkpointAt(13, { positions: {} }))
    })

    test('belong to one device of one user of one tenant', async () => {
      const { store } = await make()
      await store.apply([
        setDevice('ada', 'phone'),
        setDevice('ada', 'laptop'),
        setDevice('bob', 'phone'),
        setDevice('ada', 'phone', 'other'),
        setCheckpoint('ada', 'phone', checkpointAt(1)),
        setCheckpoint('bob', 'phone', checkpointAt(2)),
        setCheckpoint('ada', 'phone', checkpointAt(3), 'other'),
      ])
      expect(await store.checkpoint('acme', 'ada', 'phone')).toEqual(checkpointAt(1))
      expect(await store.checkpoint('acme', 'bob', 'phone')).toEqual(checkpointAt(2))
      expect(await store.checkpoint('other', 'ada', 'phone')).toEqual(checkpointAt(3))
      expect(await store.checkpoint('acme', 'ada', 'laptop')).toBeUndefined()
    })

    test('stay when their device is seen again', async () => {
      const { store } = await make()
      await store.apply([setDevice('ada', 'phone'), setCheckpoint('ada', 'phone', checkpointAt(1))])
      await store.apply([setDevice('ada', 'phone')])
      expect(await store.checkpoint('acme', 'ada', 'phone')).toEqual(checkpointAt(1))
    })

    test('of a device that is not known are not kept, also where it comes to be known later', async () => {
      const { store } = await make()
      await store.apply([setCheckpoint('ada', 'phone', checkpointAt(1))])
      await store.apply([setCheckpoint('ada', 'phone', checkpointAt(2)), setDevice('ada', 'phone')])
      expect(await store.checkpoint('acme', 'ada', 'phone')).toBeUndefined()
    })

    test('go with their device, and do not come back with it, also where all happens at once', async () => {
      const { store } = await make()
      await store.apply([setDevice('ada', 'phone'), setCheckpoint('ada', 'phone', checkpointAt(1))])
      await store.apply([dropDevice('ada', 'phone')])
      expect(await store.checkpoint('acme', 'ada', 'phone')).toBeUndefined()
      await store.apply([setDevice('ada', 'phone')])
      expect(await store.checkpoint('acme', 'ada', 'phone')).toBeUndefined()

      await store.apply([setCheckpoint('ada', 'phone', checkpointAt(2))])
      await store.apply([
        setCheckpoint('ada', 'phone', checkpointAt(3)),
        dropDevice('ada', 'phone'),
        setCheckpoint('ada', 'phone', checkpointAt(4)),
        setDevice('ada', 'phone'),
      ])
      expect(await store.checkpoint('acme', 'ada', 'phone')).toBeUndefined()
      await store.apply([
        setCheckpoint('ada', 'phone', checkpointAt(5)),
        setDevice('ada', 'phone'),
        dropDevice('ada', 'phone'),
        setDevice('ada', 'phone'),
        setCheckpoint('ada', 'phone', checkpointAt(6)),
      ])
      expect(await store.checkpoint('acme', 'ada', 'phone')).toEqual(checkpointAt(6))
    })

    test('can be set with an entry, and for thousands at once', async () => {
      const { log, store } = await make()
      const phones = Array.from({ length: 2_000 }, (_, n) => `phone-${n}`)
      await store.apply(phones.map((phone) => setDevice('ada', phone)))
      await Promise.all([
        ...phones.flatMap((phone, n) => [
          store.apply([setCheckpoint('ada', phone, checkpointAt(1))]),
          store.apply([setCheckpoint('ada', phone, checkpointAt(n))]),
        ]),
        say(log, 'a', 'meanwhile'),
      ])
      for (const n of [0, 1, 999, 1_999])
        expect(await store.checkpoint('acme', 'ada', `phone-${n}`)).toEqual(checkpointAt(n))
      await commit(log, 'a', [setCheckpoint('ada', 'phone-0', checkpointAt(77))])
      expect(await store.checkpoint('acme', 'ada', 'phone-0')).toEqual(checkpointAt(77))
    })
  })

  describe(`${name} store: what is queued`, () => {
    /** Ids in the order of their numbers. */
    const idOf = (n: number) => newId(1_000 + n)

    const one = (id: string, expires_at: number, more: Partial<Queued> = {}): Queued => ({
      id,
      tenant_id: 'acme',
      user_id: 'ada',
      device_id: undefined,
      action: 'notification',
      data: { title: 'Hello', data: [1, { two: null }] },
      created_at: 1_000,
      expires_at,
      ...more,
    })

    const enqueue = (queued: Queued, most = 100): Change => ({ do: 'enqueue', queued, most })

    test('waits for its user, the oldest first, page by page', async () => {
      const { store, now } = await make()
      const ids = [1, 2, 3, 4].map(idOf)
      const all = ids.map((id) => one(id, now() + HOUR_MS))
      await store.apply([2, 0, 3, 1].map((n) => enqueue(all[n] as Queued)))
      expect(await store.queued('acme', 'ada', undefined, 10)).toEqual(all)
      expect(await queuedIds(store, 'ada', undefined, 3)).toEqual(ids.slice(0, 3))
      expect(await queuedIds(store, 'ada', ids[2])).toEqual(ids.slice(3))
      expect(await queuedIds(store, 'ada', idOf(9))).toEqual([])
      expect(await queuedIds(store, 'bob')).toEqual([])
      expect(await store.queued('other', 'ada', undefined, 10)).toEqual([])
    })

    test('is as it was put there: for one device, and with binary', async () => {
      const { store, now } = await make()
      const queued = one(idOf(1), now() + HOUR_MS, { device_id: 'phone', data: { bytes: Buffer.from([1, 2]) } })
      await store.apply([enqueue(queued), enqueue({ ...queued, user_id: 'bob', tenant_id: 'other', data: null })])
      const [found] = await store.queued('acme', 'ada', undefined, 10)
      expect(found).toMatchObject({ device_id: 'phone', user_id: 'ada', created_at: 1_000 })
      expect([...((found?.data as { bytes: Uint8Array } | undefined)?.bytes ?? [])]).toEqual([1, 2])
      expect(await store.queued('other', 'bob', undefined, 10)).toMatchObject([{ tenant_id: 'other', data: null }])
    })

    test('does not change when the same id comes again', async () => {
      const { store, now } = await make()
      const first = one(idOf(1), now() + HOUR_MS)
      await store.apply([enqueue(first), enqueue(one(idOf(2), now() + HOUR_MS))])
      await store.apply([enqueue({ ...first, data: 'another', expires_at: now() + 1 }, 1)])
      expect(await store.queued('acme', 'ada', undefined, 1)).toEqual([first])
      expect(await queuedIds(store)).toHaveLength(2)
    })

    test('lets the oldest go where there is too much of it, of that user alone', async () => {
      const { store, now } = await make()
      const expires_at = now() + HOUR_MS
      const ids = Array.from({ length: 6 }, (_, n) => idOf(n))
      const put = (n: number, most: number) => enqueue(one(ids[n] as string, expires_at), most)
      await store.apply([enqueue(one(idOf(0), expires_at, { user_id: 'bob' }))])
      await store.apply([1, 2, 3, 4].map((n) => put(n, 3)))
      expect(await queuedIds(store)).toEqual(ids.slice(2, 5))
      await store.apply([put(0, 3)])
      expect(await queuedIds(store)).toEqual(ids.slice(2, 5))
      await store.apply([put(5, 1)])
      expect(await queuedIds(store)).toEqual(ids.slice(5))
      expect(await queuedIds(store, 'bob')).toHaveLength(1)
    })

    test('counts only what has not expired where there might be too much of it', async () => {
      const { store, now, pass } = await make()
      const ids = Array.from({ length: 4 }, (_, n) => idOf(n)) as [string, string, string, string]
      await store.apply([
        enqueue(one(ids[0], now() + HOUR_MS)),
        enqueue(one(ids[1], now() + 10)),
        enqueue(one(ids[2], now() + 10)),
      ])
      await pass(10)
      await store.apply([enqueue(one(ids[3], now() + HOUR_MS), 2)])
      expect(await queuedIds(store)).toEqual([ids[0], ids[3]])
    })

    test('is left out when it has expired, before and after it is forgotten', async () => {
      const { store, now, pass } = await make()
      const [short, long] = [idOf(1), idOf(2)]
      await store.apply([enqueue(one(short, now() + 1_000)), enqueue(one(long, now() + 2_000))])
      await pass(999)
      expect(await queuedIds(store, 'ada', undefined, 1)).toEqual([short])
      await pass(1)
      expect(await queuedIds(store, 'ada', undefined, 1)).toEqual([long])
      expect(await store.forget(now(), 10)).toBe(1)
      expect(await queuedIds(store)).toEqual([long])
    })

    test('is taken once and by its user, and twice does no harm', async () => {
      const { store, now } = await make()
      const [first, second] = [idOf(1), idOf(2)]
      await store.apply([first, second].map((id) => enqueue(one(id, now() + HOUR_MS))))
      await store.apply([dequeue('bob', first), { ...dequeue('ada', first), tenant_id: 'other' } as Change])
      expect(await queuedIds(store)).toEqual([first, second])
      await store.apply([dequeue('ada', first)])
      await store.apply([dequeue('ada', first), dequeue('ada', 'never')])
      expect(await queuedIds(store)).toEqual([second])
    })

    test('is put there and taken in the order that was said', async () => {
      const { store, now } = await make()
      const [first, second] = [idOf(1), idOf(2)]
      const put = (id: string) => enqueue(one(id, now() + HOUR_MS))
      await store.apply([put(first), dequeue('ada', first), dequeue('ada', second), put(second)])
      expect(await queuedIds(store)).toEqual([second])
    })
  })

  describe(`${name} store: revocations`, () => {
    const revocation = (until: number, more: Partial<Revocation> = {}): Revocation => ({
      tenant_id: 'acme',
      what: 'session',
      subject: 's1',
      before: 0,
      until,
      ...more,
    })

    const revoke = (one: Revocation): Change => ({ do: 'revoke', revocation: one })

    /** In an order of their own. */
    const inForce = async (store: Store) =>
      (await store.revocations()).toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))

    test('of all tenants are in force until their time is over', async () => {
      const { store, now, pass } = await make()
      const short = revocation(now() + 1_000)
      const long = revocation(now() + 2_000, { tenant_id: 'other', what: 'all', subject: '', before: now() })
      await store.apply([revoke(short), revoke(long)])
      expect(await inForce(store)).toEqual([short, long])
      await pass(999)
      expect(await inForce(store)).toHaveLength(2)
      await pass(1)
      expect(await inForce(store)).toEqual([long])
    })

    test('of the same subject are one: the later of each time stands', async () => {
      const { store, now } = await make()
      const user = { what: 'user', subject: 'ada' } as const
      await store.apply([revoke(revocation(now() + 500, { ...user, before: 20 }))])
      await store.apply([
        revoke(revocation(now() + 900, { ...user, before: 10 })),
        revoke(revocation(now() + 100, { ...user, before: 30 })),
      ])
      expect(await inForce(store)).toEqual([revocation(now() + 900, { ...user, before: 30 })])
    })

    test('of another subject, sort or tenant do not meet', async () => {
      const { store, now } = await make()
      const all = [
        revocation(now() + 1),
        revocation(now() + 2, { subject: 's2' }),
        revocation(now() + 3, { what: 'token' }),
        revocation(now() + 4, { tenant_id: 'other' }),
      ]
      await store.apply(all.map(revoke))
      expect(await inForce(store)).toHaveLength(4)
    })

    test('may stand for ever, and at times that are no whole milliseconds', async () => {
      const { log, store, now } = await make()
      const all = [
        revocation(Number.POSITIVE_INFINITY),
        revocation(now() + 1_000.25, { subject: 's2', before: now() - 0.5 }),
      ]
      await Promise.all([store.apply(all.map(revoke)), say(log, 'a', 'meanwhile')])
      expect((await store.revocations()).toSorted((one, other) => other.until - one.until)).toEqual(all)
    })
  })

  describe(`${name} store: forgetting`, () => {
    const expired = (n: number, expires_at: number): readonly Change[] => [
      {
        do: 'enqueue',
        most: 100,
        queued: {
          id: newId(1_000 + n),
          tenant_id: 'acme',
          user_id: 'ada',
          device_id: undefined,
          action: 'notification',
          data: n,
          created_at: 0,
          expires_at,
        },
      },
      {
        do: 'revoke',
        revocation: { tenant_id: 'acme', what: 'token', subject: `t${n}`, before: 0, until: expires_at },
      },
    ]

    test('takes what has expired by then, so many of each at once, and says how many there were', async () => {
      const { store, now } = await make()
      await store.apply([1, 2, 3, 4, 5].flatMap((n) => expired(n, now() + n)))
      expect(await store.forget(now(), 10)).toBe(0)
      expect(await store.forget(now() + 3, 2)).toBe(4)
      expect(await store.forget(now() + 3, 2)).toBe(2)
      expect(await store.forget(now() + 3, 2)).toBe(0)
      expect(await store.queued('acme', 'ada', undefined, 10)).toMatchObject([{ data: 4 }, { data: 5 }])
      expect(await store.revocations()).toHaveLength(2)
    })
  })
}
