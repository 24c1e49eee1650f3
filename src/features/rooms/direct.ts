/** The room that two users share: its id is made of theirs, and ids that look like it are the service's alone. */
import type { InferOutput } from 'valibot'
import type { Context } from '../feature.ts'
import { fresh, hashOf, make, roomForOneMore, viewNow } from './making.ts'
import type { RoomView } from './room.ts'

export const DIRECT = 'direct.'

/** The same id whoever of the two asks. */
export const directId = (one: string, other: string): string => DIRECT + hashOf(...[one, other].sort())

/** Made where it is not there yet. Who is second to make it finds it when asked again. */
export async function directRoom(ctx: Context, other: string): Promise<InferOutput<typeof RoomView>> {
  const room_id = directId(ctx.userId, other)
  const before = await ctx.store.room(ctx.place(room_id))
  if (before) return viewNow(ctx, before)
  await roomForOneMore(ctx, ctx.userId)
  const state = { ...fresh(ctx, room_id), kind: 'direct' as const }
  return make(ctx, state, [...new Set([ctx.userId, other])])
}
