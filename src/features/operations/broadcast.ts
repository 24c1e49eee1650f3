import * as v from 'valibot'
import { Failure } from '../../protocol/failure.ts'
import { Name, Nothing, RoomId } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { admin } from '../rooms/rules.ts'

export const broadcast = command({
  about: 'Tells an event of your own naming to a room, or to everyone of the tenant who is connected. It may be lost.',
  input: v.object({ event: Name, data: v.unknown(), room_id: v.optional(RoomId) }),
  output: Nothing,
  allow: admin,
  rate: { take: 100, every_ms: 10_000 },

  async handle(ctx: Context, { event, data, room_id }) {
    if (ctx.service.taken(event))
      throw new Failure('validation_failed', `"${event}" is an event of the service or of Socket.IO.`, {
        details: [{ path: 'event', message: 'This name is taken.' }],
      })
    if (room_id !== undefined) await ctx.standing(room_id)
    ctx.broadcast(event, data, room_id)
    return {}
  },
})
