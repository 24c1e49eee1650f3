import * as v from 'valibot'
import type { Change, Role, Room } from '../../ports/store.ts'
import { Failure } from '../../protocol/failure.ts'
import { keyOf, SeqOrNone } from '../../protocol/ids.ts'
import { type Context, command, type Standing } from '../feature.ts'
import { caps, QUIET_MEMBERS } from './caps.ts'
import { guestRole, lastSeq, roomForOneMore } from './create.ts'
import { InRoom, RoomView, roomMemberJoined, viewOf } from './room.ts'
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
  rate: { take: 100, every_ms: 60_000 },

  async handle(ctx: Context, { room_id }) {
    const standing = await ctx.standing(room_id)
    if (!standing.member) await enroll(ctx, standing, await entitled(ctx, standing))
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

async function entitled(ctx: Context, { room }: Standing): Promise<Role> {
  const { grants, permissions } = ctx.caller
  const granted = Object.hasOwn(grants, room.room_id) ? grants[room.room_id] : undefined
  if (granted) return granted
  if (room.visibility === 'public' || permissions.admin) return guestRole(room)
  if (await ctx.store.invitation(ctx.place(room.room_id), ctx.userId)) return guestRole(room)
  throw new Failure('forbidden', 'This room is private, and you were not invited.')
}

async function enroll(ctx: Context, { room }: Standing, role: Role) {
  if (room.kind !== 'channel' && room.member_count >= caps.members)
    throw new Failure('forbidden', `A room takes ${caps.members} members at most.`)
  await roomForOneMore(ctx, ctx.userId)
  const place = ctx.place(room.room_id)
  await setMember(ctx, room, ctx.userId, role, [{ do: 'uninvite', room: place, user_id: ctx.userId }])
  await ctx.follow([ctx.userId], room.room_id, ctx.caller.connection?.id)
}

/** Makes someone a member, or gives a member another role: in the log, where the room is not too large for that. */
export async function setMember(ctx: Context, room: Room, user_id: string, role: Role, more: Change[] = []) {
  const { room_id } = room
  const member: Change = { do: 'set_member', room: ctx.place(room_id), user_id, role, joined_at: ctx.now }
  const changes = [member, ...more]
  if (room.member_count >= QUIET_MEMBERS) return ctx.store.apply(changes)
  const key = keyOf(ctx.userId, 'member', user_id, ctx.commandId)
  await ctx.log.append(room_id, key, roomMemberJoined, { kept: { user_id, role } }, { changes, touches: ['room'] })
}
