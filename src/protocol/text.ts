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

/** Whether it fits as UTF-8, of which a UTF-16 unit takes three bytes at most. */
const fits = (text: string, most: number): boolean =>
  text.length * 3 <= most || (text.length <= most && new TextEncoder().encode(text).length <= most)

/** What people write to each other. */
export const Text = v.pipe(
  v.string(),
  v.check((text) => fits(text, TEXT_BYTES), 'Must be at most 64 KiB of UTF-8.'),
  v.transform(clean),
)

/** What people call something. */
export const Title = v.pipe(v.string(), v.maxLength(256), v.transform(clean))

/** Free JSON of the client's, kept and given back as it is. */
export const Metadata = v.pipe(
  v.record(v.string(), v.unknown()),
  v.check((data) => fitsAsJson(data), 'Must be at most 16 KiB of JSON.'),
)

function fitsAsJson(data: unknown): boolean {
  try {
    return fits(JSON.stringify(data), METADATA_BYTES)
  } catch {
    return false // what is no JSON is too large for any bound
  }
}
