import type { HistoryWhere, Joined, Member, Message, Room, Scheduled, Store } from '../../ports/store.ts'
import type { Entry } from '../../protocol/entry.ts'
import { keyOf, seqOf } from '../../protocol/ids.ts'
import { changing } from './changing.ts'
import { byBytes } from './order.ts'
import { type People, peopleOf } from './people.ts'
import { asOf, type Held, type Rooms } from './rooms.ts'

export interface Tables {
  readonly rooms: Rooms
  readonly people: People
  readonly scheduled: Map<string, Scheduled>
}

export function memoryStore(clock: { now(): number }, tables: Tables): Store {
  const { rooms, people, scheduled } = tables
  const change = changing(tables, clock)

  function joined(held: Held, member?: Member): Joined[] {
    const room = roomOf(held)
    if (!room) return []
    const updated_at = held.seq > 0 ? held.at : room.created_at
    return [{ room, member, epoch: held.epoch, last_seq: held.seq, updated_at }]
  }

  const messages = (name: string) =>
    [...rooms.get(name).entries.values()].filter(({ action }) => action === 'message_new')

  return {
    apply: async (changes) => {
      for (const one of changes) change(one, undefined)
    },
    room: async (name) => roomOf(rooms.get(name)),
    member: async (name, user_id) => rooms.get(name).members.get(user_id),
    members: async (name, after, limit) =>
      page([...rooms.get(name).members.values()], ({ user_id }) => user_id, after, limit),
    invitation: async (name, user_id) => rooms.get(name).invitations.get(user_id),
    roomsOf: async (tenant_id, user_id) =>
      [...rooms.all()].flatMap(([, held]) => {
        const member = held.members.get(user_id)
        return member && held.state?.tenant_id === tenant_id ? joined(held, member) : []
      }),
    rooms: async (tenant_id, after, limit) => {
      const all = [...rooms.all()].filter(([, { state }]) => state?.tenant_id === tenant_id)
      return page(
        all.flatMap(([, held]) => joined(held)),
        ({ room }) => room.room_id,
        after,
        limit,
      )
    },
    sizes: async (names) =>
      names.map((name) => ({
        messages: messages(name).length,
        bytes: [...rooms.get(name).entries.values()].reduce((sum, entry) => sum + JSON.stringify(entry).length, 0),
      })),
    retained: async () =>
      [...rooms.all()].flatMap(([room, { state }]) =>
        state?.retention_s === undefined ? [] : [{ room, retention_s: state.retention_s }],
      ),
    message: async (name, id) => {
      const held = rooms.get(name)
      const entry = held.entries.get(seqOf(id))
      return entry?.id === id && entry.action === 'message_new' ? messageOf(held, entry, clock.now()) : undefined
    },
    history: async (name, where) => {
      const held = rooms.get(name)
      const all = messages(name).filter(({ audience }) => !where.for || (audience?.includes(where.for) ?? true))
      return nearest(all, where).map((entry) => messageOf(held, entry, clock.now()))
    },
    unread: async (name, user_id, after_seq, most) =>
      messages(name)
        .filter((entry) => entry.seq > after_seq && isNews(entry, user_id))
        .slice(0, most).length,
    devices: async (tenant_id, user_id) =>
      page([...(people.devices.get(keyOf(tenant_id, user_id))?.values() ?? [])], ({ device_id }) => device_id),
    scheduled: async (tenant_id, scheduled_id) => scheduled.get(keyOf(tenant_id, scheduled_id)),
    due: async (now, limit) =>
      [...scheduled.values()]
        .filter(({ deliver_at }) => deliver_at <= now)
        .sort((one, other) => one.deliver_at - other.deliver_at)
        .slice(0, limit),
    ...peopleOf(people, clock),
  }
}

function roomOf({ state, members, epoch, touched }: Held): Room | undefined {
  return state && { ...state, member_count: members.size, epoch, touched: touched.get('room') ?? 0 }
}

function messageOf(held: Held, first: Entry, now: number): Message {
  const entry = asOf(first, now)
  const { edited, deleted = false, edits = [], reactions = [] } = held.overlays.get(first.seq) ?? {}
  const expired = (first.expires_at ?? Number.POSITIVE_INFINITY) <= now
  const gone = deleted || first.redacted_at !== undefined || expired
  const byEmoji = new Map<string, string[]>()
  for (const { emoji, user_id } of reactions) byEmoji.set(emoji, [...(byEmoji.get(emoji) ?? []), user_id])
  return {
    entry,
    body: gone ? undefined : edited ? edited.body : entry.body,
    version: edited?.version ?? 1,
    edited_at: edited?.at,
    reactions: byEmoji,
    edits: [...edits],
    touched: held.touched.get(first.id) ?? first.seq,
  }
}

function nearest(entries: Entry[], { before_seq, after_seq, limit }: HistoryWhere): Entry[] {
  const within = entries.filter(({ seq }) => seq > (after_seq ?? 0) && seq < (before_seq ?? Number.POSITIVE_INFINITY))
  return after_seq === undefined ? within.slice(Math.max(0, within.length - limit)) : within.slice(0, limit)
}

function isNews({ kept, audience, redacted_at, expires_at, body }: Entry, user_id: string): boolean {
  const taken = redacted_at !== undefined || (expires_at !== undefined && body === undefined)
  const own = (kept as { sender_id?: unknown } | null | undefined)?.sender_id === user_id
  return !own && !taken && (audience?.includes(user_id) ?? true)
}

function page<Item>(items: Item[], nameOf: (item: Item) => string, after?: string, limit = items.length): Item[] {
  return items
    .filter((item) => after === undefined || byBytes(nameOf(item), after) > 0)
    .sort((one, other) => byBytes(nameOf(one), nameOf(other)))
    .slice(0, limit)
}
