/** In whose name a request comes: its bearer's, or with `admin` another user's. */
import * as v from 'valibot'
import type { Caller } from '../../features/caller.ts'
import { sharedPermissions } from '../../features/permissions.ts'
import type { Tokens } from '../../ports/tokens.ts'
import { Failure } from '../../protocol/failure.ts'
import { UserId } from '../../protocol/ids.ts'

const BEARER = /^Bearer +(\S.*)$/i

/** Of a user's token, or of an API key. */
export async function bearerOf(headers: Headers, tokens: Tokens): Promise<Caller> {
  const identity = await tokens.verify(credentialIn(headers))
  const { user_id, tenant_id, session_id, permissions, rooms, key } = identity
  return {
    user_id,
    tenant_id,
    device_id: undefined,
    session_id,
    permissions: sharedPermissions(permissions),
    grants: rooms,
    key,
    token: identity,
    connection: undefined,
  }
}

/** Who brings nothing guesses nothing. */
export const bringsCredential = (headers: Headers): boolean => headers.has('authorization') || headers.has('x-api-key')

function credentialIn(headers: Headers): string {
  const authorization = headers.get('authorization')
  const [, token] = BEARER.exec(authorization ?? '') ?? []
  const credential = authorization === null ? headers.get('x-api-key') : token?.trim()
  if (credential) return credential
  throw new Failure('unauthenticated', 'This takes the header "Authorization: Bearer", and a token or an API key.')
}

/** Takes the field that names another user out of the data. They are acted for with the bearer's permissions. */
export function actingAs(bearer: Caller, field: string | undefined, said: Record<string, unknown>) {
  if (field === undefined) return { caller: bearer, data: said }
  const { [field]: user_id = bearer.user_id, ...data } = said
  if (!v.is(UserId, user_id)) {
    const message = 'Must be the id of a user.'
    throw new Failure('validation_failed', `The ${field} is no user's id.`, { details: [{ path: field, message }] })
  }
  if (user_id === bearer.user_id) return { caller: bearer, data }
  if (!bearer.permissions.admin)
    throw new Failure('forbidden', `To name another user as ${field} takes the permission "admin".`)
  return { caller: { ...bearer, user_id }, data }
}
