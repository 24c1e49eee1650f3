/** Who comes in: what a handshake or `authenticate` brings becomes a caller, or a refusal that comes late. */
import * as v from 'valibot'
import type { Caller, Connection, Credentials } from '../../features/caller.ts'
import { sharedPermissions } from '../../features/permissions.ts'
import { caps } from '../../features/rooms/caps.ts'
import { OnDevice } from '../../features/sessions/session.ts'
import type { Revocations } from '../../pipeline/revocations.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Identity, Tokens } from '../../ports/tokens.ts'
import { Failure } from '../../protocol/failure.ts'
import { Name } from '../../protocol/ids.ts'
import { newestVersion, versions } from '../../protocol/version.ts'
import { holds } from './revoking.ts'
import type { Suspicion } from './suspicion.ts'

/** What a handshake may hold; the token is looked at by itself, and what is not known is ignored. */
export const Handshake = v.object({
  ...OnDevice.entries,
  session_id: v.optional(Name),
  protocol: v.optional(v.number(), newestVersion),
  positions: v.optional(
    v.pipe(
      v.record(v.string(), v.object({ epoch: v.string(), seq: v.number() })),
      v.maxEntries(caps.positions, `A handshake takes ${caps.positions} at most; send more with state:sync.`),
    ),
  ),
  /** Socket.IO's own: by which a stock client that comes back says who it was. */
  pid: v.fallback(v.optional(v.string()), undefined),
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
  fromHandshake(
    auth: unknown,
    address: string,
    connection: Connection,
    given?: Handshake,
  ): Promise<SignedIn> | undefined
  fromToken(credentials: Credentials, connection: Connection, session_id?: string): Promise<SignedIn>
}

/** By the token, else by the handshake. */
type Place = Pick<Caller, 'device_id' | 'session_id'>

interface World {
  readonly tokens: Tokens
  /** A device may be revoked that the token does not name. */
  readonly revocations: Pick<Revocations, 'refuses'>
  readonly clock: Clock
  readonly suspicion?: Pick<Suspicion, 'refused' | 'signedIn' | 'wait'> | undefined
  /** Whether `{userId, sessionId}` is enough, from this machine's own addresses. */
  readonly development: boolean
  /** 0 to 1. */
  chance(): number
}

const LATE = new Set(['unauthenticated', 'token_expired', 'session_revoked', 'forbidden'])
const LATE_MOST = 1_000
const DEVELOPMENT_MS = 24 * 3_600_000

export const isLoopback = (address: string): boolean => /^(::1|(::ffff:)?127(\.\d{1,3}){3})$/.test(address)

export function signing({ tokens, revocations, clock, suspicion, development, chance }: World): Signing {
  let waiting = 0

  /** Guessing is made slow, but the slowed must not pile up. */
  async function late(failure: unknown, { network }: Connection): Promise<never> {
    suspicion?.refused(network, failure)
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
    agree('session_id', identity.session_made ? undefined : identity.session_id, session_id)
    const { device_id = credentials.device_id } = identity
    return taken(identity, { device_id, session_id: session_id ?? identity.session_id }, connection)
  }

  function taken(identity: Identity, on: Place, connection: Connection): SignedIn {
    const signed = signedIn(identity, on, connection)
    holds(signed.caller, revocations)
    return signed
  }

  /** Who is in has no need to wait. */
  async function fromToken(credentials: Credentials, connection: Connection, session_id?: string): Promise<SignedIn> {
    const waiting = connection.tenant_id ? undefined : suspicion?.wait(connection.network)
    if (waiting) await waiting
    const signed = await check(credentials, connection, session_id).catch((failure) => late(failure, connection))
    suspicion?.signedIn(connection.network, signed.caller.tenant_id, signed.caller.user_id)
    return signed
  }

  async function fromDevelopment(
    { userId, tenantId, sessionId = `development.${userId}` }: v.InferOutput<typeof Development>,
    { device_id }: Handshake,
    connection: Connection,
  ) {
    const expires_at = clock.now() + DEVELOPMENT_MS
    const rest = { permissions: undefined, rooms: {}, token_id: undefined, issued_at: clock.now(), expires_at }
    const identity = { ...rest, user_id: userId, tenant_id: tenantId, session_id: sessionId, device_id: undefined }
    return taken(identity, { device_id, session_id: sessionId }, connection)
  }

  return {
    handshake(auth) {
      const { success, output, issues } = v.safeParse(Handshake, withoutNulls(auth ?? {}))
      if (!success)
        throw new Failure('validation_failed', 'The handshake does not have the shape this service takes.', {
          details: issues.map((issue) => ({ path: v.getDotPath(issue) ?? '', message: issue.message })),
        })
      if (versions.includes(output.protocol)) return output
      throw new Failure('unsupported_version', 'This version of the protocol is not spoken here.', {
        details: { supported: versions },
      })
    },
    fromHandshake(auth, address, connection, given = v.parse(Handshake, auth)) {
      const { token } = auth as { token?: unknown }
      if (token !== undefined && token !== null && token !== '') {
        if (typeof token !== 'string') return late(new Failure('unauthenticated', 'The token is no text.'), connection)
        return fromToken({ ...given, token }, connection, given.session_id)
      }
      const named = development && isLoopback(address) ? v.safeParse(Development, auth) : undefined
      return named?.success
        ? fromDevelopment(named.output, given, connection).catch((failure) => late(failure, connection))
        : undefined
    },
    fromToken,
  }
}

/** What a client has not is often `null`, as `authenticated` says it of an anonymous device. */
function withoutNulls(auth: object): object {
  if (!Object.values(auth).includes(null)) return auth
  return Object.fromEntries(Object.entries(auth).filter(([, value]) => value !== null))
}

function agree(what: string, token: string | undefined, handshake: string | undefined) {
  if (token !== undefined && handshake !== undefined && token !== handshake)
    throw new Failure('forbidden', `The token is for another ${what} than the handshake names.`)
}

function signedIn(identity: Identity, on: Place, connection: Connection): SignedIn {
  const { tenant_id, user_id, session_id, permissions, rooms, token_id, issued_at, expires_at } = identity
  const token = { token_id, session_id, device_id: identity.device_id, issued_at }
  const caller = { tenant_id, user_id, ...on, grants: rooms, token, connection }
  return { caller: { ...caller, permissions: sharedPermissions(permissions) }, expires_at }
}
