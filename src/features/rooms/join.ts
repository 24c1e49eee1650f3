import * as v from 'valibot'
import type { Along } from '../../ports/log.ts'
import type { Change, Role } from '../../ports/store.ts'
import { Failure } from '../../protocol/failure.ts'
import { keyOf, SeqOrNone } from '../../protocol/ids.ts'
import { type Context, command, type Standing } from '../feature.ts'
import { QUIET_MEMBERS } from './caps.ts'
import { holdOpen, kinds } from './kinds.ts'
import { lastSeq, roomForOneMore } from './making.ts'
import { InRoom, inRoom, RoomView, roomMemberJoined, viewOf } from './room.ts'
import { anyone } from './rules.ts'

const Output = v.object({
  room: RoomView,
  epoch: v.string(),
  attach_seq: SeqOrNone,
  read_seq: SeqOrNone,
  member_count: v.number(),
})

export const join = command({
  about: 'Makes you a member, where the room is public, you were invited or your token grants it.',
  aliases: ['join_room'],
  input: InRoom,
  output: Output,
  allow: anyone,
  permission: true,
  ordered: inRoom,
  rate: { take: 100, every_ms: 60_000 },

  async handle(ctx: Context, { room_id }) {
    const standing = await ctx.standing(room_id)
    const role = standing.member ? undefined : await entitled(ctx, standing)
    if (role) await enroll(ctx, standing, role)
    const { epoch, seq } = await attach(ctx, room_id)
    const place = ctx.place(room_id)
    const [room, member] = await Promise.all([ctx.store.room(place), ctx.store.member(place, ctx.userId)])
    if (!room || !member) throw new Failure('not_found', 'The room is gone.')
    return {
      room: viewOf(room, room.member_count, await lastSeq(ctx, room_id)),
      epoch,
      attach_seq: seq,
      read_seq: member.read_seq,
      member_count: room.member_count,
    }
  },
})

/** Where the live stream of the caller's connection begins; without a connection, where the log stands. */
export async function attach(ctx: Context, room_id: string) {
  const { connection } = ctx.caller
  if (connection) return connection.enter(room_id)
  const [head] = await ctx.log.heads([room_id])
  if (!head) throw new Failure('not_found', 'The room is gone.')
  return head
}

/** As what one may come in; nothing where another device has joined meanwhile. */
async function entitled(ctx: Context, { room }: Standing): Promise<Role | undefined> {
  const { grants, permissions } = ctx.caller
  const granted = Object.hasOwn(grants, room.room_id) ? grants[room.room_id] : undefined
  if (granted) return granted
  if (room.visibility === 'public' || permissions.admin) return kinds[room.kind].guest
  if (await ctx.store.invitation(ctx.place(room.room_id), ctx.userId)) return kinds[room.kind].guest
  if (await ctx.store.member(ctx.place(room.room_id), ctx.userId)) return undefined
  throw new Failure('forbidden', 'This room is private, and you were not invited.')
}

async function enroll(ctx: Context, { room }: Standing, role: Role) {
  holdOpen(room.kind)
  const { members } = kinds[room.kind]
  if (room.member_count >= members) throw new Failure('forbidden', `This room takes ${members} members at most.`)
  await roomForOneMore(ctx, ctx.userId)
  const place = ctx.place(room.room_id)
  const changes: Change[] = [
    { do: 'set_member', room: place, user_id: ctx.userId, role, joined_at: ctx.now },
    { do: 'uninvite', room: place, user_id: ctx.userId },
  ]
  if (room.member_count >= QUIET_MEMBERS) await ctx.store.apply(changes)
  else await sayJoined(ctx, room.room_id, { user_id: ctx.userId, role }, { changes, numbered() {} })
  await ctx.follow([ctx.userId], room.room_id, ctx.caller.connection?.id)
}

/**
 * That someone is a member, or has another role. A joining touches nothing, since nobody may less for it: a thousand
 * can join at once. Who joins holds their lane until they are in, for what they send next is judged by that.
 */
export function sayJoined(ctx: Context, room_id: string, who: { user_id: string; role: Role }, along: Along) {
  const key = keyOf(ctx.userId, 'member', who.user_id, ctx.commandId)
  return ctx.log.append(room_id, key, roomMemberJoined, { kept: who }, along)
}
