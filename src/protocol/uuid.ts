/** Ids that sort by time. Pure, so that a browser can make them too. */

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

const COUNTED = 2 ** 12

/** Makes ids as `newId` does, each greater than those before it, also in one millisecond: a counter stands after the time. */
export function risingIds(): (at?: number) => string {
  let last = Number.NEGATIVE_INFINITY
  let counter = 0
  return (at = Date.now()) => {
    counter = at > last ? 0 : counter + 1
    last = Math.max(last, at) + Math.floor(counter / COUNTED)
    counter %= COUNTED
    const id = newId(last)
    return `${id.slice(0, 15)}${counter.toString(16).padStart(3, '0')}${id.slice(18)}`
  }
}

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
