import * as v from 'valibot'
import type { RoomState } from '../../ports/store.ts'
import { Failure } from '../../protocol/failure.ts'
import { keyOf, Name } from '../../protocol/ids.ts'
import { Metadata, Title } from '../../protocol/text.ts'
import { type Context, command } from '../feature.ts'
import { InRoom, inRoom, RoleName, RoomView, roomUpdated, stateOf, viewOf } from './room.ts'
import { roleFor } from './rules.ts'

const Input = v.object({
  ...InRoom.entries,
  name: v.optional(Title),
  metadata: v.optional(Metadata),
  permissions: v.optional(v.record(Name, RoleName)),
  archived: v.optional(v.boolean()),
  expected_version: v.optional(v.number()),
})

export const update = command({
  about:
    'Changes what is given of a room. `permissions` says per command which role it takes here at least; an owner says that.',
  input: Input,
  output: v.object({ room: RoomView }),
  allow: roleFor('room:update', 'admin'),
  permission: true,
  ordered: inRoom,
  rate: { take: 30, every_ms: 60_000 },

  async handle(ctx: Context, { room_id, expected_version, ...wanted }) {
    const { room, role } = await ctx.standing(room_id)
    if (wanted.permissions && role !== 'owner')
      // or an admin could give themselves what is the owner's
      throw new Failure('forbidden', 'Who may do what in a room is for its owner to say.')
    const { version, member_count } = room
    if (expected_version !== undefined && expected_version !== version)
      throw new Failure('conflict', 'The room was changed meanwhile.', { details: { version } })
    const state: RoomState = { ...stateOf(room), ...given(wanted), version: version + 1 }
    const key = keyOf(ctx.userId, 'room:update', ctx.commandId)
    const changes = [{ do: 'set_room', room: ctx.place(room_id), state }] as const
    const along = { changes, touches: ['room'] }
    const { entry } = await ctx.log.append(room_id, key, roomUpdated, { kept: { state, member_count } }, along)
    return { room: viewOf(state, member_count, entry.seq) }
  },
})

/** Only what was said: an absent field is not an undefined one. */
const given = <Fields extends object>(fields: Fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<RoomState>
