import * as v from 'valibot'
import type { Message } from '../../ports/store.ts'
import type { Entry } from '../../protocol/entry.ts'
import { Failure } from '../../protocol/failure.ts'
import { keyOf, Seq } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { InRoom, inRoom } from '../rooms/room.ts'
import { writerFor } from '../rooms/rules.ts'
import { type Body, Content, type Kept, MessageId, messageUpdated, plain } from './message.ts'

const Input = v.object({
  ...InRoom.entries,
  message_id: MessageId,
  content: Content,
  expected_version: v.optional(v.number()),
})

export const edit = command({
  about: 'Changes the content of your message (of any, with `message:edit:any`).',
  input: Input,
  output: v.object({ seq: Seq, version: v.number() }),
  allow: writerFor('message:edit', 'member'),
  permission: true,
  ordered: inRoom,
  rate: { take: 30, every_ms: 10_000 },

  async handle(ctx: Context, { room_id, message_id, content, expected_version }) {
    const message = await messageOf(ctx, room_id, message_id)
    if (message.entry.redacted_at !== undefined || message.body === undefined) throw gone()
    if (senderOf(message) !== ctx.userId && ctx.caller.permissions.reach('message:edit') !== 'any')
      throw new Failure('forbidden', 'This message is not yours.')
    const { version } = message
    if (expected_version !== undefined && expected_version !== version)
      throw new Failure('conflict', 'The message was edited meanwhile.', { details: { version } })
    return write(ctx, room_id, message, content)
  },
})

async function write(ctx: Context, room_id: string, message: Message, content: v.InferOutput<typeof Content>) {
  const { entry: first, edits: _, reactions, touched } = message
  const version = message.version + 1
  const body = { ...(message.body as Body), content }
  const { id, seq, at, device_id, audience, expires_at } = first
  const kept = { first: { id, seq, at, kept: first.kept as Kept, device_id }, version, reactions: plain(reactions) }
  const change = { do: 'edit_message', room: ctx.place(room_id), seq, body, version, edited_at: ctx.now } as const
  const along = { changes: [change], touches: [id], since: { [id]: touched } }
  const key = keyOf(ctx.userId, 'message:edit', ctx.commandId)
  const { entry } = await ctx.log.append(room_id, key, messageUpdated, { kept, body, audience, expires_at }, along)
  return { seq: entry.seq, version }
}

export const senderOf = ({ entry }: Message): string => (entry as Entry<Kept>).kept.sender_id

/** A message that the caller may see; to anyone else it does not exist. */
export async function messageOf(ctx: Context, room_id: string, message_id: string): Promise<Message> {
  const message = await ctx.store.message(ctx.place(room_id), message_id)
  if (!message) throw gone()
  const standing = await ctx.standing(room_id)
  if (!ctx.log.shown(message.entry, standing)) throw gone()
  return message
}

export const gone = () => new Failure('not_found', 'There is no such message in this room.')
