import * as v from 'valibot'
import type { Role, Room, RoomState } from '../../ports/store.ts'
import { event, logEvent } from '../../protocol/event.ts'
import { RoomId, Seq, SeqOrNone, UserId } from '../../protocol/ids.ts'
import { Metadata, Title } from '../../protocol/text.ts'

export const ROLES = ['viewer', 'member', 'admin', 'owner'] as const satisfies readonly Role[]
export const RoleName = v.picklist(ROLES)

export const InRoom = v.object({ room_id: RoomId })
export const inRoom = ({ room_id }: v.InferOutput<typeof InRoom>): string => room_id

export const RoomView = v.object({
  room_id: RoomId,
  kind: v.picklist(['direct', 'group', 'channel']),
  name: Title,
  metadata: Metadata,
  visibility: v.picklist(['private', 'public']),
  created_by: UserId,
  created_at: v.number(),
  version: v.number(),
  member_count: v.number(),
  last_seq: SeqOrNone,
  archived: v.boolean(),
})

/** A room as clients see it. `last_seq` is where its log ends, as far as the one who tells knows. */
export function viewOf(state: RoomState, member_count: number, last_seq: number): v.InferOutput<typeof RoomView> {
  const { room_id, kind, name, metadata, visibility, created_by, created_at, version, archived } = state
  return {
    room_id,
    kind,
    name,
    metadata: { ...metadata },
    visibility,
    created_by,
    created_at,
    version,
    member_count,
    last_seq,
    archived,
  }
}

export const stateOf = ({ member_count: _, epoch: __, touched: ___, ...state }: Room): RoomState => state

const InLog = { room_id: RoomId, seq: Seq }

/** A room's log begins with one of these: it holds who were its members then. */
export const roomUpdated = logEvent<{ state: RoomState; member_count: number; members?: readonly string[] }>()(
  'room_updated',
  {
    about: 'A room was made, or its name, metadata, permissions or archiving changed.',
    data: v.object({ ...InLog, room: RoomView }),
    tell: ({ room_id, seq, kept }) => ({ room_id, seq, room: viewOf(kept.state, kept.member_count, seq) }),
  },
)

export const roomMemberJoined = logEvent<{ user_id: string; role: Role }>()('room_member_joined', {
  about: 'Someone became a member of the room, or has another role in it now.',
  data: v.object({ ...InLog, user_id: UserId, role: RoleName }),
  tell: ({ room_id, seq, kept }) => ({ room_id, seq, ...kept }),
})

export const roomMemberLeft = logEvent<{ user_id: string; reason: 'left' | 'kicked' }>()('room_member_left', {
  about: 'Someone is no longer a member of the room.',
  data: v.object({ ...InLog, user_id: UserId, reason: v.picklist(['left', 'kicked']) }),
  tell: ({ room_id, seq, kept }) => ({ room_id, seq, ...kept }),
})

export const roomDeleted = logEvent<{ by: string }>()('room_deleted', {
  about: 'The room is gone, and all that was said in it.',
  data: v.object({ ...InLog, by: UserId }),
  tell: ({ room_id, seq, kept }) => ({ room_id, seq, by: kept.by }),
})

export const roomJoined = event('room_joined', {
  about: 'You are in this room from now on: events with a greater `seq` than `attach_seq` follow on this connection.',
  data: v.object({ room: RoomView, epoch: v.string(), attach_seq: SeqOrNone }),
})

export const roomInvited = event('room_invited', {
  about: 'You may join this room.',
  data: v.object({ room_id: RoomId, name: v.string(), kind: v.string(), by: UserId }),
})
