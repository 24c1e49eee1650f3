/** Watchers are told of what changed: gathered, so that what many do at once is told as one. */
import type { Context } from '../feature.ts'
import { lookAround } from './looking.ts'
import { alike, inRoomSubject, presenceSummary, tally, userPresence, userSubject, type View } from './presence.ts'
import { countLater } from './rooms.ts'
import { nextDue, nowOf, type State, takeDue } from './state.ts'
import { LARGE, mannerOf, type WatchedRoom } from './watched.ts'

/** What changes while its watchers were told just now waits so long. */
const GATHER_MS = 100
const AGAIN_MS = 1_000
/** Those who are due within so long are looked after together. */
const SWEEP_MS = 1_000
/** Who cannot keep up goes without, and hears of the next change. */
const HOW = { volatile: true } as const

/** Someone may be seen otherwise from now on. */
export function changed(ctx: Context<State>, user_id: string) {
  ctx.state.dirty.add(user_id)
  wake(ctx)
}

export function wake(ctx: Context<State>, least = 0) {
  const { state } = ctx
  if (state.waking) return
  state.waking = true
  ctx.after(Math.max(least, state.toldAt + GATHER_MS - ctx.now), async () => {
    let wait = AGAIN_MS
    try {
      await lookAround(ctx)
      wait = 0
    } finally {
      state.waking = false
      tellAll(ctx)
      if (state.dirty.size > 0 || state.watched.stirred.size > 0) wake(ctx, wait)
      sweepBy(ctx, nextDue(state))
    }
  })
}

/** One timer for all who dropped and all whose choice expires: that it rings by then is seen to. */
export function sweepBy(ctx: Context<State>, due: number) {
  const { state } = ctx
  if (due >= state.sweepAt) return
  state.stopSweep()
  state.sweepAt = Math.max(due, state.sweptAt + SWEEP_MS)
  state.stopSweep = ctx.after(state.sweepAt - ctx.now, () => sweep(ctx))
}

/** Their own devices are told too when it is as if they had chosen nothing. */
async function sweep(ctx: Context<State>) {
  const { state } = ctx
  Object.assign(state, { sweepAt: Number.POSITIVE_INFINITY, sweptAt: ctx.now })
  const { gone, expired } = takeDue(state, ctx.now)
  for (const user_id of [...gone, ...expired]) state.dirty.add(user_id)
  try {
    await lookAround(ctx)
    for (const user_id of expired) ctx.toUsers([user_id], userPresence, nowOf(state, user_id))
  } finally {
    wake(ctx)
  }
}

function tellAll(ctx: Context<State>) {
  const { state } = ctx
  state.toldAt = ctx.now
  const told = new Map<string, string[]>()
  const add = (user_id: string, subject: string) => told.set(user_id, [...(told.get(user_id) ?? []), subject])

  for (const [user_id, before] of state.changed)
    if (isNews(state, user_id, before) && ctx.watchers(userSubject(user_id)) > 0) add(user_id, userSubject(user_id))
  state.changed.clear()
  for (const room of [...state.watched.stirred]) for (const user_id of tellRoom(ctx, room)) add(user_id, room.subject)
  for (const [user_id, subjects] of told) ctx.toWatchers(subjects, userPresence, nowOf(state, user_id), HOW)
}

const isNews = (state: State, user_id: string, before: View | undefined): boolean =>
  !before || !alike(before, nowOf(state, user_id))

/** Tells a room in numbers, or says who of it is to be told one by one. */
function tellRoom(ctx: Context<State>, room: WatchedRoom): string[] {
  const { state } = ctx
  const { pending, members } = room
  if (room.vast) {
    state.watched.stirred.delete(room)
    countLater(ctx, room)
    return []
  }
  if (ctx.watchers(room.subject) === 0) {
    state.watched.forget(room)
    return []
  }
  for (const [user_id, before] of pending) if (!isNews(state, user_id, before)) pending.delete(user_id)
  const manner = pending.size > 0 || room.moved ? mannerOf(room, ctx.now) : 'each'
  if (manner === 'later') return []
  const users = [...pending.keys()]
  state.watched.stirred.delete(room)
  pending.clear()
  room.moved = false
  if (manner === 'each') return users
  const counts = tally([...members].map((user_id) => nowOf(state, user_id)))
  const named = members.size > LARGE ? {} : { changed: users.map((user_id) => nowOf(state, user_id)) }
  ctx.toWatchers([inRoomSubject(room.room_id)], presenceSummary, { room_id: room.room_id, counts, ...named }, HOW)
  return []
}
