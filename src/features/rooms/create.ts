import * as v from 'valibot'
import { Stale } from '../../ports/log.ts'
import { Failure } from '../../protocol/failure.ts'
import { RoomId, UserId } from '../../protocol/ids.ts'
import { Metadata, Title } from '../../protocol/text.ts'
import { type Context, command } from '../feature.ts'
import { caps } from './caps.ts'
import { DIRECT, directRoom } from './direct.ts'
import { fresh, hashOf, make, roomForOneMore, viewNow } from './making.ts'
import { RoomView } from './room.ts'
import { anyone } from './rules.ts'

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
    const again = input.room_id === undefined && before?.created_by === ctx.userId
    if (before && again) return { room: await viewNow(ctx, before) }
    if (before) throw taken()
    await roomForOneMore(ctx, ctx.userId)
    const state = { ...fresh(ctx, room_id), name, kind, metadata, visibility, history, retention_s }
    const making = make(ctx, state, [...new Set([ctx.userId, ...members])])
    return { room: await making.catch((error) => Promise.reject(error instanceof Stale ? taken() : error)) }
  },
})

const taken = () => new Failure('conflict', 'There is a room of this id.')

function partner({ userId }: Context, { members }: v.InferOutput<typeof Input>): string {
  const others = members.filter((user_id) => user_id !== userId)
  if (others.length !== 1) refuse('members', 'A direct room takes the one other user.')
  return others[0] as string
}

function refuse(path: string, message: string): never {
  throw new Failure('validation_failed', message, { details: [{ path, message }] })
}
