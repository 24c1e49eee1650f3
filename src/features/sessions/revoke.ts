import * as v from 'valibot'
import type { Revocation } from '../../ports/store.ts'
import { Failure } from '../../protocol/failure.ts'
import { keyOf, Name, Nothing, UserId } from '../../protocol/ids.ts'
import { type Context, command, type Rule } from '../feature.ts'

/** So long a revocation is kept, where nobody says when the last of its tokens ends. No token should be good for longer. */
const KEPT_MS = 400 * 86_400_000
/** Later than any token: it is revoked whenever it was issued. */
const EVER = 8_640_000_000_000_000
/** For clocks that differ. */
const AHEAD_MS = 60_000

const Time = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(EVER))

const Named = v.object({
  session_id: v.optional(Name),
  token_id: v.optional(Name),
  user_id: v.optional(UserId),
  device_id: v.optional(Name),
  issued_before: v.optional(Time),
  expires_at: v.optional(Time),
})
type Asked = v.InferOutput<typeof Named>

const Input = v.pipe(
  Named,
  v.check(
    namesOne,
    'Name one: session_id, token_id, user_id (with device_id: of one device; with issued_before: the earlier ones), or issued_before alone (of the whole tenant).',
  ),
)

function namesOne({ session_id, token_id, user_id, device_id, issued_before }: Asked): boolean {
  const all = user_id === undefined ? issued_before : undefined
  const named = [session_id, token_id, user_id, all].filter((one) => one !== undefined)
  const aside = user_id === undefined ? device_id : device_id === undefined ? undefined : issued_before
  return named.length === 1 && aside === undefined
}

const ownOrAdmin: Rule<Asked> = {
  says: 'oneself: what is one’s own; the permission `admin`: everything of the tenant',
  async check(ctx, asked) {
    if (ctx.caller.permissions.admin || (await isOwn(ctx, asked))) return
    throw new Failure('forbidden', 'This is not your own, or not known to be: it takes the permission `admin`.')
  },
}

async function isOwn(ctx: Context, { session_id, token_id, user_id, device_id }: Asked): Promise<boolean> {
  const { caller, userId } = ctx
  if (user_id !== undefined && device_id !== undefined) return user_id === userId && (await hasDevice(ctx, device_id))
  if (user_id !== undefined) return user_id === userId
  if (token_id !== undefined) return token_id === caller.token?.token_id
  if (session_id === undefined) return false
  const [connections = []] = await ctx.roster.of([userId])
  const ofThisOne = [caller.session_id, caller.token?.session_id]
  return ofThisOne.includes(session_id) || connections.some((one) => one.session_id === session_id)
}

export const revoke = command({
  about:
    'Tokens are taken no more, and connections that rest on them end: those of a session, a token by its id, a user, a device, ' +
    'or all of the tenant that were issued before a time. Tokens tell whole seconds: one of the very second counts as earlier, ' +
    'unless `issued_before` spares it. It is kept for 400 days, or until `expires_at`, when the last of them ends.',
  input: Input,
  output: Nothing,
  allow: ownOrAdmin,
  rate: { take: 100, every_ms: 60_000 },

  async handle(ctx: Context, asked) {
    const { user_id, device_id } = asked
    if (user_id !== undefined && device_id !== undefined)
      await revokeDevice(ctx, user_id, device_id, untilOf(ctx, asked))
    else await ctx.revoke(revocationOf(ctx, asked), { whose: user_id ?? ownId(ctx) })
    return {}
  },
})

/** Who is no admin can only have named what is their own. */
const ownId = ({ caller, userId }: Context) => (caller.permissions.admin ? undefined : userId)

function revocationOf(ctx: Context, asked: Asked): Omit<Revocation, 'tenant_id'> {
  const { session_id, token_id, user_id, issued_before: before = ctx.now + 1 } = asked
  if (before > ctx.now + AHEAD_MS) throw noSuchTime('issued_before', 'This is yet to come.')
  if (before < ctx.now - KEPT_MS) throw noSuchTime('issued_before', 'No token is as old as this. It is a time in ms.')
  const until = untilOf(ctx, asked)
  if (session_id !== undefined) return { what: 'session', subject: sessionOf(ctx, session_id), before: EVER, until }
  if (token_id !== undefined) return { what: 'token', subject: token_id, before: EVER, until }
  if (user_id !== undefined) return { what: 'user', subject: user_id, before, until }
  return { what: 'all', subject: '', before, until }
}

/** An issuer may give two users one: who is no admin ends their own alone. */
function sessionOf(ctx: Context, session_id: string): string {
  const whose = ownId(ctx)
  return whose === undefined ? keyOf(session_id) : keyOf(whose, session_id)
}

function untilOf({ now }: Context, { expires_at = now + KEPT_MS }: Asked): number {
  if (expires_at > now + KEPT_MS) throw noSuchTime('expires_at', 'This is too far ahead.')
  if (expires_at <= now) throw noSuchTime('expires_at', 'This is over: nothing would be revoked. It is a time in ms.')
  return expires_at
}

const noSuchTime = (path: string, message: string) =>
  new Failure('validation_failed', message, { details: [{ path, message }] })

export const hasDevice = async ({ store, userId }: Context, device_id: string): Promise<boolean> =>
  (await store.devices(userId)).some((one) => one.device_id === device_id)

/** Its record goes with its tokens: what its connections leave behind must not bring it back. */
export function revokeDevice(ctx: Context, user_id: string, device_id: string, until = ctx.now + KEPT_MS) {
  const { tenant_id } = ctx.caller
  const revocation = { what: 'device', subject: keyOf(user_id, device_id), before: ctx.now + 1, until } as const
  return ctx.revoke(revocation, { whose: user_id, along: [{ do: 'drop_device', tenant_id, user_id, device_id }] })
}
