import { describe, expect, test } from 'bun:test'
import { type Client, client, folder, running } from '../support/running.ts'

const room_id = 'lobby'
const PRESENCE = new Set(['user_presence', 'presence_summary'])
const presenceOf = ({ heard }: Client) => heard.filter(({ name }) => PRESENCE.has(name))

interface Told {
  readonly status?: string
  readonly text?: string
  readonly counts?: { readonly offline: number }
  readonly changed?: readonly Told[]
}

const users = (count: number) => Array.from({ length: count }, (_, n) => `user-${n}`)

/** So many users in one room, each of whom watches it. */
async function crowd(url: string, count: number): Promise<Client[]> {
  const names = users(count)
  const first = await client(url, 'user-0')
  await first.ask('room:create', { room_id, kind: 'group', members: names })
  const others = await Promise.all(names.slice(1).map((name) => client(url, name)))
  const all = [first, ...others]
  await Promise.all(all.map((one) => one.ask('presence:subscribe', { room_id })))
  return all
}

/** When all have heard that someone is busy, they have heard all that was told before. */
async function quiet(all: Client[], text: string) {
  await all[0]?.ask('presence:update', { status: 'dnd', text })
  const isIt = ({ changed, ...view }: Told) => (changed ?? [view]).some((one) => one.text === text)
  await Promise.all(all.map((one) => Promise.race([...PRESENCE].map((name) => one.hears(name, isIt)))))
}

const back = (one: Client) =>
  new Promise<void>(
    (done) => void one.once('state_sync', () => one.ask('presence:subscribe', { room_id }).then(() => done())),
  )

