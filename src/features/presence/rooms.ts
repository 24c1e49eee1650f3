/** The members of watched rooms, and their numbers. */
import type { Context } from '../feature.ts'
import { QUIET_MEMBERS } from '../rooms/caps.ts'
import { lookAround, viewsOf } from './looking.ts'
import { type Counts, inRoomSubject, presenceSummary, tally } from './presence.ts'
import { answered, nowOf, type State } from './state.ts'
import type { WatchedRoom } from './watched.ts'

const PAGE = 1_000
/** A vast room is counted this often at most, and so seldom that it does not take a hundredth of the time. */
const COUNT_MS = 10_000
const COUNT_MS_A_MEMBER = 1

/** In a vast room nobody tells who joins and leaves, so its members are not known one by one. */
type Members = readonly string[] | 'vast'

export async function membersOf(ctx: Context, room_id: string): Promise<Members> {
  const found = await ctx.store.members(ctx.place(room_id), undefined, QUIET_MEMBERS)
  return found.length === QUIET_MEMBERS ? 'vast' : found.map(({ user_id }) => user_id)
}

/** From here on it is known who is in the room, and who of them changes. */
export async function watchedRoom(ctx: Context<State>, room_id: string): Promise<WatchedRoom> {
  const { watched } = ctx.state
  const known = watched.rooms.get(inRoomSubject(room_id))
  const room = known ?? watched.open(room_id)
  if (!known) room.ready = read(ctx, room)
  try {
    await room.ready
  } catch (error) {
    watched.forget(room)
    throw error
  }
  return room
}

/** Who joins or leaves while it is read may be in what was read, or not: then it is read again. */
async function read(ctx: Context<State>, room: WatchedRoom) {
  for (let whole = false; !whole; ) {
    room.reading = 'yes'
    const members = await membersOf(ctx, room.room_id)
    whole = isWhole(room)
    if (whole) ctx.state.watched.fill(room, members)
  }
  room.reading = 'no'
  if (room.vast) await count(ctx, room)
  else await viewsOf(ctx, [...room.members])
}

const isWhole = ({ reading }: WatchedRoom) => reading !== 'stale'

/** How many of a room's members are what. */
export async function countsOf(ctx: Context<State>, room_id: string, members: Members): Promise<Counts> {
  const { state } = ctx
  if (members === 'vast') return (await watchedRoom(ctx, room_id)).counts
  if (!state.watched.rooms.has(inRoomSubject(room_id))) return tally(await viewsOf(ctx, members))
  if (state.dirty.size > 0) await lookAround(ctx)
  answered(state, members)
  return tally(members.map((user_id) => nowOf(state, user_id)))
}

/** Page by page. */
async function count(ctx: Context<State>, room: WatchedRoom) {
  const counts = { online: 0, away: 0, dnd: 0, offline: 0 }
  let total = 0
  for (let after: string | undefined, more = true; more; ) {
    const page = await ctx.store.members(ctx.place(room.room_id), after, PAGE)
    const users = page.map(({ user_id }) => user_id)
    for (const { status } of await viewsOf(ctx, users)) counts[status]++
    after = users.at(-1)
    total += page.length
    more = page.length === PAGE
  }
  room.counts = counts
  room.countAt = ctx.now + Math.max(COUNT_MS, total * COUNT_MS_A_MEMBER)
}

/** Whoever changed: a vast room is counted anew when it is time. */
export function countLater(ctx: Context<State>, room: WatchedRoom) {
  if (room.counting) return
  room.counting = true
  ctx.after(Math.max(0, room.countAt - ctx.now), async () => {
    room.counting = false
    if (ctx.watchers(room.subject) === 0) return ctx.state.watched.forget(room)
    await read(ctx, room)
    const counts = room.vast ? room.counts : await countsOf(ctx, room.room_id, [...room.members])
    ctx.toWatchers([room.subject], presenceSummary, { room_id: room.room_id, counts }, { volatile: true })
  })
}
