import * as v from 'valibot'
import { Name, Nothing } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { anyone } from '../rooms/rules.ts'
import { answered, type Untaken } from './queue.ts'

export const acknowledge = command({
  about: 'You have a notification, or an event that was kept for you (by the id of its envelope). It comes no more.',
  input: v.object({ notification_id: Name }),
  output: Nothing,
  allow: anyone,
  rate: { take: 200, every_ms: 10_000 },
  automatic: true,

  async handle(ctx: Context<Untaken>, { notification_id }) {
    const { tenant_id, user_id } = ctx.caller
    await ctx.store.apply([{ do: 'dequeue', tenant_id, user_id, id: notification_id }])
    answered(ctx)
    return {}
  },
})
