import * as v from 'valibot'
import type { Status } from '../../ports/store.ts'
import { event } from '../../protocol/event.ts'
import { keyOf, RoomId, roomSubject, UserId } from '../../protocol/ids.ts'
import { Title } from '../../protocol/text.ts'

const STATUSES = ['online', 'away', 'dnd', 'offline'] as const satisfies readonly Status[]
export const StatusName = v.picklist(STATUSES)

/** What people say of themselves: a line, and a picture. */
export const Line = v.pipe(Title, v.maxLength(140))
export const Emoji = v.pipe(Title, v.maxLength(64))

export const PresenceView = v.object({
  user_id: UserId,
  status: StatusName,
  text: v.optional(Line),
  emoji: v.optional(Emoji),
  /** Until when it is so, by choice. */
  expires_at: v.optional(v.number()),
  /** Nothing where they were not seen since the service began. */
  last_active_at: v.nullable(v.number()),
})
export type View = v.InferOutput<typeof PresenceView>

const count = v.pipe(v.number(), v.integer(), v.minValue(0))
export const Summary = v.object({
  room_id: RoomId,
  counts: v.object({ online: count, away: count, dnd: count, offline: count }),
  changed: v.optional(v.array(PresenceView)),
})
export type Counts = v.InferOutput<typeof Summary>['counts']

export const userPresence = event('user_presence', {
  about: 'How someone is to be seen now. Who is invisible is told as offline, but to their own devices.',
  data: PresenceView,
})

export const presenceSummary = event('presence_summary', {
  about:
    'How many of a room’s members are what; in place of `user_presence` where the room is large, or where many of it ' +
    'changed at once: then `changed` says who.',
  data: Summary,
})

/** What connections watch. */
export const userSubject = (user_id: string): string => keyOf('user', user_id)
export const inRoomSubject = (room_id: string): string => roomSubject(room_id, 'presence')

export const offlineOf = (user_id: string, last_active_at: number | null): View => ({
  user_id,
  status: 'offline',
  last_active_at,
})

/** Whether watchers see no difference; when one was active last is none. */
export const alike = (one: View, other: View): boolean =>
  one.status === other.status &&
  one.text === other.text &&
  one.emoji === other.emoji &&
  one.expires_at === other.expires_at

export function tally(views: Iterable<View>): Counts {
  const counts = { online: 0, away: 0, dnd: 0, offline: 0 }
  for (const { status } of views) counts[status]++
  return counts
}
