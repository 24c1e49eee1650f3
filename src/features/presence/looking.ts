/** How users are seen now, from who is connected and what they chose. */
import type { Context } from '../feature.ts'
import type { View } from './presence.ts'
import { activeAt, nowOf, type State, settle, viewOf } from './state.ts'

/** Looks at all who may have changed. */
export function lookAround(ctx: Context<State>): Promise<void> {
  const { state } = ctx
  return inTurn(state, async () => {
    const users = [...state.dirty]
    state.dirty.clear()
    try {
      await look(ctx, users)
    } catch (error) {
      for (const user_id of users) state.dirty.add(user_id)
      throw error
    }
  })
}

/** As others see each of them, in their order. */
export async function viewsOf(ctx: Context<State>, user_ids: readonly string[]): Promise<View[]> {
  const { state } = ctx
  if (user_ids.some((user_id) => state.dirty.has(user_id))) await lookAround(ctx)
  const here = await ctx.roster.of(user_ids)
  const unknown = user_ids.filter((user_id, n) => here[n]?.length && !state.shown.has(user_id))
  if (unknown.length > 0) await inTurn(state, () => look(ctx, unknown))
  return user_ids.map((user_id, n) => {
    const view = nowOf(state, user_id)
    return view.status === 'offline' ? view : { ...view, last_active_at: activeAt(here[n] ?? [], view) }
  })
}

function inTurn(state: State, work: () => Promise<void>): Promise<void> {
  const turn = state.looking.then(work)
  state.looking = turn.catch(() => {}) // it is answered where it was asked for
  return turn
}

/** What was chosen counts only for those who are there, so it is asked for of nobody else. */
async function look(ctx: Context<State>, user_ids: readonly string[]) {
  const { state } = ctx
  const here = await ctx.roster.of(user_ids)
  const there = user_ids.filter((user_id, n) => here[n]?.length || state.leaving.has(user_id))
  const answers = there.length > 0 ? await ctx.store.presences(there) : []
  const chosen = new Map(there.map((user_id, n) => [user_id, answers[n]]))
  for (const [n, user_id] of user_ids.entries()) {
    if (state.dirty.has(user_id)) continue // they changed meanwhile, and are looked at again
    const { expires_at } = chosen.get(user_id) ?? {}
    if (expires_at === undefined) state.expiring.delete(user_id)
    else state.expiring.set(user_id, expires_at)
    settle(state, viewOf(state, user_id, here[n] ?? [], chosen.get(user_id), ctx.now))
  }
}
