import * as v from 'valibot'
import type { HistoryWhere, Message } from '../../ports/store.ts'
import { Seq, SeqOrNone } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { caps } from '../rooms/caps.ts'
import { InRoom } from '../rooms/room.ts'
import { readerOf } from '../rooms/rules.ts'
import { MessageView, viewOfNow } from './message.ts'
import { Page } from './page.ts'

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
    const { nearest, more } = await visible(ctx, room_id, { before_seq, after_seq, limit })
    const views = nearest.map(viewOfNow)
    const fit = new Page().take(views)
    return {
      messages: after_seq === undefined ? fit.toReversed() : fit,
      has_more: more || fit.length < views.length,
    }
  },
})

const LOOKS_MOST = 100

/** The nearest first. What is not for the caller is passed over, so that no page is empty while something is left. */
async function visible(
  ctx: Context,
  room_id: string,
  asked: HistoryWhere,
): Promise<{ nearest: Message[]; more: boolean }> {
  const standing = await ctx.standing(room_id)
  const from = ctx.log.visibleFrom(standing)
  const forward = asked.after_seq !== undefined
  let where = forward ? { ...asked, after_seq: Math.max(asked.after_seq ?? 0, from - 1) } : asked
  for (let looks = 1; ; looks++) {
    const size = looks === 1 ? asked.limit : caps.history
    const found = await ctx.store.history(ctx.place(room_id), { ...where, limit: size + 1 })
    const page = (forward ? found : found.toReversed()).slice(0, size)
    const shown = page.filter(({ entry }) => ctx.log.shown(entry, standing))
    const end = page.at(-1)?.entry.seq ?? 0
    const more = found.length > size && (forward || end > from)
    const nearest = shown.slice(0, asked.limit)
    if (shown.length > 0 || !more || looks === LOOKS_MOST)
      return { nearest, more: more || nearest.length < shown.length }
    where = forward ? { ...where, after_seq: end } : { ...where, before_seq: end }
  }
}
