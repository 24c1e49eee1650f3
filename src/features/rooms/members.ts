import * as v from 'valibot'
import type { Change, Role } from '../../ports/store.ts'
import { Failure } from '../../protocol/failure.ts'
import { Nothing, UserId } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { caps } from './caps.ts'
import { setMember } from './join.ts'
import { dropMember } from './leave.ts'
import { InRoom, inRoom, RoleName, roomInvited } from './room.ts'
import { rankOf, roleFor } from './rules.ts'

const rate = { take: 60, every_ms: 60_000 }

export const invite = command({
  about: 'Lets users join a private room, and tells them so. Who is a member already is left as they are.',
  input: v.object({
    ...InRoom.entries,
    user_ids: v.pipe(v.array(UserId), v.minLength(1), v.maxLength(caps.user_ids)),
  }),
  output: Nothing,
  allow: roleFor('room:invite', 'member'),
  permission: true,
  rate,

  async handle(ctx: Context, { room_id, user_ids }) {
    const { room } = await ctx.standing(room_id)
    if (room.kind === 'direct') throw new Failure('forbidden', 'A direct room is for its two users.')
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
    const target = await below(ctx, room_id, user_id)
    if (room.kind === 'direct') throw new Failure('forbidden', 'A direct room is for its two users.')
    await dropMember(ctx, room, target.user_id, 'kicked')
    return {}
  },
})

export const role = command({
  about: 'Gives a member of a lower role than yours another role, up to your own.',
  input: v.object({ ...InRoom.entries, user_id: UserId, role: RoleName }),
  output: Nothing,
  allow: roleFor('room:role', 'admin'),
  permission: true,
  ordered: inRoom,
  rate,

  async handle(ctx: Context, { room_id, user_id, role: wanted }) {
    const { room, role: own } = await ctx.standing(room_id)
    await below(ctx, room_id, user_id)
    if (rankOf(wanted) > rankOf(own) || (wanted !== 'owner' && rankOf(wanted) >= rankOf(own)))
      throw new Failure('forbidden', 'You can give roles below your own; an owner can make others owners.')
    await setMember(ctx, room, user_id, wanted as Role)
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
