import * as v from 'valibot'
import type { Change } from '../../ports/store.ts'
import { Failure } from '../../protocol/failure.ts'
import { Nothing, UserId } from '../../protocol/ids.ts'
import { type Context, command, type Rule } from '../feature.ts'
import { caps } from './caps.ts'
import { sayJoined } from './join.ts'
import { holdOpen, kinds } from './kinds.ts'
import { dropMember } from './leave.ts'
import { InRoom, inRoom, RoleName, roomInvited } from './room.ts'
import { rankOf, roleFor, toWrite } from './rules.ts'

const rate = { take: 60, every_ms: 60_000 }

const mayInvite: Rule<{ room_id: string }> = {
  says: 'in a group: a member; in a channel: an admin (a room can say otherwise), while it is not archived',
  async check(ctx, { room_id }) {
    const standing = await ctx.standing(room_id)
    toWrite(standing, 'room:invite', kinds[standing.room.kind].invites)
  },
}

export const invite = command({
  about: 'Lets users join a private room, and tells them so. Who is a member already is left as they are.',
  input: v.object({
    ...InRoom.entries,
    user_ids: v.pipe(v.array(UserId), v.minLength(1), v.maxLength(caps.user_ids)),
  }),
  output: Nothing,
  allow: mayInvite,
  permission: true,
  rate,

  async handle(ctx: Context, { room_id, user_ids }) {
    const { room } = await ctx.standing(room_id)
    holdOpen(room.kind)
    const place = ctx.place(room_id)
    const known = await Promise.all(user_ids.map((user_id) => ctx.store.member(place, user_id)))
    const invited = [...new Set(user_ids.filter((_, n) => !known[n]))]
    await ctx.store.apply(
      invited.map((user_id): Change => ({ do: 'invite', room: place, user_id, by: ctx.userId, at: ctx.now })),
    )
    ctx.toUsers(invited, roomInvited, { room_id, name: room.name, kind: room.kind, by: ctx.userId })
    return {}
  },
})

export const kick = command({
  about: 'Removes a member of a lower role than yours.',
  input: v.object({ ...InRoom.entries, user_id: UserId }),
  output: Nothing,
  allow: roleFor('room:kick', 'admin'),
  permission: true,
  ordered: inRoom,
  rate,

  async handle(ctx: Context, { room_id, user_id }) {
    const { room } = await ctx.standing(room_id)
    holdOpen(room.kind)
    const target = await below(ctx, room_id, user_id)
    await dropMember(ctx, room, target.user_id, 'kicked')
    return {}
  },
})

export const role = command({
  about: 'Gives a member of a lower role than yours another one below your own; an owner can make owners.',
  input: v.object({ ...InRoom.entries, user_id: UserId, role: RoleName }),
  output: Nothing,
  allow: roleFor('room:role', 'admin'),
  permission: true,
  ordered: inRoom,
  rate,

  async handle(ctx: Context, { room_id, user_id, role: wanted }) {
    const { role: own } = await ctx.standing(room_id)
    const { joined_at } = await below(ctx, room_id, user_id)
    if (rankOf(wanted) > rankOf(own) || (wanted !== 'owner' && rankOf(wanted) >= rankOf(own)))
      throw new Failure('forbidden', 'You can give roles below your own; an owner can make others owners.')
    const change: Change = { do: 'set_member', room: ctx.place(room_id), user_id, role: wanted, joined_at }
    await sayJoined(ctx, room_id, { user_id, role: wanted }, { changes: [change], touches: ['room'] })
    return {}
  },
})

async function below(ctx: Context, room_id: string, user_id: string) {
  const { role: own } = await ctx.standing(room_id)
  const target = await ctx.store.member(ctx.place(room_id), user_id)
  if (!target) throw new Failure('not_found', 'This user is not a member of the room.')
  if (rankOf(target.role) >= rankOf(own) && !ctx.caller.permissions.admin)
    throw new Failure('forbidden', 'This member has your role or a higher one.')
  return target
}
