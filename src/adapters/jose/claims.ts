/** What a verified token claims → who that is. */
import { createHash } from 'node:crypto'
import type { JWTPayload } from 'jose'
import * as v from 'valibot'
import type { Role } from '../../ports/store.ts'
import type { Identity } from '../../ports/tokens.ts'
import { Failure } from '../../protocol/failure.ts'
import { keyOf, Name, RoomId } from '../../protocol/ids.ts'

/** A name as it stands, or a dotted path into objects. */
export interface ClaimNames {
  readonly user: string
  readonly tenant: string
}

/** For clocks that differ. */
export const LEEWAY_S = 5

const Grant = v.tuple([RoomId, v.picklist(['owner', 'admin', 'member', 'viewer'] satisfies Role[])])

/** NumericDate, as far as a date reaches. */
const Seconds = v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e12))

const Id = v.optional(Name)

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const Shape = v.object({
  exp: Seconds,
  iat: v.optional(Seconds),
  jti: Id,
  session_id: Id,
  device_id: Id,
  permissions: v.optional(v.array(Name)),
  rooms: v.optional(v.custom<object>(isObject)),
})

export function identityOf(payload: JWTPayload, names: ClaimNames, now: number): Identity {
  const user_id = idAt(payload, names.user, 'user')
  const tenant_id = idAt(payload, names.tenant, 'tenant')
  const { output, success, issues } = v.safeParse(Shape, payload)
  if (!success) throw refused(`The token's claim "${issues[0].path?.[0].key}" does not have the form it must have.`)
  const { exp, iat, jti, session_id, device_id, permissions, rooms } = output
  if (iat !== undefined && iat * 1_000 > now + LEEWAY_S * 1_000) throw refused('The token was issued in the future.')
  return {
    user_id,
    tenant_id,
    permissions,
    rooms: granted(rooms),
    session_id: session_id ?? jti ?? madeOf(tenant_id, user_id, iat ?? exp),
    ...(session_id === undefined && { session_made: true }),
    device_id,
    token_id: jti,
    issued_at: Math.floor((iat ?? 0) * 1_000),
    expires_at: Math.floor(exp * 1_000),
  }
}

const refused = (message: string) => new Failure('unauthenticated', message)

function idAt(payload: JWTPayload, name: string, of: string): string {
  const value = own(payload, name) ?? name.split('.').reduce(own, payload as unknown)
  if (value === undefined) throw refused(`The token names no ${of}.`)
  if (v.is(Name, value)) return value
  throw refused(`The token's ${of} is not a text of 1 to 128 characters without control characters.`)
}

const own = (of: unknown, name: string): unknown =>
  isObject(of) && Object.hasOwn(of, name) ? (of as Record<string, unknown>)[name] : undefined

/** Pair by pair, for a schema of a record would leave out a room that is called `constructor`. */
function granted(rooms: object = []): Record<string, Role> {
  const grants: Record<string, Role> = Object.create(null)
  const pairs = Array.isArray(rooms) ? rooms.map((id) => [id, 'member']) : Object.entries(rooms)
  for (const pair of pairs) {
    if (!v.is(Grant, pair)) throw refused('The token grants a room whose id is none, or a role that is none.')
    grants[pair[0]] = pair[1]
  }
  return grants
}

const madeOf = (tenant_id: string, user_id: string, since: number): string =>
  `made.${sha256(keyOf(tenant_id, user_id, String(since))).slice(0, 22)}`

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')
