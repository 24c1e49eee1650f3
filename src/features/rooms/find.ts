import * as v from 'valibot'
import type { Joined } from '../../ports/store.ts'
import { SeqOrNone, UserId } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { lastSeq } from './making.ts'
import { Cursor, Limit, pageOf } from './page.ts'
import { InRoom, RoleName, RoomView, viewOf } from './room.ts'
import { anyone, memberOf, readerOf } from './rules.ts'

const rate = { take: 100, every_ms: 10_000 }

export const get = command({
  about: 'One room.',
  input: InRoom,
  output: v.object({ room: RoomView }),
  allow: readerOf,
  rate,

  async handle(ctx: Context, { room_id }) {
    const { room } = await ctx.standing(room_id)
    return { room: viewOf(room, room.member_count, await lastSeq(ctx, room_id)) }
  },
})

export const list = command({
  about: 'Your rooms, or with `public` those that anyone may join, by room id.',
  input: v.object({ cursor: Cursor, limit: Limit, public: v.optional(v.boolean(), false) }),
  output: v.object({ rooms: v.array(RoomView), next_cursor: Cursor }),
  allow: anyone,
  rate,

  async handle(ctx: Context, { cursor, limit, public: open }) {
    const found = open ? await openRooms(ctx, cursor, limit) : await ownRooms(ctx, cursor, limit)
    const { items, next_cursor } = pageOf(found, limit, ({ room }) => room.room_id)
    const shown = items.filter(({ room }) => !open || room.visibility === 'public')
    return { rooms: shown.map(({ room, last_seq }) => viewOf(room, room.member_count, last_seq)), next_cursor }
  },
})

const openRooms = (ctx: Context, after: string | undefined, limit: number) => ctx.store.rooms(after, limit + 1)

async function ownRooms(ctx: Context, after = '', limit: number): Promise<Joined[]> {
  const all = await ctx.store.roomsOf(ctx.userId)
  const byId = all.sort((one, other) => (one.room.room_id < other.room.room_id ? -1 : 1))
  return byId.filter(({ room }) => room.room_id > after).slice(0, limit + 1)
}

const MemberView = v.object({
  user_id: UserId,
  role: RoleName,
  joined_at: v.number(),
  read_seq: SeqOrNone,
  delivered_seq: SeqOrNone,
})

export const members = command({
  about: 'Who is in a room, and how far each has read, by user id.',
  input: v.object({ ...InRoom.entries, cursor: Cursor, limit: Limit }),
  output: v.object({ members: v.array(MemberView), next_cursor: Cursor }),
  allow: memberOf,
  rate,

  async handle(ctx: Context, { room_id, cursor, limit }) {
    const found = await ctx.store.members(ctx.place(room_id), cursor, limit + 1)
    const { items, next_cursor } = pageOf(found, limit, ({ user_id }) => user_id)
    return { members: items.map(({ joined_seq: _, ...shown }) => shown), next_cursor }
  },
})
