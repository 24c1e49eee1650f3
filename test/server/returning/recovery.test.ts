import { describe, expect, test } from 'bun:test'
import type { Service } from '../../../src/service.ts'
import { type Client, client, count, folder, running, seqs, stock, tokenOf } from '../../support/running.ts'

const room_id = 'lobby'
/** Pings come often, so that what has arrived is known soon. */
const SETTINGS = { RATE_LIMITS: 'off', SOCKET_PING_INTERVAL: '20' }

/** Stock, on a device, and left alone. */
const onDevice = (url: string, user: string, device_id = 'phone', more: Record<string, unknown> = {}) =>
  client(url, user, {}, { auth: { device_id, ...more } })

function neverPongs({ io }: Client) {
  const engine = io.engine as unknown as { _sendPacket(type: string, ...rest: unknown[]): void }
  const send = engine._sendPacket
  engine._sendPacket = (type, ...rest) => void (type !== 'pong' && send.call(engine, type, ...rest))
}

/** The second ping comes after the answer to the first: what was told before that has arrived for certain. */
async function settledOn(socket: Client) {
  for (let pings = 0; pings < 3; pings++) await new Promise<void>((then) => void socket.io.once('ping', then))
}

async function talk(ada: Client, from: number, to: number, room = room_id) {
  for (const n of count(from, to)) await ada.ask('message:send', { room_id: room, content: { text: `${n}` } })
}

const away = (socket: Client) =>
  new Promise<void>((then) => {
    socket.once('disconnect', () => then())
    socket.disconnect()
  })

/** Bob, whose phone was up to date for certain, and is away. */
async function dropped(url: string): Promise<Client> {
  const bob = await onDevice(url, 'bob')
  await settledOn(bob)
  await away(bob)
  return bob
}

/** What the client hears from its return on. */
async function back(socket: Client): Promise<{ recovered: boolean; rooms: object[] }> {
  socket.heard.length = 0
  socket.connect()
  const { rooms } = await socket.hears('state_sync')
  const { recovered } = await socket.hears('authenticated')
  return { recovered, rooms }
}

async function lobby(url: string): Promise<Client> {
  const ada = await client(url, 'ada')
  await ada.ask('room:create', { room_id, kind: 'group', members: ['bob'] })
  return ada
}

async function setting(more: Record<string, string> = {}): Promise<{ url: string; ada: Client; service: Service }> {
  const service = await running({ ...SETTINGS, ...more })
  return { url: service.url, ada: await lobby(service.url), service }
}

