/**
 * What is for a person rather than for a room. It is kept from the moment it is accepted until one of their devices says
 * that it has it: told at once to who is there, again on each return, and meanwhile again and again, ever more rarely.
 */
import * as v from 'valibot'
import type { Present } from '../../ports/roster.ts'
import type { Queued } from '../../ports/store.ts'
import { risingIds } from '../../protocol/ids.ts'
import type { Context } from '../feature.ts'

/** Of one user no more than this is kept. */
const QUEUED_MOST = 1_000
/** Each may be as large as a packet. */
const PAGE = 10
/** Told again after 10 s, 20 s more, 40 s more … to one who is there and does not answer. */
const FIRST_MS = 10_000
const LONGEST_MS = 86_400_000
/** So much is told again at once, and the next when some was taken: nobody waits here for those who read it. */
const AGAIN_MOST = 100
const AGAIN_LENGTH = 262_144
/** Others are served after so many users. */
const AT_ONCE = 100

const DAY_S = 86_400
const KEPT_S = 7 * DAY_S

/** For how long it is kept at most. */
export const ExpiresIn = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(30 * DAY_S)))

/** Users who are here and have not taken all: how often they were told again, and when next. One sweep serves them all. */
export interface Untaken {
  readonly users: Map<string, { readonly tries: number; readonly at: number }>
  sweepAt: number
  callOff: () => void
  readonly nextId: (at: number) => string
}

export const untaken = (): Untaken => ({
  users: new Map(),
  sweepAt: Number.POSITIVE_INFINITY,
  callOff() {},
  nextId: risingIds(),
})

interface Kept extends Pick<Queued, 'user_id' | 'device_id' | 'action'> {
  readonly expires_in_s: number | undefined
  /** Made of the id under which it is taken. */
  data(id: string): unknown
}

/** The answer is the id under which it is taken, which its envelope has too. */
export async function keep(ctx: Context<Untaken>, { data, expires_in_s = KEPT_S, ...what }: Kept): Promise<string> {
  const { now: created_at, caller } = ctx
  const id = ctx.state.nextId(created_at)
  const expires_at = created_at + expires_in_s * 1_000
  const queued = { ...what, id, tenant_id: caller.tenant_id, data: data(id), created_at, expires_at }
  await ctx.store.apply([{ do: 'enqueue', queued, most: QUEUED_MOST }])
  ctx.hand(queued)
  return id
}

/** To a connection that has just come: all that waits for its user, or its device, as fast as it reads. Was there any? */
export async function handAll(ctx: Context): Promise<boolean> {
  const { connection, device_id } = ctx.caller
  if (!connection) return false
  let any = false
  for await (const queued of waiting(ctx, ctx.userId)) {
    if (connection.left !== undefined) return any
    if (!isFor(queued, [device_id])) continue
    ctx.hand(queued, connection)
    any = true
    await connection.ready()
  }
  return any
}

/** Tells again later, if it is not taken by then. */
export function tellAgain(ctx: Context<Untaken>, user_id: string) {
  const { users } = ctx.state
  const { tries, at } = users.get(user_id) ?? { tries: 0, at: ctx.now + FIRST_MS }
  users.set(user_id, { tries, at }) // another one, which stays where a sweep is looking at the one before
  sweepBy(ctx, at)
}

/** Who takes what they are told is told the rest again soon. */
export function answered(ctx: Context<Untaken>) {
  const { users } = ctx.state
  const before = users.get(ctx.userId)
  if (!before || before.tries === 0) return
  const at = Math.min(before.at, ctx.now + FIRST_MS)
  users.set(ctx.userId, { tries: 0, at })
  sweepBy(ctx, at)
}

function sweepBy(ctx: Context<Untaken>, at: number) {
  const { state, now } = ctx
  if (at >= state.sweepAt) return
  state.callOff()
  state.sweepAt = at
  state.callOff = ctx.after(Math.max(at - now, 0), () => sweep(ctx))
}

async function sweep(ctx: Context<Untaken>) {
  const { state, now } = ctx
  const { users } = state
  state.sweepAt = Number.POSITIVE_INFINITY
  const due = [...users].filter(([, { at }]) => at <= now).map(([user_id, { tries }]) => later(user_id, tries + 1, now))
  for (const [user_id, next] of due) users.set(user_id, next) // first, so that they are tried again where this fails
  try {
    const here = await ctx.roster.of(due.map(([user_id]) => user_id))
    for (const [n, [user_id, next]] of due.entries()) {
      if (n % AT_ONCE === AT_ONCE - 1) await new Promise<void>((then) => void ctx.after(0, then))
      if (!(await repeat(ctx, user_id, here[n] ?? [])) && users.get(user_id) === next) users.delete(user_id)
    }
  } finally {
    for (const { at } of users.values()) sweepBy(ctx, at)
  }
}

const later = (user_id: string, tries: number, now: number) =>
  [user_id, { tries, at: now + Math.min(FIRST_MS * 2 ** tries, LONGEST_MS) }] as const

/** Whether there was something to say to one of these connections. What was said a moment ago is not said again yet. */
async function repeat(ctx: Context, user_id: string, here: readonly Present[]): Promise<boolean> {
  if (here.length === 0) return false
  const devices = here.map(({ device_id }) => device_id)
  let any = false
  let count = 0
  let length = 0
  for await (const queued of waiting(ctx, user_id)) {
    if (!isFor(queued, devices)) continue
    any = true
    if (queued.created_at > ctx.now - FIRST_MS || count++ === AGAIN_MOST || length > AGAIN_LENGTH) break
    length += JSON.stringify(queued.data)?.length ?? 0
    ctx.hand(queued)
  }
  return any
}

const isFor = ({ device_id }: Queued, devices: readonly (string | undefined)[]) =>
  device_id === undefined || devices.includes(device_id)

async function* waiting(ctx: Context, user_id: string) {
  let after: string | undefined
  for (;;) {
    const page = await ctx.store.queued(user_id, after, PAGE)
    yield* page
    after = page.at(-1)?.id
    if (page.length < PAGE) return
  }
}
