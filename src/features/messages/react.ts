import * as v from 'valibot'
import { Failure } from '../../protocol/failure.ts'
import { keyOf, Seq } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { InRoom, inRoom } from '../rooms/room.ts'
import { writerFor } from '../rooms/rules.ts'
import { gone, messageOf } from './edit.ts'
import { Emoji, MessageId, messageReaction, Op } from './message.ts'

const KINDS = 50

export const react = command({
  about: 'Adds your reaction to a message, or takes it back. What is so already changes nothing.',
  input: v.object({ ...InRoom.entries, message_id: MessageId, emoji: Emoji, op: Op }),
  output: v.object({ seq: Seq }),
  allow: writerFor('message:react', 'viewer'),
  permission: true,
  ordered: inRoom,
  rate: { take: 50, every_ms: 10_000 },

  async handle(ctx: Context, { room_id, message_id, emoji, op }) {
    const { entry: first, reactions, touched, body } = await messageOf(ctx, room_id, message_id)
    if (body === undefined) throw gone()
    const has = reactions.get(emoji)?.includes(ctx.userId) ?? false
    if (has === (op === 'add')) return { seq: touched }
    if (op === 'add' && !reactions.has(emoji) && reactions.size >= KINDS)
      throw new Failure('forbidden', `A message takes ${KINDS} kinds of reactions at most.`)
    const { seq, audience } = first
    const change = { do: 'react', room: ctx.place(room_id), seq, user_id: ctx.userId, emoji, op } as const
    const along = { changes: [change], since: { [message_id]: touched } }
    const key = keyOf(ctx.userId, 'message:react', ctx.commandId)
    const what = { kept: { message_id, user_id: ctx.userId, emoji, op }, audience }
    const { entry } = await ctx.log.append(room_id, key, messageReaction, what, along)
    return { seq: entry.seq }
  },
})