describe('presence of real clients', () => {
  test('60 who all drop and come back at once hear nothing of it', async () => {
    const { url } = await running({ RATE_LIMITS: 'off' })
    const all = await crowd(url, 60)
    await quiet(all, 'before')
    const before = all.map((one) => presenceOf(one).length)
    const returned = all.map(back)
    for (const one of all) one.io.engine.close()
    await Promise.all(returned)
    await quiet(all, 'after')
    const heard = all.map((one, n) => presenceOf(one).slice(before[n]))
    const names = new Set(heard.flatMap((events) => events.map(({ data }) => data.user_id)))
    expect([...names]).toEqual(['user-0'])
  }, 30_000)

  test('60 who sign out and in again cost each a few events, not one of each other', async () => {
    const { url } = await running({ RATE_LIMITS: 'off' })
    const all = await crowd(url, 60)
    await quiet(all, 'before')
    const before = all.map((one) => presenceOf(one).length)
    const watcher = all[0] as Client
    for (const one of all.slice(1)) one.disconnect()
    const isGone = ({ counts }: Told) => counts?.offline === 59
    await watcher.hears('presence_summary', isGone)
    const returned = all.slice(1).map(back)
    for (const one of all.slice(1)) one.connect()
    await Promise.all(returned)
    await quiet(all, 'after')
    const told = all.map((one, n) => presenceOf(one).length - (before[n] ?? 0))
    expect(Math.max(...told)).toBeLessThan(45)
    const last = await watcher.ask('presence:subscribe', { room_id })
    expect(last.presences.filter(({ status }: Told) => status === 'online')).toHaveLength(59)
  }, 30_000)

  test('a sign-out is told at once', async () => {
    const { url } = await running()
    const [ada, bob] = [await client(url, 'ada'), await client(url, 'bob')]
    await ada.ask('presence:subscribe', { user_ids: ['bob'] })
    bob.disconnect()
    expect(await ada.hears('user_presence', ({ status }) => status === 'offline')).toMatchObject({ user_id: 'bob' })
  })

  test('is away without a sign of its person, also when its client dropped and came back by itself', async () => {
    const { url } = await running({ PRESENCE_IDLE: '1000' })
    const [ada, bob] = [await client(url, 'ada'), await client(url, 'bob', { device_id: 'phone' })]
    await ada.ask('presence:subscribe', { user_ids: ['bob'] })
    await ada.hears('user_presence', ({ status }) => status === 'away')
    const synced = new Promise((done) => bob.once('state_sync', done))
    bob.io.engine.close()
    await synced
    const seen = async () => (await ada.ask('presence:subscribe', { user_ids: ['bob'] })).presences[0].status
    expect(await seen()).toBe('away')
    await bob.refused('typing:start', { room_id: 'nowhere' })
    expect(await seen()).toBe('online')
  })

  test('what one chose outlives the service; its end tells nobody that others went', async () => {
    const data = await folder()
    const first = await running({}, data)
    const [ada, bob] = [await client(first.url, 'ada'), await client(first.url, 'bob')]
    await ada.ask('presence:subscribe', { user_ids: ['bob'] })
    await bob.ask('presence:update', { status: 'dnd', text: 'writing', expires_in_s: 3_600 })
    await ada.hears('user_presence', ({ status }) => status === 'dnd')
    await first.stop()
    expect(presenceOf(ada).map(({ data: { status } }) => status)).not.toContain('offline')
    const second = await running({}, data)
    await client(second.url, 'bob')
    const again = await client(second.url, 'ada')
    const { presences } = await again.ask('presence:subscribe', { user_ids: ['bob'] })
    expect(presences).toMatchObject([{ user_id: 'bob', status: 'dnd', text: 'writing' }])
  })

  test('who is removed from a room hears no more of how its members are seen', async () => {
    const { url } = await running()
    const [ada, bob] = [await client(url, 'ada'), await client(url, 'bob')]
    await ada.ask('room:create', { room_id, kind: 'group', members: ['bob', 'cy'] })
    await bob.hears('room_joined')
    await ada.ask('presence:subscribe', { room_id })
    await bob.ask('presence:subscribe', { room_id })
    await ada.ask('room:kick', { room_id, user_id: 'bob' })
    await bob.hears('room_member_left')
    await client(url, 'cy')
    await ada.hears('user_presence', ({ user_id }) => user_id === 'cy')
    await bob.ask('presence:subscribe', { user_ids: ['ada'] })
    expect(presenceOf(bob).map(({ data: { user_id } }) => user_id)).not.toContain('cy')
    expect((await bob.refused('presence:subscribe', { room_id })).code).toBe('forbidden')
  })

  test('one’s own devices are told what was chosen on another', async () => {
    const { url } = await running()
    const [phone, desk] = [
      await client(url, 'ada', { device_id: 'phone' }),
      await client(url, 'ada', { device_id: 'desk' }),
    ]
    await phone.ask('presence:update', { status: 'offline', text: 'hiding' })
    expect(await desk.hears('user_presence')).toMatchObject({ user_id: 'ada', status: 'offline', text: 'hiding' })
  })
})

describe('typing of real clients', () => {
  test('ends on all devices with the message', async () => {
    const { url } = await running()
    const [ada, desk, bob] = [await client(url, 'ada'), await client(url, 'ada'), await client(url, 'bob')]
    await ada.ask('room:create', { room_id, kind: 'group', members: ['bob'] })
    await bob.hears('room_joined')
    await ada.ask('typing:start', { room_id })
    await bob.hears('user_typing', ({ typing }) => typing)
    await ada.ask('message:send', { room_id, content: { text: 'done' } })
    for (const one of [bob, desk]) {
      const stopped = await one.hears('user_typing', ({ typing }) => !typing)
      expect(stopped).toEqual({ room_id, user_id: 'ada', typing: false, typers: [], count: 0 })
    }
  })

  test('ends with the connection', async () => {
    const { url } = await running()
    const [ada, bob] = [await client(url, 'ada'), await client(url, 'bob')]
    await ada.ask('room:create', { room_id, kind: 'group', members: ['bob'] })
    await bob.hears('room_joined')
    await ada.ask('typing:start', { room_id })
    await bob.hears('user_typing', ({ typing }) => typing)
    ada.disconnect()
    expect(await bob.hears('user_typing', ({ typing }) => !typing)).toMatchObject({ user_id: 'ada', count: 0 })
  })
})
