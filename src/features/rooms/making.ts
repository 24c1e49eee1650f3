/** What goes into the making of a room, whoever asks for it. */
import { createHash } from 'node:crypto'
import type { Change, Room, RoomState } from '../../ports/store.ts'
import { Failure } from '../../protocol/failure.ts'
import { keyOf } from '../../protocol/ids.ts'
import type { Context } from '../feature.ts'
import { caps } from './caps.ts'
import { kinds } from './kinds.ts'
import { roomUpdated, viewOf } from './room.ts'

/** An id that the same parts always give. */
export const hashOf = (...parts: string[]): string =>
  createHash('sha256')
    .update(keyOf(...parts))
    .digest('base64url')
    .slice(0, 32)

export const viewNow = async (ctx: Context, room: Room) =>
  viewOf(room, room.member_count, await lastSeq(ctx, room.room_id))

export async function lastSeq(ctx: Context, room_id: string): Promise<number> {
  const [head] = await ctx.log.heads([room_id])
  return head?.seq ?? 0
}

/** Refuses where a user is in as many rooms as one may be. */
export async function roomForOneMore(ctx: Context, user_id: string) {
  const { length } = await ctx.store.roomsOf(user_id)
  if (length >= caps.rooms) throw new Failure('forbidden', `A user can be in ${caps.rooms} rooms at most.`)
}

export const fresh = (ctx: Context, room_id: string): RoomState => ({
  tenant_id: ctx.caller.tenant_id,
  room_id,
  kind: 'group',
  name: '',
  metadata: {},
  visibility: 'private',
  history: 'all',
  retention_s: undefined,
  permissions: {},
  archived: false,
  created_by: ctx.userId,
  created_at: ctx.now,
  version: 1,
})

/** A room is its log's first entry: its state and first members are committed with it, or nothing is. */
export async function make(ctx: Context, state: RoomState, members: string[]) {
  const { room_id } = state
  const room = ctx.place(room_id)
  await Promise.all(members.map((user_id) => roomForOneMore(ctx, user_id)))
  const role = (user_id: string) => (user_id === ctx.userId ? 'owner' : kinds[state.kind].guest)
  const changes: Change[] = [
    { do: 'set_room', room, state },
    ...members.map((user_id): Change => ({ do: 'set_member', room, user_id, role: role(user_id), joined_at: ctx.now })),
  ]
  // what is sent next needs the room to be there, not only its number
  const along = { changes, touches: ['room'], since: { room: 0 }, numbered() {} }
  const key = keyOf(ctx.userId, 'room:create', ctx.commandId)
  const kept = { state, member_count: members.length, members }
  const { entry } = await ctx.log.append(room_id, key, roomUpdated, { kept }, along)
  await ctx.follow(members, room_id)
  return viewOf(state, members.length, entry.seq)
}
