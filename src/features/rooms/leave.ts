import type { Change, Room } from '../../ports/store.ts'
import { keyOf, Nothing } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { QUIET_MEMBERS } from './caps.ts'
import { holdOpen } from './kinds.ts'
import { InRoom, inRoom, roomMemberLeft } from './room.ts'
import { anyone } from './rules.ts'

export const leave = command({
  about: 'Ends your membership. Who is no member has nothing to leave, and is answered the same.',
  aliases: ['leave_room'],
  input: InRoom,
  output: Nothing,
  allow: anyone,
  permission: true,
  ordered: inRoom,
  rate: { take: 100, every_ms: 60_000 },

  async handle(ctx: Context, { room_id }) {
    const { room, member } = await ctx.standing(room_id)
    holdOpen(room.kind)
    if (member) await dropMember(ctx, room, ctx.userId, 'left')
    ctx.caller.connection?.leave(room_id)
    return {}
  },
})

/** What the log tells of it ends the live stream of their connections; in a room too large for that, this does. */
export async function dropMember(ctx: Context, room: Room, user_id: string, reason: 'left' | 'kicked') {
  const { room_id } = room
  const place = ctx.place(room_id)
  const changes: Change[] = [
    { do: 'drop_member', room: place, user_id },
    { do: 'uninvite', room: place, user_id }, // an older invitation does not let them in again
  ]
  if (room.member_count > QUIET_MEMBERS) {
    await ctx.store.apply(changes)
    return ctx.unfollow([user_id], room_id)
  }
  const key = keyOf(ctx.userId, reason, user_id, ctx.commandId)
  await ctx.log.append(room_id, key, roomMemberLeft, { kept: { user_id, reason } }, { changes, touches: ['room'] })
}
