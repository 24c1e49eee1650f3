import * as v from 'valibot'

export { entryId, madeAt, newId, risingIds, seqOf } from './uuid.ts'

/** No control characters, and no lone surrogate: it has no UTF-8, so two such ids would be one key in whatever stores them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it keeps out
const WELL_FORMED = /^(?:[^\u0000-\u001F\u007F-\u009F\uD800-\uDFFF]|[\uD800-\uDBFF][\uDC00-\uDFFF])*$/

/** A name that becomes a part of keys: of a user, a room, a command. */
export const Name = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(128),
  v.regex(WELL_FORMED, 'Must hold no control characters and no lone surrogates.'),
)

export const RoomId = Name
export const UserId = Name
export const Seq = v.pipe(v.number(), v.integer(), v.minValue(1))
/** As `Seq`, where "before the first" can be said as well. */
export const SeqOrNone = v.pipe(v.number(), v.integer(), v.minValue(0))

/** A command that asks for nothing in particular, or has nothing to say beyond "done". */
export const Nothing = v.object({})

/** One key of several parts. No two lists of parts give the same key, whatever the parts hold, and none throws. */
export const keyOf = (...parts: string[]): string => parts.map(encode).join('/')

const PLAIN = /^[\w.~-]*$/

function encode(part: string): string {
  if (PLAIN.test(part)) return part
  return part.isWellFormed() ? encodeURIComponent(part) : `:${encodeURIComponent(JSON.stringify(part))}`
}

/**
 * Where things are told: one naming scheme for every set of connections. Tenants share one space of names in the log
 * and among the sockets, so each name begins with its tenant.
 */
export const tenantKey = (tenant_id: string): string => keyOf(tenant_id, 'tenant')
export const userKey = (tenant_id: string, user_id: string): string => keyOf(tenant_id, 'user', user_id)
export const deviceKey = (tenant_id: string, user_id: string, device_id: string): string =>
  keyOf(tenant_id, 'user', user_id, 'device', device_id)
export const sessionKey = (tenant_id: string, user_id: string, session_id: string): string =>
  keyOf(tenant_id, 'user', user_id, 'session', session_id)
export function roomKey(tenant_id: string, room_id: string): string {
  if (PLAIN.test(tenant_id) && PLAIN.test(room_id)) return `${tenant_id}/room/${room_id}`
  return keyOf(tenant_id, 'room', room_id)
}
/** Connections that asked to be told of a subject, such as someone's presence. */
export const watchKey = (tenant_id: string, subject: string): string => keyOf(tenant_id, 'watch', subject)
/** One of a room's features as a subject: who watches it ends with hearing the room. */
export const roomSubject = (room_id: string, feature: string): string => keyOf('room', room_id, feature)
/** Those in a room who do not want one of its features (typing, presence): they are left out when it speaks. */
export const withoutKey = (tenant_id: string, room_id: string, feature: string): string =>
  keyOf(tenant_id, 'room', room_id, 'without', feature)
