import * as v from 'valibot'
import { Name } from '../../protocol/ids.ts'

export const Limit = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(200)), 50)

/** Where the page before ended; opaque to clients. */
export const Cursor = v.optional(Name)

/** Of one more than was asked for: a page, and where the next begins if there is one. */
export function pageOf<Item>(found: readonly Item[], limit: number, cursorOf: (item: Item) => string) {
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return { items, next_cursor: found.length > limit && last !== undefined ? cursorOf(last) : undefined }
}
