// Random doings, the same to two worlds: whatever is asked afterwards, both must answer alike.
import { expect } from 'bun:test'
import { type Appended, Stale } from '../../src/ports/log.ts'
import type { Change, Room, Store } from '../../src/ports/store.ts'
import type { Draft, Entry } from '../../src/protocol/entry.ts'
import { Failure } from '../../src/protocol/failure.ts'
import { draft, pagesFor, state, type Under } from './world.ts'

const ROOMS = ['a', 'b', '__proto__', 'née/🙂'] as const
const USERS = ['ada', 'bob', 'eve', '__proto__'] as const
const DEVICES = ['phone', 'laptop'] as const
const EMOJI = ['👍', '🎉', 'constructor'] as const

/** Numbers that look random, and are the same for the same seed. */
export function chances(seed: number) {
  let at = seed
  const next = () => {
    at = (at + 0x6d2b79f5) | 0
    let mixed = Math.imul(at ^ (at >>> 15), 1 | at)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (count: number) => Math.floor(next() * count)
  return {
    below,
    one: <Item>(items: readonly Item[]) => items[below(items.length)] as Item,
    in: (chance: number) => next() < chance,
  }
}
type Chances = ReturnType<typeof chances>

/** Every room has a log, so that what is done to messages is done to something. */
export async function begun({ log }: Under) {
  for (const room of ROOMS) await log.append(room, 'first', draft('first'))
}

/** What is done to a world; the answer leaves out what is by chance or by name another in each. */
export type Doing = (under: Under) => Promise<unknown>

export function someDoing(chance: Chances, now: number): Doing {
  const room = chance.one(ROOMS)
  const kind = chance.below(10)
  if (kind < 6) return append(chance, room, now)
  if (kind < 8) return apply(Array.from({ length: 1 + chance.below(3) }, () => someChange(chance, room)))
  if (kind < 9) return apply(Array.from({ length: 1 + chance.below(6) }, () => somethingOfPeople(chance, now)))
  return (under) => under.log.heads([...ROOMS]).then((heads) => heads.length)
}

function append(chance: Chances, room: string, now: number): Doing {
  const key = `key-${chance.below(200)}`
  const audience = chance.in(0.2) ? [chance.one(USERS), chance.one(USERS)] : undefined
  // one key, one body: whether a body is gone already when its key comes again is a matter of when it is committed
  const said: Draft = draft(key, {
    action: chance.in(0.7) ? 'message_new' : 'room_updated',
    kept: { sender_id: chance.one(USERS) },
    audience,
    expires_at: chance.in(0.2) ? now + chance.below(5_000) : undefined,
  })
  const along = {
    asked: true,
    touches: chance.in(0.2) ? ['room'] : [],
    redacts: chance.in(0.15) ? [1 + chance.below(30), 1 + chance.below(30)] : [],
    changes: Array.from({ length: chance.below(3) }, () =>
      chance.in(0.2) ? somethingOfPeople(chance, now) : someChange(chance, chance.one([room, chance.one(ROOMS)])),
    ),
    ...(chance.in(0.2) && { since: { room: chance.below(12) } }),
  }
  return ({ log }) => log.append(room, key, said, along).then(answered, refusal)
}

/** Without the body: it may be gone by the time of the answer. */
const answered = ({ entry: { seq, at, kept }, duplicate }: Appended) => ({ seq, at, kept, duplicate })

const apply =
  (changes: readonly Change[]): Doing =>
  ({ store }) =>
    store.apply(changes)

function someChange(chance: Chances, room: string): Change {
  const user_id = chance.one(USERS)
  const seq = 1 + chance.below(30)
  const number = chance.below(30)
  return chance.one<() => Change>([
    () => ({ do: 'set_room', room, state: state(room, { version: number, retention_s: chance.one([undefined, 60]) }) }),
    () => ({ do: 'set_member', room, user_id, role: chance.one(['member', 'owner']), joined_at: number }),
    () => ({ do: 'set_member', room, user_id, role: 'viewer', joined_at: number }),
    () => ({ do: 'drop_member', room, user_id }),
    () => ({ do: 'invite', room, user_id, by: 'ada', at: number }),
    () => ({ do: 'uninvite', room, user_id }),
    () => ({
      do: 'edit_message',
      room,
      seq,
      body: { content: { text: `edit ${number}` } },
      version: number,
      edited_at: 1,
    }),
    () => ({ do: 'delete_message', room, seq }),
    () => ({ do: 'react', room, seq, user_id, emoji: chance.one(EMOJI), op: chance.in(0.7) ? 'add' : 'remove' }),
    () => ({ do: 'receipt', room, user_id, read_seq: number }),
    () => ({ do: 'receipt', room, user_id, delivered_seq: number }),
    () => (chance.in(0.2) ? { do: 'drop_room', room } : { do: 'uninvite', room, user_id }),
  ])()
}

function somethingOfPeople(chance: Chances, now: number): Change {
  const whose = { tenant_id: 'acme', user_id: chance.one(USERS) }
  const device_id = chance.one(DEVICES)
  const number = chance.below(30)
  const later = now + chance.below(5_000)
  const id = `id-${String(number).padStart(2, '0')}`
  return chance.one<() => Change>([
    () => ({ do: 'set_device', ...whose, device: { device_id, name: id, platform: undefined, last_seen_at: number } }),
    () => ({ do: 'see_device', ...whose, device: { device_id, name: id, platform: undefined, last_seen_at: number } }),
    () => ({ do: 'drop_device', ...whose, device_id }),
    () => ({
      do: 'set_checkpoint',
      ...whose,
      device_id,
      checkpoint: { at: number, connected: true, clients: [], positions: { a: { epoch: 'e', seq: number } } },
    }),
    () => ({ do: 'set_presence', ...whose, presence: { status: 'dnd', text: id, expires_at: later } }),
    () => ({
      do: 'enqueue',
      queued: { ...whose, id, device_id, action: 'notification', data: number, created_at: now, expires_at: later },
      most: 1 + chance.below(6),
    }),
    () => ({ do: 'dequeue', ...whose, id }),
    () => ({
      do: 'revoke',
      revocation: { tenant_id: 'acme', what: 'user', subject: whose.user_id, before: number, until: later },
    }),
  ])()
}

/** Shortens the logs; never together with something else, so that both do the same. */
export async function shorten(chance: Chances, one: Under, other: Under) {
  const room = chance.one(ROOMS)
  const before = one.now() - chance.below(4_000)
  const limit = 1 + chance.below(20)
  expect(await one.log.cut(room, before, limit)).toBe(await other.log.cut(room, before, limit))
  expect(await one.log.expire(one.now(), 1_000)).toBe(await other.log.expire(one.now(), 1_000))
  expect(await one.store.forget(one.now(), 1_000)).toBe(await other.store.forget(one.now(), 1_000))
}

/** All there is to know of a world. */
export async function knownOf({ log, store }: Under) {
  const rooms = ROOMS.map(async (room) => {
    const [head] = await log.heads([room])
    const entries = await log.read(room, { epoch: head?.epoch ?? '', seq: 0 }, 1_000)
    const messages = await Promise.all(entries.map(({ id }) => store.message(room, id)))
    const [sizes] = await store.sizes([room])
    return {
      seq: head?.seq,
      oneEpoch: entries.every(({ epoch }) => epoch === head?.epoch),
      entries: entries.map(plain),
      page: (await log.read(room, { epoch: head?.epoch ?? '', seq: 7 }, 5)).map(plain),
      messages: messages.map(
        (message) => message && { ...message, entry: plain(message.entry), reactions: [...message.reactions] },
      ),
      newest: (await store.history(room, { limit: 7 })).map(({ entry }) => entry.seq),
      before: (await store.history(room, { before_seq: 20, limit: 5 })).map(({ entry }) => entry.seq),
      after: (await store.history(room, { after_seq: 5, limit: 9 })).map(({ entry, version }) => [entry.seq, version]),
      readers: await Promise.all(USERS.map((user_id) => pagesFor(store, room, { limit: 4, for: user_id }))),
      unread: await Promise.all(USERS.map((user_id) => store.unread(room, user_id, 4, 12))),
      room: stateOf(await store.room(room)),
      members: await store.members(room, undefined, 10),
      invitations: await Promise.all(USERS.map((user_id) => store.invitation(room, user_id))),
      held: sizes?.messages,
    }
  })
  const joined = USERS.map(async (user_id) =>
    (await store.roomsOf('acme', user_id))
      .sort((one, other) => (one.room.room_id < other.room.room_id ? -1 : 1))
      .map(({ epoch: _, room, ...rest }) => ({ room: stateOf(room), ...rest })),
  )
  const known = {
    rooms: await Promise.all(rooms),
    joined: await Promise.all(joined),
    retained: (await store.retained()).map(({ room }) => room).sort(),
    people: await peopleOf(store),
  }
  return JSON.parse(JSON.stringify(known)) as unknown // no difference between undefined and not there
}

async function peopleOf(store: Store) {
  const each = USERS.map(async (user_id) => ({
    devices: await store.devices('acme', user_id),
    checkpoints: await Promise.all(DEVICES.map((device_id) => store.checkpoint('acme', user_id, device_id))),
    queued: await store.queued('acme', user_id, undefined, 100),
    page: await store.queued('acme', user_id, 'id-10', 3),
  }))
  const revoked = (await store.revocations()).sort((one, other) => (one.subject < other.subject ? -1 : 1))
  return { each: await Promise.all(each), presences: await store.presences('acme', USERS), revoked }
}

function refusal(error: unknown): string {
  if (error instanceof Stale) return 'stale'
  if (error instanceof Failure) return error.code
  throw error
}

const stateOf = (room: Room | undefined) => room && { ...room, epoch: undefined }

const plain = ({ id: _, epoch: __, ...entry }: Entry) => entry