describe('a stock client on a device', () => {
  test('comes back to its rooms, and to all it missed in them, before anything newer', async () => {
    const { url, ada } = await setting()
    const bob = await onDevice(url, 'bob')
    await settledOn(bob)
    await talk(ada, 1, 3)
    await away(bob)
    await talk(ada, 4, 6)
    expect(await back(bob)).toMatchObject({ recovered: true, rooms: [{ room_id, attach_seq: 7 }] })
    await talk(ada, 7, 7)
    await bob.hears('message_new', ({ seq }) => seq === 8)
    const heard = seqs(bob, room_id)
    expect(heard).toEqual(count(heard[0] as number, 8))
    expect(heard[0]).toBeLessThanOrEqual(5)
  })

  test('comes back also where it drops as soon as it is there', async () => {
    const { url, ada } = await setting({ SOCKET_PING_INTERVAL: '25000' })
    const bob = await onDevice(url, 'bob')
    for (const _ of count(1, 2)) await bob.ask('room:list') // answered after a ping, and asked after its pong
    await talk(ada, 1, 2)
    await away(bob)
    await talk(ada, 3, 4)
    expect(await back(bob)).toMatchObject({ recovered: true })
    expect(seqs(bob, room_id)).toEqual(count(2, 5))
  })

  test('comes back in the same way over long polling', async () => {
    const { url, ada } = await setting()
    const bob = await client(url, 'bob', {}, { auth: { device_id: 'phone' }, transports: ['polling'] })
    await settledOn(bob)
    await talk(ada, 1, 3)
    await away(bob)
    await talk(ada, 4, 6)
    expect(await back(bob)).toMatchObject({ recovered: true })
    const heard = seqs(bob, room_id)
    expect(heard).toEqual(count(heard[0] as number, 7))
    expect(heard[0]).toBeLessThanOrEqual(5)
  })

  test('comes back to `/` on the connection that another namespace kept open', async () => {
    const { url, ada } = await setting()
    const bob = await onDevice(url, 'bob')
    const other = bob.io.socket('/notification', { auth: bob.auth as object })
    await new Promise<void>((then) => void other.once('authenticated', () => then()))
    await settledOn(bob)
    const { engine } = bob.io
    for (const n of count(1, 3)) {
      await away(bob)
      await talk(ada, n, n)
      expect(await back(bob)).toMatchObject({ recovered: true })
      expect(seqs(bob, room_id)).toContain(n + 1)
      await bob.ask('message:delivered', { room_id, seq: n + 1 })
    }
    expect(bob.io.engine).toBe(engine)
    other.disconnect()
  })

  test('comes back to a room that it had only subscribed', async () => {
    const { url, ada } = await setting()
    await ada.ask('room:create', { room_id: 'square', kind: 'group', visibility: 'public' })
    const bob = await onDevice(url, 'bob')
    await settledOn(bob)
    await bob.ask('room:subscribe', { room_id: 'square' })
    await away(bob)
    await talk(ada, 1, 2, 'square')
    expect(await back(bob)).toMatchObject({ recovered: true })
    expect(seqs(bob, 'square')).toEqual([2, 3])
  })

  test('that left such a room does not come back to it', async () => {
    const { url, ada } = await setting()
    await ada.ask('room:create', { room_id: 'square', kind: 'group', visibility: 'public' })
    const bob = await onDevice(url, 'bob')
    await settledOn(bob)
    await bob.ask('room:subscribe', { room_id: 'square' })
    await bob.ask('room:unsubscribe', { room_id: 'square' })
    await away(bob)
    await talk(ada, 1, 2, 'square')
    expect(await back(bob)).toMatchObject({ recovered: true })
    expect(seqs(bob, 'square')).toEqual([])
  })

  test('of a room that it may not hear any more misses nothing', async () => {
    const { url, ada } = await setting()
    const bob = await dropped(url)
    await ada.ask('room:kick', { room_id, user_id: 'bob' })
    expect(await back(bob)).toEqual({ recovered: true, rooms: [] })
    expect(seqs(bob, room_id)).toEqual([])
  })

  test('repeats nothing that it has acknowledged', async () => {
    const { url, ada } = await setting()
    const bob = await onDevice(url, 'bob')
    await settledOn(bob)
    await talk(ada, 1, 3)
    await bob.hears('message_new', ({ seq }) => seq === 4)
    await bob.ask('message:delivered', { room_id, seq: 3 })
    await away(bob)
    await talk(ada, 4, 4)
    expect(await back(bob)).toMatchObject({ recovered: true })
    expect(seqs(bob, room_id)).toEqual([4, 5])
    await bob.ask('message:read', { room_id, seq: 5 })
    await away(bob)
    expect(await back(bob)).toMatchObject({ recovered: true })
    expect(seqs(bob, room_id)).toEqual([])
  })

  test('repeats carry the message_id that they came with first', async () => {
    const { url, ada } = await setting()
    const bob = await onDevice(url, 'bob')
    await settledOn(bob)
    await talk(ada, 1, 1)
    const { message } = await bob.hears('message_new')
    await away(bob)
    await back(bob)
    expect((await bob.hears('message_new')).message).toEqual(message)
  })

  test.each([
    ['on the same server', false],
    ['on a server started anew', true],
  ])('that never came so far as to know where it began anew is not recovered, %s', async (_, anew) => {
    const data = await folder()
    const first = await running({ ...SETTINGS, SOCKET_PING_INTERVAL: '25000' }, data)
    const bob = stock(first.url, { auth: { token: await tokenOf('bob'), device_id: 'phone' } })
    neverPongs(bob)
    await bob.hears('state_sync')
    await away(bob)
    if (anew) await first.stop()
    const next = anew ? await running(SETTINGS, data) : first
    const again = await onDevice(next.url, 'bob')
    expect(await again.hears('authenticated')).toMatchObject({ recovered: false })
  })

  test('that is dropped again and again, also on its way back, misses nothing', async () => {
    const { url, ada, service } = await setting()
    const bob = await onDevice(url, 'bob')
    await settledOn(bob)
    const drop = () => {
      for (const { conn, data } of service.io.of('/').sockets.values()) if (data.user_id === 'bob') conn.close()
    }
    for (const n of count(1, 30)) {
      await talk(ada, n, n)
      drop()
      await new Promise<void>((then) => void bob.once('connect', then))
    }
    await bob.hears('message_new', ({ seq }) => seq === 31)
    expect([...new Set(seqs(bob, room_id))].toSorted((one, other) => one - other)).toEqual(count(2, 31))
    const [, ...returns] = bob.heard.filter(({ name }) => name === 'authenticated')
    expect(returns.filter(({ data }) => !data.recovered)).toEqual([])
  })

  test('comes back after the service was stopped and started anew', async () => {
    const data = await folder()
    const first = await running(SETTINGS, data)
    const ada = await lobby(first.url)
    const bob = await onDevice(first.url, 'bob')
    await settledOn(bob)
    await talk(ada, 1, 3)
    await first.stop()
    const next = await running(SETTINGS, data)
    await talk(await client(next.url, 'ada'), 4, 5)
    const again = await onDevice(next.url, 'bob', 'phone')
    expect(await again.hears('authenticated')).toMatchObject({ recovered: true })
    const heard = seqs(again, room_id)
    expect(heard).toEqual(count(heard[0] as number, 6))
    expect(heard[0]).toBeLessThanOrEqual(5)
  })
})

