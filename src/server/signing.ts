/** Who comes in: what a handshake or `authenticate` brings becomes a caller, or a refusal that comes late. */
import * as v from 'valibot'
import type { Caller, Connection, Credentials } from '../features/caller.ts'
import { sharedPermissions } from '../features/permissions.ts'
import { OnDevice } from '../features/sessions/session.ts'
import type { Clock } from '../ports/clock.ts'
import type { Identity, Tokens } from '../ports/tokens.ts'
import { Failure } from '../protocol/failure.ts'
import { Name } from '../protocol/ids.ts'
import { newestVersion, versions } from '../protocol/version.ts'

/** What a handshake may hold; the token is looked at by itself, and what is not known is ignored. */
export const Handshake = v.object({
  ...OnDevice.entries,
  session_id: v.optional(Name),
  protocol: v.optional(v.number(), newestVersion),
  positions: v.optional(v.record(v.string(), v.object({ epoch: v.string(), seq: v.number() }))),
})
export type Handshake = v.InferOutput<typeof Handshake>

const Development = v.object({ userId: Name, sessionId: v.optional(Name), tenantId: v.optional(Name, 'dev') })

export interface SignedIn {
  readonly caller: Caller
  readonly expires_at: number
}

export interface Signing {
  /** Refuses what no version of the protocol allows. */
  handshake(auth: unknown): Handshake
  /** Nothing where the handshake brings neither a token nor, in development and from loopback, a name. */
  fromHandshake(auth: unknown, address: string, connection: Connection): Promise<SignedIn> | undefined
  fromToken(credentials: Credentials, connection: Connection, session_id?: string): Promise<SignedIn>
}

interface World {
  readonly tokens: Tokens
  readonly clock: Clock
  /** Whether `{userId, sessionId}` is enough, from this machine's own addresses. */
  readonly development: boolean
  /** 0 to 1. */
  chance(): number
}

const LATE = new Set(['unauthenticated', 'token_expired', 'forbidden'])
const LATE_MOST = 1_000
const DEVELOPMENT_MS = 24 * 3_600_000

export const isLoopback = (address: string): boolean => /^(::1|(::ffff:)?127(\.\d{1,3}){3})$/.test(address)

export function signing({ tokens, clock, development, chance }: World): Signing {
  let waiting = 0

  /** Guessing is made slow, but the slowed must not pile up. */
  async function late(failure: unknown): Promise<never> {
    if (failure instanceof Failure && LATE.has(failure.code) && waiting < LATE_MOST) {
      waiting++
      await new Promise<void>((then) => clock.after(1_000 + Math.floor(chance() * 1_000), then))
      waiting--
    }
    throw failure
  }

  async function check(credentials: Credentials, connection: Connection, session_id: string | undefined) {
    const identity = await tokens.verify(credentials.token)
    agree('device_id', identity.device_id, credentials.device_id)
    agree('session_id', session_id && identity.session_id, session_id)
    return signedIn(identity, identity.device_id ?? credentials.device_id, connection)
  }

  const fromToken: Signing['fromToken'] = (credentials, connection, session_id) =>
    check(credentials, connection, session_id).catch(late)

  function fromDevelopment(auth: unknown, connection: Connection): SignedIn | undefined {
    const named = v.safeParse(Development, auth)
    if (!named.success) return undefined
    const { userId, tenantId, sessionId = `development.${userId}` } = named.output
    const expires_at = clock.now() + DEVELOPMENT_MS
    const rest = { permissions: undefined, rooms: {}, token_id: undefined, issued_at: clock.now(), expires_at }
    const identity = { ...rest, user_id: userId, tenant_id: tenantId, session_id: sessionId, device_id: undefined }
    return signedIn(identity, v.parse(Handshake, auth).device_id, connection)
  }

  return {
    handshake(auth) {
      const { success, output, issues } = v.safeParse(Handshake, auth ?? {})
      if (!success)
        throw new Failure('validation_failed', 'The handshake does not have the shape this service takes.', {
          details: issues.map((issue) => ({ path: v.getDotPath(issue) ?? '', message: issue.message })),
        })
      if (versions.includes(output.protocol)) return output
      throw new Failure('unsupported_version', 'This version of the protocol is not spoken here.', {
        details: { supported: versions },
      })
    },
    fromHandshake(auth, address, connection) {
      const { token, session_id } = auth as { token?: unknown; session_id?: string }
      if (token !== undefined && token !== null && token !== '') {
        if (typeof token !== 'string') return late(new Failure('unauthenticated', 'The token is no text.'))
        return fromToken({ ...v.parse(Handshake, auth), token }, connection, session_id)
      }
      const named = development && isLoopback(address) ? fromDevelopment(auth, connection) : undefined
      return named && Promise.resolve(named)
    },
    fromToken,
  }
}

function agree(what: string, token: string | undefined, handshake: string | undefined) {
  if (token !== undefined && handshake !== undefined && token !== handshake)
    throw new Failure('forbidden', `The token is for another ${what} than the handshake names.`)
}

function signedIn(identity: Identity, device_id: string | undefined, connection: Connection): SignedIn {
  const { tenant_id, user_id, session_id, permissions, rooms, expires_at } = identity
  const caller = { tenant_id, user_id, device_id, session_id, grants: rooms, connection }
  return { caller: { ...caller, permissions: sharedPermissions(permissions) }, expires_at }
}
