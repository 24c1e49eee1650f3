import * as v from 'valibot'
import type { Member } from '../../ports/store.ts'
import type { Position } from '../../protocol/entry.ts'
import { SeqOrNone } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { InRoom } from '../rooms/room.ts'
import { memberOf, membership } from '../rooms/rules.ts'
import { messageOf } from './edit.ts'
import { type Gathered, gather } from './gathering.ts'
import { MessageId } from './message.ts'

const rate = { take: 100, every_ms: 10_000 }

export const read = command({
  about: 'You have read all up to a message or a number. It never goes back.',
  aliases: ['message_read'],
  input: v.pipe(
    v.object({ ...InRoom.entries, message_id: v.optional(MessageId), seq: v.optional(SeqOrNone) }),
    v.check(({ message_id, seq }) => (message_id === undefined) !== (seq === undefined), 'Give message_id or seq.'),
  ),
  output: v.object({ read_seq: SeqOrNone }),
  allow: memberOf,
  rate,

  async handle(ctx: Context<Gathered>, { room_id, message_id, seq = 0 }) {
    const upTo = message_id === undefined ? seq : (await messageOf(ctx, room_id, message_id)).entry.seq
    const { read_seq } = await advance(ctx, room_id, { read_seq: upTo, delivered_seq: upTo })
    return { read_seq }
  },
})

export const delivered = command({
  about: 'Your device has all up to a number. It never goes back.',
  input: v.object({ ...InRoom.entries, seq: SeqOrNone }),
  output: v.object({ delivered_seq: SeqOrNone }),
  allow: memberOf,
  rate,
  automatic: true,

  async handle(ctx: Context<Gathered>, { room_id, seq }) {
    const { delivered_seq } = await advance(ctx, room_id, { delivered_seq: seq })
    return { delivered_seq }
  },
})

interface Reached {
  readonly read_seq?: number
  readonly delivered_seq: number
}

/** Nobody can have read what was not said: positions end at the log's head. */
async function advance(ctx: Context<Gathered>, room_id: string, reached: Reached): Promise<Member> {
  const { member: before } = await membership(ctx, room_id)
  const place = ctx.place(room_id)
  ctx.caller.connection?.received(room_id, reached.delivered_seq)
  const [head = { epoch: '', seq: 0 }] = await ctx.log.heads([room_id])
  const read_seq = Math.min(reached.read_seq ?? 0, head.seq)
  const delivered_seq = Math.min(reached.delivered_seq, head.seq)
  const fresh = (await ctx.store.member(place, ctx.userId)) ?? before
  if (read_seq <= fresh.read_seq && delivered_seq <= fresh.delivered_seq) return fresh

  await ctx.store.apply([{ do: 'receipt', room: place, user_id: ctx.userId, read_seq, delivered_seq }])
  const after = (await ctx.store.member(place, ctx.userId)) ?? fresh
  await tell(ctx, room_id, head, fresh, after)
  return after
}

/** A receipt for what was not for everyone is for the same people. */
async function tell(ctx: Context<Gathered>, room_id: string, { epoch }: Position, before: Member, after: Member) {
  const receipt = {
    user_id: ctx.userId,
    ...(after.read_seq > before.read_seq && { read_seq: after.read_seq }),
    ...(after.delivered_seq > before.delivered_seq && { delivered_seq: after.delivered_seq }),
  }
  const audience = await ctx.log.audience(room_id, { epoch, seq: receipt.read_seq ?? after.delivered_seq })
  gather(ctx, room_id, receipt, audience)
}
