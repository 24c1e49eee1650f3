import * as v from 'valibot'
import { Name, UserId } from '../../protocol/ids.ts'
import { Text, Title } from '../../protocol/text.ts'
import { type Context, command } from '../feature.ts'
import { admin } from '../rooms/rules.ts'
import { notification, Priority } from './notification.ts'
import { ExpiresIn, keep, tellAgain, type Untaken } from './queue.ts'

export const notify = command({
  about: 'Tells a user something, on all of their devices or on one. It is kept until it is taken, or expires.',
  input: v.object({
    user_id: UserId,
    device_id: v.optional(Name),
    title: Title,
    body: Text,
    kind: v.optional(v.pipe(v.string(), v.maxLength(64)), 'message'),
    data: v.optional(v.unknown()),
    priority: v.optional(Priority, 'normal'),
    expires_in_s: ExpiresIn,
  }),
  output: v.object({ notification_id: v.string() }),
  allow: admin,
  rate: { take: 200, every_ms: 10_000 },

  async handle(ctx: Context<Untaken>, { user_id, device_id, expires_in_s, ...said }) {
    const created_at = ctx.now
    const expires = expires_in_s !== undefined && { expires_at: created_at + expires_in_s * 1_000 }
    const notification_id = await keep(ctx, {
      user_id,
      device_id,
      action: notification.name,
      expires_in_s,
      data: (id) => ({ ...said, notification_id: id, created_at, ...expires }),
    })
    tellAgain(ctx, user_id)
    return { notification_id }
  },
})
