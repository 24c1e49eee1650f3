import { keyOf, Nothing } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { holdOpen } from './kinds.ts'
import { InRoom, inRoom, roomDeleted } from './room.ts'
import { roleFor } from './rules.ts'

/** `delete` is a word of the language's own. */
export const remove = command({
  about: 'Deletes a room and all that was said in it.',
  input: InRoom,
  output: Nothing,
  allow: roleFor('room:delete', 'owner'),
  permission: true,
  ordered: inRoom,
  rate: { take: 20, every_ms: 60_000 },

  async handle(ctx: Context, { room_id }) {
    const { room } = await ctx.standing(room_id)
    if (!ctx.caller.permissions.admin) holdOpen(room.kind)
    const key = keyOf(ctx.userId, 'room:delete', ctx.commandId)
    const changes = [{ do: 'drop_room', room: ctx.place(room_id) }] as const
    await ctx.log.append(room_id, key, roomDeleted, { kept: { by: ctx.userId } }, { changes, touches: ['room'] })
    return {}
  },
})
