import * as v from 'valibot'
import { Seq, SeqOrNone } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { caps } from '../rooms/caps.ts'
import { InRoom } from '../rooms/room.ts'
import { readerOf } from '../rooms/rules.ts'
import { MessageView, viewOfNow } from './message.ts'
import { fitting } from './page.ts'

export const history = command({
  about: 'Messages as they are now, oldest first: those just before or after a number, else the newest.',
  input: v.object({
    ...InRoom.entries,
    before_seq: v.optional(Seq),
    after_seq: v.optional(SeqOrNone),
    limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(caps.history)), 50),
  }),
  output: v.object({ messages: v.array(MessageView), has_more: v.boolean() }),
  allow: readerOf,
  rate: { take: 100, every_ms: 10_000 },

  async handle(ctx: Context, { room_id, before_seq, after_seq, limit }) {
    const standing = await ctx.standing(room_id)
    const found = await ctx.store.history(ctx.place(room_id), { before_seq, after_seq, limit: limit + 1 })
    const forward = after_seq !== undefined
    const page = forward ? found.slice(0, limit) : found.slice(-limit)
    const shown = page.filter(({ entry }) => ctx.log.shown(entry, standing)).map(viewOfNow)
    const fit = fitting(forward ? shown : shown.reverse(), caps.page_bytes)
    return {
      messages: forward ? fit : fit.toReversed(),
      has_more: found.length > limit || fit.length < shown.length,
    }
  },
})
