import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { Stale } from '../../ports/log.ts'
import type { Change, Room, RoomState } from '../../ports/store.ts'
import { Failure } from '../../protocol/failure.ts'
import { keyOf, RoomId, UserId } from '../../protocol/ids.ts'
import { Metadata, Title } from '../../protocol/text.ts'
import { type Context, command } from '../feature.ts'
import { caps } from './caps.ts'
import { kinds } from './kinds.ts'
import { RoomView, roomUpdated, viewOf } from './room.ts'
import { anyone } from './rules.ts'

const DIRECT = 'direct.'
const NO_HISTORY_LIMIT_S = 10 * 365 * 86_400

const Input = v.object({
  room_id: v.optional(RoomId),
  kind: v.picklist(['direct', 'group', 'channel']),
  name: v.optional(Title, ''),
  members: v.optional(v.pipe(v.array(UserId), v.maxLength(caps.user_ids)), []),
  metadata: v.optional(Metadata, {}),
  visibility: v.optional(v.picklist(['private', 'public']), 'private'),
  history: v.optional(v.picklist(['all', 'since_join']), 'all'),
  retention_s: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(NO_HISTORY_LIMIT_S))),
})

export const create = command({
  about:
    'Makes a room, with you as its owner. A direct room is made once for two users, and given again to who asks again.',
  input: Input,
  output: v.object({ room: RoomView }),
  allow: anyone,
  permission: true,
  ordered: ({ room_id }) => room_id,
  rate: { take: 20, every_ms: 60_000 },

  async handle(ctx: Context, input) {
    if (input.kind === 'direct') return { room: await directRoom(ctx, partner(ctx, input)) }
    const room_id = input.room_id ?? hashOf(ctx.userId, ctx.commandId)
    if (room_id.startsWith(DIRECT)) refuse('room_id', `Ids that begin with "${DIRECT}" are made by the service.`)
    const { members, name, kind, metadata, visibility, history, retention_s } = input
    const before = await ctx.store.room(ctx.place(room_id))
    if (before && input.room_id === undefined) return { room: await viewNow(ctx, before) } // asked again
    if (before) throw taken()
    await roomForOneMore(ctx, ctx.userId)
    const state = { ...fresh(ctx, room_id), name, kind, metadata, visibility, history, retention_s }
    const making = make(ctx, state, [...new Set([ctx.userId, ...members])])
    return { room: await making.catch((error) => Promise.reject(error instanceof Stale ? taken() : error)) }
  },
})

/** The same id whoever of the two asks. */
export const directId = (one: string, other: string): string => DIRECT + hashOf(...[one, other].sort())

const hashOf = (...parts: string[]): string =>
  createHash('sha256')
    .update(keyOf(...parts))
    .digest('base64url')
    .slice(0, 32)

/** The room that two users share, made where it is not there yet. Who is second to make it finds it when asked again. */
export async function directRoom(ctx: Context, other: string): Promise<v.InferOutput<typeof RoomView>> {
  const room_id = directId(ctx.userId, other)
  const before = await ctx.store.room(ctx.place(room_id))
  if (before) return viewNow(ctx, before)
  await roomForOneMore(ctx, ctx.userId)
  const state = { ...fresh(ctx, room_id), kind: 'direct' as const }
  return make(ctx, state, [...new Set([ctx.userId, other])])
}

const viewNow = async (ctx: Context, room: Room) => viewOf(room, room.member_count, await lastSeq(ctx, room.room_id))

export async function lastSeq(ctx: Context, room_id: string): Promise<number> {
  const [head] = await ctx.log.heads([room_id])
  return head?.seq ?? 0
}

/** Refuses where a user is in as many rooms as one may be. */
export async function roomForOneMore(ctx: Context, user_id: string) {
  const { length } = await ctx.store.roomsOf(user_id)
  if (length >= caps.rooms) throw new Failure('forbidden', `A user can be in ${caps.rooms} rooms at most.`)
}

const fresh = (ctx: Context, room_id: string): RoomState => ({
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
async function make(ctx: Context, state: RoomState, members: string[]) {
  const { room_id } = state
  const room = ctx.place(room_id)
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

const taken = () => new Failure('conflict', 'There is a room of this id.')

function partner({ userId }: Context, { members }: v.InferOutput<typeof Input>): string {
  const others = members.filter((user_id) => user_id !== userId)
  if (others.length !== 1) refuse('members', 'A direct room takes the one other user.')
  return others[0] as string
}

function refuse(path: string, message: string): never {
  throw new Failure('validation_failed', message, { details: [{ path, message }] })
}
