import type { Entry } from '../../protocol/entry.ts'
import { type Context, feature } from '../feature.ts'
import { roomDeleted, roomMemberJoined, roomMemberLeft } from '../rooms/room.ts'
import { inRoomSubject, presenceSummary, userPresence } from './presence.ts'
import { GRACE_MS, newState, type State, touch } from './state.ts'
import { subscribe, unsubscribe } from './subscribe.ts'
import { changed, sweepBy, wake } from './telling.ts'
import { update } from './update.ts'

/** Who is known to be here, and not idle, is so with one connection more. */
function entered(ctx: Context<State>) {
  const { state, userId } = ctx
  state.leaving.delete(userId)
  const { status } = state.shown.get(userId) ?? {}
  if (status !== 'online' && status !== 'dnd') changed(ctx, userId)
}

/** Who drops may be back soon; who signs out, as the last of their connections, is gone. */
function left(ctx: Context<State>, { clean }: { clean: boolean }) {
  const { state, userId, now } = ctx
  touch(state, userId, now)
  if (clean) return state.leaving.has(userId) ? undefined : changed(ctx, userId)
  state.leaving.delete(userId) // so that it goes to the end
  state.leaving.set(userId, now + GRACE_MS)
  sweepBy(ctx, now + GRACE_MS)
}

/** Who is in the rooms that are watched. */
function heard({ dirty, watched }: State, { action, room_id, kept }: Entry, context: () => Context<State>) {
  if (watched.rooms.size === 0 || !MEMBERS.has(action)) return
  const room = watched.rooms.get(inRoomSubject(room_id))
  if (!room) return
  if (action === roomDeleted.name) return watched.forget(room)
  const { user_id } = kept as { user_id: string }
  if (action === roomMemberLeft.name) watched.left(room, user_id)
  else watched.joined(room, user_id)
  dirty.add(user_id)
  wake(context())
}

const MEMBERS = new Set<string>([roomMemberJoined.name, roomMemberLeft.name, roomDeleted.name])

export const presences = feature('presence', {
  state: newState,
  events: [userPresence, presenceSummary],
  commands: {
    'presence:update': update,
    'presence:subscribe': subscribe,
    'presence:unsubscribe': unsubscribe,
  },
  entered,
  stirred: (ctx: Context<State>) => changed(ctx, ctx.userId),
  left,
  heard,
})
