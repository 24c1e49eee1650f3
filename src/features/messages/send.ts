import * as v from 'valibot'
import { Failure } from '../../protocol/failure.ts'
import { keyOf, Name, newId, RoomId, Seq, UserId } from '../../protocol/ids.ts'
import { Metadata } from '../../protocol/text.ts'
import { type Context, command, type Rule, type Standing } from '../feature.ts'
import { caps } from '../rooms/caps.ts'
import { directId, directRoom } from '../rooms/direct.ts'
import { toWrite } from '../rooms/rules.ts'
import { Content, type Kept, Mentions, MessageId, messageNew } from './message.ts'

const YEAR_S = 365 * 86_400

const Input = v.pipe(
  v.object({
    room_id: v.optional(RoomId),
    to: v.optional(UserId),
    content: Content,
    client_id: v.optional(Name),
    retry: v.optional(v.boolean()),
    reply_to: v.optional(MessageId),
    mentions: v.optional(Mentions),
    recipients: v.optional(v.pipe(v.array(UserId), v.minLength(1), v.maxLength(caps.recipients))),
    expires_in_s: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10 * YEAR_S))),
    deliver_at: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
    metadata: v.optional(Metadata),
  }),
  v.check(({ room_id, to }) => (room_id === undefined) !== (to === undefined), 'Give either room_id or to.'),
)
export type Sending = v.InferOutput<typeof Input>

const Sent = v.object({
  message_id: MessageId,
  room_id: RoomId,
  seq: Seq,
  created_at: v.number(),
  duplicate: v.boolean(),
  durability: v.picklist(['log', 'wal']),
})

const Output = v.union([Sent, v.object({ scheduled_id: v.string(), deliver_at: v.number() })])

const mayPost: Rule<Sending> = {
  says: 'in the room at least: member (a room can say otherwise); to a user: anyone',
  check: (ctx, { room_id }) => (room_id === undefined ? undefined : postable(ctx, room_id)),
}

export const send = command({
  about: 'Adds a message to a room, or with `to` to the room that you and that user share.',
  input: Input,
  output: Output,
  allow: mayPost,
  permission: true,
  ordered: roomOf,
  rate: { take: 50, every_ms: 10_000 },

  async handle(ctx: Context, input: Sending) {
    const room_id = input.room_id ?? (await sharedRoom(ctx, input.to as string))
    if (input.deliver_at !== undefined && input.deliver_at > ctx.now) return schedule(ctx, room_id, input)
    const { client_id = ctx.commandId, reply_to, expires_in_s, content, mentions, metadata } = input
    const audience = input.recipients && (await audienceOf(ctx, room_id, input.recipients))
    const kept: Kept = { sender_id: ctx.userId, client_id, reply_to, expires_in_s }
    const expires_at = expires_in_s === undefined ? undefined : ctx.now + expires_in_s * 1_000
    const what = { kept, body: { content, mentions, metadata }, audience, expires_at }
    const key = keyOf(ctx.userId, client_id)
    const { entry, duplicate, durability } = await ctx.log.append(room_id, key, messageNew, what, {
      asked: input.retry,
    })
    return { message_id: entry.id, room_id, seq: entry.seq, created_at: entry.at, duplicate, durability }
  },
})

/** Which room a sending goes to, known before the room is looked at. */
function roomOf({ room_id, to }: Sending, userId: string): string | undefined {
  return room_id ?? (to === undefined ? undefined : directId(userId, to))
}

/** Without waiting, where the room is known here: that is the way of almost every message. */
function postable(ctx: Context, room_id: string): void | Promise<void> {
  const standing = ctx.standing(room_id)
  return standing instanceof Promise ? standing.then(holdPostable) : holdPostable(standing)
}

const holdPostable = (standing: Standing) => toWrite(standing, 'message:send', 'member')

async function sharedRoom(ctx: Context, to: string): Promise<string> {
  const room_id = directId(ctx.userId, to)
  if (!(await ctx.store.room(ctx.place(room_id)))) await directRoom(ctx, to)
  await postable(ctx, room_id)
  return room_id
}

/** The sender hears what they say; everyone named must be in the room. */
async function audienceOf(ctx: Context, room_id: string, recipients: readonly string[]) {
  const place = ctx.place(room_id)
  const audience = [...new Set([ctx.userId, ...recipients])]
  const known = await Promise.all(audience.slice(1).map((user_id) => ctx.store.member(place, user_id)))
  const missing = known.findIndex((member) => !member)
  if (missing === -1) return audience
  const message = `${audience[missing + 1]} is not a member of the room.`
  throw new Failure('validation_failed', message, { details: [{ path: 'recipients', message }] })
}

/** When its time comes there is no token: only what the sender is in the room counts then, so it has to do now. */
async function schedule(ctx: Context, room_id: string, { deliver_at = 0, to: _, ...sending }: Sending) {
  const { room, member } = await ctx.standing(room_id)
  toWrite({ room, member, role: member?.role }, 'message:send', 'member')
  if (deliver_at > ctx.now + YEAR_S * 1_000)
    throw new Failure('validation_failed', 'deliver_at is more than a year away.', {
      details: [{ path: 'deliver_at', message: 'Must be within a year.' }],
    })
  const scheduled_id = newId(ctx.now)
  const { tenant_id } = ctx.caller
  const data = { ...sending, room_id, client_id: sending.client_id ?? ctx.commandId }
  const scheduled = { scheduled_id, tenant_id, user_id: ctx.userId, deliver_at, data }
  await ctx.store.apply([{ do: 'schedule', scheduled }])
  return { scheduled_id, deliver_at }
}
