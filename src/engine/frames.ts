/** What comes and goes, by its weight and its number. */
import type { RawData } from './upstream.ts'

/** Of a text its characters: near enough where it is to be bounded, and nothing has to be walked for it. */
export const sizeOf = (data: RawData): number => (typeof data === 'string' ? data.length : data.byteLength)

/** Between the packets of one request or response. */
export const SEPARATOR = '\x1e'

/** How many packets a request brings, counted up to one more than it may. */
export function packetsIn(payload: string, most: number): number {
  let count = 1
  for (let at = payload.indexOf(SEPARATOR); at !== -1 && count <= most; at = payload.indexOf(SEPARATOR, at + 1)) count++
  return count
}
