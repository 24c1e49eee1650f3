import * as v from 'valibot'
import type { Presence } from '../../ports/store.ts'
import { type Context, command } from '../feature.ts'
import { anyone } from '../rooms/rules.ts'
import { viewsOf } from './looking.ts'
import { Emoji, Line, offlineOf, PresenceView, StatusName, userPresence } from './presence.ts'
import { type State, saidOf, touch } from './state.ts'
import { changed } from './telling.ts'

const YEAR_S = 365 * 86_400

export const update = command({
  about:
    'How you want to be seen, in place of what you chose before; `offline` is to be invisible. With `online`, or once it ' +
    'has expired, you are away while all your connections are idle.',
  aliases: ['presence_update'],
  input: v.object({
    status: StatusName,
    text: v.optional(Line),
    emoji: v.optional(Emoji),
    expires_in_s: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(YEAR_S))),
  }),
  output: PresenceView,
  allow: anyone,
  permission: true,
  rate: { take: 5, every_ms: 30_000 },

  async handle(ctx: Context<State>, { status, text, emoji, expires_in_s }) {
    const { userId, now } = ctx
    const presence: Presence = {
      status,
      ...(text && { text }),
      ...(emoji && { emoji }),
      ...(expires_in_s !== undefined && { expires_at: now + expires_in_s * 1_000 }),
    }
    const { tenant_id } = ctx.caller
    await ctx.store.apply([{ do: 'set_presence', tenant_id, user_id: userId, presence }])
    touch(ctx.state, userId, now)
    changed(ctx, userId)
    const [view = offlineOf(userId, now)] = await viewsOf(ctx, [userId])
    const own = { ...view, ...saidOf(presence) }
    ctx.toUsers([userId], userPresence, own)
    return own
  },
})
