export type Fields = Readonly<Record<string, unknown>>

/**
 * Lines for whoever operates the service: what happened, in a sentence, and fields for a program.
 *
 * Tokens, keys, and what people say never appear, at whatever depth of the fields, nor in a message or an error: they
 * are taken out by the names of fields (`token`, `authorization`, `content`, `text` …) and by what a token looks like.
 * A name that hides a secret behind another word is not found, so give fields, not whole requests.
 */
export interface Logger {
  debug(fields: Fields, message: string): void
  info(fields: Fields, message: string): void
  warn(fields: Fields, message: string): void
  error(fields: Fields, message: string): void
  /** The same, with these fields on every line: `request_id` above all. */
  child(fields: Fields): Logger
}
