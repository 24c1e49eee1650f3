/** Texts and free data as they are taken from clients: bounded, well-formed, without control characters, never read as HTML. */
import * as v from 'valibot'

export const TEXT_BYTES = 65_536
export const METADATA_BYTES = 16_384

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it takes out
const CONTROL = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const SUSPECT = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\uD800-\uDFFF]/

/** Line breaks and tabs stay; other control characters go, and lone surrogates become the replacement character. */
const clean = (text: string): string => (SUSPECT.test(text) ? text.replace(CONTROL, '').toWellFormed() : text)

const bytes = (text: string): number => {
  if (text.length * 3 <= TEXT_BYTES) return text.length
  return new TextEncoder().encode(text).length
}

/** What people write to each other. */
export const Text = v.pipe(
  v.string(),
  v.check((text) => bytes(text) <= TEXT_BYTES, 'Must be at most 64 KiB of UTF-8.'),
  v.transform(clean),
)

/** What people call something. */
export const Title = v.pipe(v.string(), v.maxLength(256), v.transform(clean))

/** Free JSON of the client's, kept and given back as it is. */
export const Metadata = v.pipe(
  v.record(v.string(), v.unknown()),
  v.check((data) => sized(data) <= METADATA_BYTES, 'Must be at most 16 KiB of JSON.'),
)

function sized(data: unknown): number {
  try {
    return JSON.stringify(data).length
  } catch {
    return Number.POSITIVE_INFINITY // what is no JSON is too large for any bound
  }
}
