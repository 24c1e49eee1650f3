import * as v from 'valibot'
import { Failure } from '../../protocol/failure.ts'
import { Name, UserId } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { admin } from '../rooms/rules.ts'
import { ExpiresIn, keep, tellAgain, type Untaken } from './queue.ts'

export const direct = command({
  about:
    'Tells a user an event of your own naming, on all of their devices or on one. It is kept until it is taken, or expires.',
  input: v.object({
    user_id: UserId,
    device_id: v.optional(Name),
    event: Name,
    data: v.unknown(),
    expires_in_s: ExpiresIn,
  }),
  output: v.object({ event_id: v.string() }),
  allow: admin,
  rate: { take: 200, every_ms: 10_000 },

  async handle(ctx: Context<Untaken>, { user_id, device_id, event, data, expires_in_s }) {
    if (ctx.service.taken(event))
      throw new Failure('validation_failed', `"${event}" is an event of the service or of Socket.IO.`, {
        details: [{ path: 'event', message: 'This name is taken.' }],
      })
    const event_id = await keep(ctx, { user_id, device_id, action: event, expires_in_s, data: () => data })
    tellAgain(ctx, user_id)
    return { event_id }
  },
})