describe('not recovered, but up to date, is', () => {
  test('who is away for longer than SOCKET_RECOVERY_WINDOW', async () => {
    const { url, ada } = await setting({ SOCKET_RECOVERY_WINDOW: '1' })
    const bob = await dropped(url)
    await talk(ada, 1, 2)
    expect(await back(bob)).toMatchObject({ recovered: false, rooms: [{ room_id, attach_seq: 3 }] })
    expect(seqs(bob, room_id)).toEqual([])
  })

  test('anyone, where SOCKET_RECOVERY_WINDOW is 0', async () => {
    const { url } = await setting({ SOCKET_RECOVERY_WINDOW: '0' })
    const bob = await dropped(url)
    expect(await back(bob)).toMatchObject({ recovered: false })
  })

  test('an anonymous device', async () => {
    const { url } = await setting()
    const bob = await client(url, 'bob')
    await settledOn(bob)
    await away(bob)
    expect(await back(bob)).toMatchObject({ recovered: false })
  })

  test('who names a connection that nobody knows', async () => {
    const { url } = await setting()
    await dropped(url)
    const other = await onDevice(url, 'bob', 'phone', { pid: 'another' })
    expect(await other.hears('authenticated')).toMatchObject({ recovered: false })
  })

  test('another user on a device of the same name', async () => {
    const { url } = await setting()
    await dropped(url)
    const eve = await onDevice(url, 'eve')
    expect(await eve.hears('authenticated')).toMatchObject({ recovered: false })
  })
})

