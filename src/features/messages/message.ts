import * as v from 'valibot'
import type { Message } from '../../ports/store.ts'
import type { Entry } from '../../protocol/entry.ts'
import { event, logEvent } from '../../protocol/event.ts'
import { Name, RoomId, Seq, UserId } from '../../protocol/ids.ts'
import { Metadata, Text } from '../../protocol/text.ts'

export const MessageId = v.pipe(v.string(), v.uuid())

const WEB = /^https?:\/\//i

const Attachment = v.object({
  url: v.pipe(v.string(), v.maxLength(2_048), v.url(), v.regex(WEB, 'Must be an http or https address.')),
  name: v.pipe(Text, v.maxLength(256)),
  mime: v.pipe(v.string(), v.maxLength(128)),
  size: v.pipe(v.number(), v.integer(), v.minValue(0)),
})

export const Content = v.object({
  type: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(64)), 'text'),
  text: v.optional(Text),
  /** JSON, or binary. */
  data: v.optional(v.unknown()),
  attachments: v.optional(v.pipe(v.array(Attachment), v.maxLength(20))),
})

export const Mentions = v.pipe(v.array(UserId), v.maxLength(100))

/** What deletion and expiry take away of a message. */
export const Body = v.object({
  content: Content,
  mentions: v.optional(Mentions),
  metadata: v.optional(Metadata),
})
export type Body = v.InferOutput<typeof Body>

/** What stays of a message: who said it, in answer to what. */
export interface Kept {
  readonly sender_id: string
  readonly client_id: string
  readonly reply_to?: string | undefined
  readonly expires_in_s?: number | undefined
}

const Reactions = v.record(v.string(), v.array(UserId))

export const MessageView = v.object({
  message_id: MessageId,
  client_id: Name,
  room_id: RoomId,
  seq: Seq,
  sender_id: UserId,
  sender_device_id: v.nullable(v.string()),
  content: v.nullable(Content),
  reply_to: v.optional(MessageId),
  mentions: v.optional(Mentions),
  metadata: v.optional(Metadata),
  created_at: v.number(),
  edited_at: v.optional(v.number()),
  deleted_at: v.optional(v.number()),
  expires_at: v.optional(v.number()),
  version: v.number(),
  reactions: Reactions,
})
export type MessageView = v.InferOutput<typeof MessageView>

interface Now {
  body: Body | undefined
  version: number
  edited_at?: number | undefined
  reactions: Record<string, string[]>
}

/** One shape for live, sync and history: a message's first entry, and what is so of it by now. */
export function viewOf(first: Omit<Entry<Kept>, 'body'>, { body, version, edited_at, reactions }: Now): MessageView {
  const { id, room_id, seq, at, kept, device_id, redacted_at, expires_at } = first
  const view: MessageView = {
    message_id: id,
    client_id: kept.client_id,
    room_id,
    seq,
    sender_id: kept.sender_id,
    sender_device_id: device_id ?? null,
    content: body?.content ?? null,
    created_at: at,
    version,
    reactions,
  }
  if (kept.reply_to !== undefined) view.reply_to = kept.reply_to
  if (body?.mentions !== undefined) view.mentions = body.mentions
  if (body?.metadata !== undefined) view.metadata = body.metadata
  if (edited_at !== undefined) view.edited_at = edited_at
  if (redacted_at !== undefined) view.deleted_at = redacted_at
  if (expires_at !== undefined) view.expires_at = expires_at
  return view
}

/** As the projection has it, for history. */
export function viewOfNow({ entry, body, version, edited_at, reactions }: Message): MessageView {
  const first = entry as Entry<Kept>
  return viewOf(first, { body: body as Body | undefined, version, edited_at, reactions: plain(reactions) })
}

/** Without a prototype: an emoji may be called anything. */
export function plain(reactions: Message['reactions']): Record<string, string[]> {
  const all = Object.create(null) as Record<string, string[]>
  for (const [emoji, users] of reactions) all[emoji] = [...users]
  return all
}

const InLog = { room_id: RoomId, seq: Seq }

export const messageNew = logEvent<Kept, Body>()('message_new', {
  about: 'A message was added to the room.',
  data: v.object({ ...InLog, message: MessageView }),
  tell: (entry) => ({
    room_id: entry.room_id,
    seq: entry.seq,
    message: viewOf(entry, { body: entry.body, version: 1, reactions: {} }),
  }),
})

/** The message as it is after an edit; `first` is what of its own entry the telling takes. */
export interface Edited {
  readonly first: Pick<Entry<Kept>, 'id' | 'seq' | 'at' | 'kept' | 'device_id'>
  readonly version: number
  readonly reactions: Record<string, string[]>
}

export const messageUpdated = logEvent<Edited, Body>()('message_updated', {
  about: 'A message was edited.',
  data: v.object({ ...InLog, message: MessageView }),
  tell: (entry) => {
    const { kept, room_id, seq, at, redacted_at, expires_at, epoch, tenant_id } = entry
    const first = { ...kept.first, room_id, tenant_id, epoch, action: 'message_new', redacted_at, expires_at }
    const { version, reactions } = kept
    return { room_id, seq, message: viewOf(first, { body: entry.body, version, edited_at: at, reactions }) }
  },
})

interface About {
  readonly message_id: string
  readonly user_id: string
}

export const messageDeleted = logEvent<About>()('message_deleted', {
  about: 'A message was deleted: it keeps its place, without its content.',
  data: v.object({ ...InLog, message_id: MessageId, user_id: UserId }),
  tell: ({ room_id, seq, kept }) => ({ room_id, seq, ...kept }),
})

export const Emoji = v.pipe(Name, v.maxLength(64))
export const Op = v.picklist(['add', 'remove'])

export const messageReaction = logEvent<About & { emoji: string; op: 'add' | 'remove' }>()('message_reaction', {
  about: 'Someone reacted to a message, or took a reaction back.',
  data: v.object({ ...InLog, message_id: MessageId, user_id: UserId, emoji: Emoji, op: Op }),
  tell: ({ room_id, seq, kept }) => ({ room_id, seq, ...kept }),
})

export const Receipt = v.object({
  user_id: UserId,
  read_seq: v.optional(v.number()),
  delivered_seq: v.optional(v.number()),
})

export type Receipt = v.InferOutput<typeof Receipt>

export const messageReceipt = event('message_receipt', {
  about:
    'Someone has read, or has been delivered, all up to these numbers. `receipts`: of several at the same time, this one among them.',
  data: v.object({ room_id: RoomId, ...Receipt.entries, receipts: v.optional(v.array(Receipt)) }),
})
