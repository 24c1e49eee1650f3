/** Fields as they may be logged: without secrets, without what people say, and never larger than a line should be. */

const MAX_DEPTH = 6
const MAX_PARTS = 50
const MAX_CHARS = 4_000
const GONE = '[redacted]'

/** Compared in small letters and digits only: `access_token`, `accessToken`, `Access-Token` are one. */
const SECRET = /token$|^auth$|authorization|cookie|password|passphrase|secret|credential|apikey|privatekey|^jwt$/
const SAID = new Set([
  'content',
  'contents',
  'text',
  'texts',
  'body',
  'data',
  'delta',
  'attachments',
  'kept',
  'payload',
])

const JWT = /\beyJ[\w-]{8,}(?:\.[\w-]*){1,4}/g
const BEARER = /\b(Bearer|Basic)\s+[^\s"',;]+/gi
const IN_QUERY = /([?&](?:token|access_token|api_key|auth)=)[^&\s"']+/gi

/** A sentence, or any text in a field. */
export function redactedText(text: string): string {
  const short = text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}…` : text
  return short.replace(JWT, GONE).replace(BEARER, `$1 ${GONE}`).replace(IN_QUERY, `$1${GONE}`)
}

/** Keys of the line itself: a field of the same name would stand in it twice. */
const OWN = new Set(['level', 'time', 'server', 'region', 'message'])

export function redactedFields(fields: object): Record<string, unknown> {
  const parts = Object.entries(partsOf(fields, 0))
  return Object.fromEntries(parts.map(([name, value]) => [OWN.has(name) ? `${name}_` : name, value]))
}

function isHidden(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '')
  return SAID.has(plain) || SECRET.test(plain)
}

function partsOf(of: object, depth: number): Record<string, unknown> {
  const parts: Record<string, unknown> = {}
  for (const name of Object.keys(of).slice(0, MAX_PARTS))
    parts[name] = isHidden(name) ? GONE : redacted((of as Record<string, unknown>)[name], depth + 1)
  return parts
}

function redacted(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactedText(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value
  if (depth > MAX_DEPTH) return '[deep]'
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
  if (value instanceof Date) return value
  if (value instanceof Error) return errorOf(value, depth)
  if (value instanceof URL) return redactedText(value.href)
  if (value instanceof Map || value instanceof Set) return `[${value.size} entries]`
  if (Array.isArray(value)) return value.slice(0, MAX_PARTS).map((part) => redacted(part, depth + 1))
  return partsOf(value, depth)
}

/** Its own sentence and place; of all else that libraries hang on an error, only its code. */
function errorOf(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error
  const code = (error as { code?: unknown }).code
  return {
    name,
    message: redactedText(message),
    ...(code !== undefined && { code: redacted(code, depth + 1) }),
    ...(stack !== undefined && { stack: redactedText(stack) }),
    ...(cause !== undefined && { cause: redacted(cause, depth + 1) }),
  }
}
