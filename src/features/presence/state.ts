/** Who is seen as what, and of whom watchers are to be told: of one tenant, on this server. It is given the time. */
import type { Present } from '../../ports/roster.ts'
import type { Presence } from '../../ports/store.ts'
import { alike, offlineOf, type View } from './presence.ts'
import { newWatched, type Watched } from './watched.ts'

/** Who drops and is back within this time was never away. */
export const GRACE_MS = 15_000
/** So many of those who went are remembered with when they were active last. */
const SEEN_MOST = 10_000

export interface State {
  /** As watchers know them; who is not here is offline. */
  readonly shown: Map<string, View>
  /** When those who are offline now were active last. */
  readonly seen: Map<string, number | null>
  /** Who has to be looked at. */
  readonly dirty: Set<string>
  /** Who dropped: until when they may come back, the first first. */
  readonly leaving: Map<string, number>
  /** Until when what they chose holds. */
  readonly expiring: Map<string, number>
  /** Who changed, and as what all watchers knew them before: nothing, where some know more than others. */
  readonly changed: Map<string, View | undefined>
  readonly watched: Watched
  /** When watchers were told last; whether they will be. */
  toldAt: number
  waking: boolean
  /** When the next of those who leave or whose choice expires is looked after. */
  sweepAt: number
  sweptAt: number
  stopSweep: () => void
  /** Looks at users come one after the other, so that a late answer does not undo a newer one. */
  looking: Promise<void>
}

export const newState = (): State => ({
  shown: new Map(),
  seen: new Map(),
  dirty: new Set(),
  leaving: new Map(),
  expiring: new Map(),
  changed: new Map(),
  watched: newWatched(),
  toldAt: 0,
  waking: false,
  sweepAt: Number.POSITIVE_INFINITY,
  sweptAt: 0,
  stopSweep() {},
  looking: Promise.resolve(),
})

/** What watchers know of a user. */
export const nowOf = ({ shown, seen }: State, user_id: string): View =>
  shown.get(user_id) ?? offlineOf(user_id, seen.get(user_id) ?? null)

/** As others see a user who has these connections. What was chosen counts for one who is there. */
export function viewOf(
  state: State,
  user_id: string,
  here: readonly Present[],
  chosen: Presence | undefined,
  now: number,
): View {
  const before = nowOf(state, user_id)
  const leaving = state.leaving.has(user_id)
  const holds = chosen && now < (chosen.expires_at ?? Number.POSITIVE_INFINITY) ? chosen : undefined
  if ((here.length === 0 && !leaving) || holds?.status === 'offline') return offlineOf(user_id, before.last_active_at)
  const isAway = here.length > 0 && !leaving && here.every(({ idle }) => idle)
  const status = holds && holds.status !== 'online' ? holds.status : isAway ? 'away' : 'online'
  return { user_id, status, ...saidOf(holds), last_active_at: activeAt(here, before) }
}

export function saidOf(chosen: Presence | undefined): Pick<View, 'text' | 'emoji' | 'expires_at'> {
  const { text, emoji, expires_at } = chosen ?? {}
  return {
    ...(text !== undefined && { text }),
    ...(emoji !== undefined && { emoji }),
    ...(expires_at !== undefined && { expires_at }),
  }
}

/** When they were active last, by their connections and by what is known. */
export const activeAt = (here: readonly Present[], { last_active_at }: View): number | null =>
  here.reduce<number | null>((latest, { active_at }) => Math.max(latest ?? 0, active_at), last_active_at)

/** Takes up how a user is seen now; where that is something else than before, watchers are to be told. */
export function settle(state: State, view: View) {
  const { user_id } = view
  const before = nowOf(state, user_id)
  const wasShown = state.shown.delete(user_id)
  if (view.status !== 'offline') state.shown.set(user_id, view)
  else if (wasShown) remember(state.seen, user_id, before.last_active_at)
  if (alike(before, view)) return
  if (!state.changed.has(user_id)) state.changed.set(user_id, before)
  state.watched.changed(user_id, before)
}

/** Somebody knows by now how they are seen, before those who watched already: so what comes of it is told in any case. */
export function answered({ changed, watched }: State, user_ids: readonly string[]) {
  if (changed.size === 0 && watched.stirred.size === 0) return
  for (const user_id of user_ids) {
    if (changed.has(user_id)) changed.set(user_id, undefined)
    watched.answered(user_id)
  }
}

function remember(seen: Map<string, number | null>, user_id: string, at: number | null) {
  seen.delete(user_id)
  seen.set(user_id, at)
  const [oldest] = seen.size > SEEN_MOST ? seen.keys() : []
  if (oldest !== undefined) seen.delete(oldest)
}

/** They do something, or did until now. Who is away has not. */
export function touch({ shown }: State, user_id: string, now: number) {
  const view = shown.get(user_id)
  if (view && view.status !== 'away') shown.set(user_id, { ...view, last_active_at: now })
}

/** When someone has to be looked at again, if nothing happens. */
export function nextDue({ leaving, expiring }: State): number {
  let [next = Number.POSITIVE_INFINITY] = leaving.values()
  for (const at of expiring.values()) next = Math.min(next, at)
  return next
}

/** Takes out who is due. */
export function takeDue({ leaving, expiring }: State, now: number): { gone: string[]; expired: string[] } {
  const due = (from: Map<string, number>) => [...from].filter(([, at]) => at <= now).map(([user_id]) => user_id)
  const [gone, expired] = [due(leaving), due(expiring)]
  for (const user_id of gone) leaving.delete(user_id)
  for (const user_id of expired) expiring.delete(user_id)
  return { gone, expired }
}
