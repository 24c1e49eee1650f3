import * as v from 'valibot'
import { Failure } from '../../protocol/failure.ts'
import { keyOf, Seq } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { kinds } from '../rooms/kinds.ts'
import { InRoom, inRoom } from '../rooms/room.ts'
import { rankOf, roleFor } from '../rooms/rules.ts'
import { messageOf, senderOf } from './edit.ts'
import { MessageId, messageDeleted } from './message.ts'

/** `delete` is a word of the language's own. */
export const remove = command({
  about:
    'Deletes your message (any, as an admin of the room or with `message:delete:any`). Deleting it again changes nothing.',
  input: v.object({ ...InRoom.entries, message_id: MessageId }),
  output: v.object({ seq: Seq }),
  allow: roleFor('message:delete', 'viewer'),
  permission: true,
  ordered: inRoom,
  rate: { take: 30, every_ms: 10_000 },

  async handle(ctx: Context, { room_id, message_id }) {
    const message = await messageOf(ctx, room_id, message_id)
    const { entry: first, edits, touched } = message
    if (senderOf(message) !== ctx.userId && !(await moderates(ctx, room_id)))
      throw new Failure('forbidden', 'This message is not yours.')
    if (first.redacted_at !== undefined) return { seq: touched }
    const along = {
      changes: [{ do: 'delete_message', room: ctx.place(room_id), seq: first.seq }] as const,
      touches: [message_id],
      since: { [message_id]: touched },
      redacts: [first.seq, ...edits],
    }
    const key = keyOf(ctx.userId, 'message:delete', ctx.commandId)
    const what = { kept: { message_id, user_id: ctx.userId }, audience: first.audience }
    const { entry } = await ctx.log.append(room_id, key, messageDeleted, what, along)
    return { seq: entry.seq }
  },
})

async function moderates(ctx: Context, room_id: string): Promise<boolean> {
  if (ctx.caller.permissions.reach('message:delete') === 'any') return true
  const { role, room } = await ctx.standing(room_id)
  return kinds[room.kind].open && rankOf(role) >= rankOf('admin')
}
