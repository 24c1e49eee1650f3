import * as v from 'valibot'
import { Nothing, SeqOrNone } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { attach } from './join.ts'
import { InRoom } from './room.ts'
import { anyone, readerOf } from './rules.ts'

const FEATURES = ['typing', 'presence'] as const

export const subscribe = command({
  about: 'Has this connection hear a room, without a membership. `without` leaves out what it does not want of it.',
  input: v.object({ ...InRoom.entries, without: v.optional(v.array(v.picklist(FEATURES)), []) }),
  output: v.object({ epoch: v.string(), attach_seq: SeqOrNone }),
  allow: readerOf,
  rate: { take: 200, every_ms: 60_000 },
  automatic: true,

  async handle(ctx: Context, { room_id, without }) {
    const { epoch, seq } = await attach(ctx, room_id)
    for (const one of FEATURES) ctx.caller.connection?.want(room_id, one, !without.includes(one))
    await ctx.caller.connection?.kept()
    return { epoch, attach_seq: seq }
  },
})

export const unsubscribe = command({
  about: 'Has this connection hear the room no longer; a membership stays.',
  input: InRoom,
  output: Nothing,
  allow: anyone,
  rate: { take: 200, every_ms: 60_000 },
  automatic: true,

  handle(ctx: Context, { room_id }) {
    ctx.caller.connection?.leave(room_id)
    return {}
  },
})
