import type { Role, RoomKind } from '../../ports/store.ts'
import { Failure } from '../../protocol/failure.ts'
import { caps } from './caps.ts'

/** What a room is like by its kind. */
export interface Kind {
  /** What one becomes who joins or is put into it, unless a token grants more. */
  readonly guest: Role
  /** The least role that may invite. */
  readonly invites: Role
  /** Whether who is in it is for its members to say. */
  readonly open: boolean
  /** How many may be in it. */
  readonly members: number
}

export const kinds: Readonly<Record<RoomKind, Kind>> = {
  /** Of two users, who are always in it and neither of whom is above the other. */
  direct: { guest: 'owner', invites: 'owner', open: false, members: 2 },
  group: { guest: 'member', invites: 'member', open: true, members: caps.members },
  /** Publishers post; subscribers, as viewers, read. */
  channel: { guest: 'viewer', invites: 'admin', open: true, members: Number.POSITIVE_INFINITY },
}

/** Refuses what would change who is in a room of a kind that has its members once and for all. */
export function holdOpen(kind: RoomKind) {
  if (!kinds[kind].open) throw new Failure('forbidden', 'The two users of a direct room are always in it, alone.')
}
