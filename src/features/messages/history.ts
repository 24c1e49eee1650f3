import * as v from 'valibot'
import type { HistoryWhere } from '../../ports/store.ts'
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
    return { messages: after_seq === undefined ? nearest.toReversed() : nearest, has_more: more }
  },
})

const FIRST_LOOK = 10
const LOOKS_MOST = 40

/**
 * The nearest first, as many as an answer holds. What is not for the caller is passed over, so that no page is empty while
 * something is left. It looks at few at first: each may weigh a megabyte.
 */
async function visible(ctx: Context, room_id: string, asked: HistoryWhere) {
  const standing = await ctx.standing(room_id)
  const from = ctx.log.visibleFrom(standing)
  const forward = asked.after_seq !== undefined
  const page = new Page()
  const nearest: v.InferOutput<typeof MessageView>[] = []
  let where = forward ? { ...asked, after_seq: Math.max(asked.after_seq ?? 0, from - 1) } : asked
  let size = Math.min(FIRST_LOOK, asked.limit)
  for (let looks = 1, seen = 0; ; looks++) {
    const found = await ctx.store.history(ctx.place(room_id), { ...where, limit: size + 1, for: ctx.userId })
    const some = (forward ? found : found.toReversed()).slice(0, size)
    const views = some.filter(({ entry }) => ctx.log.shown(entry, standing)).map(viewOfNow)
    const fit = page.take(views.slice(0, asked.limit - nearest.length))
    nearest.push(...fit)
    seen += some.length
    const last = some.at(-1)?.entry
    const goesOn = found.length > size || (last !== undefined && !ctx.log.shown(last, standing))
    const end = last?.seq ?? 0
    const left = fit.length < views.length || (goesOn && (forward || end > from))
    const enough = nearest.length > 0 && (seen >= asked.limit || fit.length < views.length || page.full)
    if (!left || enough || looks === LOOKS_MOST) return { nearest, more: left }
    where = forward ? { ...where, after_seq: end } : { ...where, before_seq: end }
    size = seen < asked.limit ? Math.min(2 * size, asked.limit - seen) : caps.history
  }
}