describe('a device', () => {
  test('whose old connection is not found dead yet comes back to where that one is, which is closed', async () => {
    const { url, ada } = await setting()
    const old = await onDevice(url, 'bob')
    await settledOn(old)
    await talk(ada, 1, 2)
    const gone = new Promise((then) => old.once('disconnect', then))
    old.io.reconnection(false)
    const bob = await onDevice(url, 'bob', 'phone', { pid: old.id })
    expect(await bob.hears('authenticated')).toMatchObject({ recovered: true })
    expect(await gone).toBe('transport close')
    await talk(ada, 3, 3)
    await bob.hears('message_new', ({ seq }) => seq === 4)
    const heard = seqs(bob, room_id)
    expect(heard).toEqual(count(heard[0] as number, 4))
    expect(heard[0]).toBeLessThanOrEqual(3)
  })

  test('with two tabs brings each back to where it was itself', async () => {
    const { url, ada } = await setting()
    const [one, other] = [await onDevice(url, 'bob'), await onDevice(url, 'bob')]
    await Promise.all([settledOn(one), settledOn(other)])
    await away(one)
    await talk(ada, 1, 2)
    await other.hears('message_new', ({ seq }) => seq === 3)
    await other.ask('message:delivered', { room_id, seq: 3 })
    await away(other)
    expect(await back(other)).toMatchObject({ recovered: true })
    expect(seqs(other, room_id)).toEqual([])
    expect(await back(one)).toMatchObject({ recovered: true })
    expect(seqs(one, room_id)).toEqual([2, 3])
  })

  test('with two clients, of which one does not say which it was, gives that one the least that any has', async () => {
    const { url, ada } = await setting()
    const [one, other] = [await onDevice(url, 'bob'), await onDevice(url, 'bob')]
    await Promise.all([settledOn(one), settledOn(other)])
    await away(one)
    await talk(ada, 1, 2)
    await other.hears('message_new', ({ seq }) => seq === 3)
    await other.ask('message:delivered', { room_id, seq: 3 })
    const third = await onDevice(url, 'bob')
    expect(await third.hears('authenticated')).toMatchObject({ recovered: true })
    expect(seqs(third, room_id)).toEqual([2, 3])
  })
})

describe('positions that a stock client set once', () => {
  test('are repeated from, and what it came into since is not left out', async () => {
    const { url, ada } = await setting()
    const { epoch } = await ada.hears('room_joined')
    const bob = await onDevice(url, 'bob', 'phone', { positions: { [room_id]: { epoch, seq: 1 } } })
    await ada.ask('room:create', { room_id: 'later', kind: 'group', members: ['bob'] })
    await bob.hears('room_joined')
    await settledOn(bob)
    await talk(ada, 1, 2)
    await away(bob)
    await talk(ada, 3, 3)
    await talk(ada, 1, 2, 'later')
    expect(await back(bob)).toMatchObject({ recovered: true })
    expect(seqs(bob, room_id)).toEqual([2, 3, 4])
    expect(seqs(bob, 'later')).toEqual([2, 3])
  })
})

test('history is read once a room, however many come back to it at once', async () => {
  const rooms = count(1, 4).map((n) => `room-${n}`)
  const { url, ada } = await setting()
  const users = count(1, 60).map((n) => `user-${n}`)
  for (const room of rooms) await ada.ask('room:create', { room_id: room, kind: 'group', members: users })
  const all = await Promise.all(users.map((user) => onDevice(url, user)))
  await Promise.all(all.map(settledOn))
  await Promise.all(all.map(away))
  for (const room of rooms) await talk(ada, 1, 5, room)
  const before = await replayReads(url)
  const returns = await Promise.all(all.map(back))
  expect(returns.filter(({ recovered }) => !recovered)).toEqual([])
  for (const socket of all) for (const room of rooms) expect(seqs(socket, room)).toEqual(count(2, 6))
  expect((await replayReads(url)) - before).toBe(rooms.length)
}, 20_000)

async function replayReads(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^parley_replay_reads\S* (\d+)$/m.exec(text)?.[1])
}
