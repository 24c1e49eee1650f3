import * as v from 'valibot'

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

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const chance = new Uint8Array(4_096)
let used = chance.length

/** Random bytes are drawn by the page: one call into the runtime serves hundreds of ids. */
function byte(): number {
  if (used === chance.length) {
    crypto.getRandomValues(chance)
    used = 0
  }
  return chance[used++] as number
}

const hex = () => HEX[byte()] as string

let stampedAt = -1
let stamp = ''

/** Many ids are made in one millisecond: what tells it is written once. */
function stampOf(at: number): string {
  if (at !== stampedAt) {
    const time = at.toString(16).padStart(12, '0')
    stamp = `${time.slice(0, 8)}-${time.slice(8)}-7`
    stampedAt = at
  }
  return stamp
}

const uuid = (at: number, last: string): string =>
  `${stampOf(at)}${hex()}${hex().charAt(0)}-${HEX[(byte() & 0x3f) | 0x80]}${hex()}-${last}`

/** A UUIDv7: unique, and sorted by the millisecond of its making. */
export const newId = (at: number = Date.now()): string => uuid(at, hex() + hex() + hex() + hex() + hex() + hex())

const SEQ_DIGITS = 10

/** The id of a log's entry: a UUIDv7 that ends in the entry's number (40 bits of it). */
export const entryId = (at: number, seq: number): string =>
  uuid(at, hex() + (seq % 2 ** (4 * SEQ_DIGITS)).toString(16).padStart(SEQ_DIGITS, '0'))

/** The number that an entry's id tells; of any other string some number, or NaN: compare ids before believing it. */
export const seqOf = (id: string): number => Number.parseInt(id.slice(-SEQ_DIGITS), 16)

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

/** When a UUIDv7 was made, in ms; nothing for what is none. */
export const madeAt = (id: string): number | undefined =>
  UUID_V7.test(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined

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
export const sessionKey = (tenant_id: string, session_id: string): string => keyOf(tenant_id, 'session', session_id)
export function roomKey(tenant_id: string, room_id: string): string {
  if (PLAIN.test(tenant_id) && PLAIN.test(room_id)) return `${tenant_id}/room/${room_id}`
  return keyOf(tenant_id, 'room', room_id)
}
/** Those in a room who do not want one of its features (typing, presence): they are left out when it speaks. */
export const withoutKey = (tenant_id: string, room_id: string, feature: string): string =>
  keyOf(tenant_id, 'room', room_id, 'without', feature)
