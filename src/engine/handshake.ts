/** What is kept of a request: one plain object for the many that differ in nothing. A Request, its URL and headers are some KB. */
import { randomBytes } from 'node:crypto'
import type { HandshakeRequest } from './upstream.ts'

/** What every client sends; not worth keeping. */
const USUAL = new Set(['EIO', 'transport', 't', 'sid', 'b64'])

/** Kinds of handshake that are remembered: pages come from few origins, who makes up many gains nothing. */
const MOST_KINDS = 1_000

export const newSession = (): string => randomBytes(15).toString('base64url')

export function handshakes() {
  const shared = new Map<string, HandshakeRequest>()

  return function handshakeOf(request: Request, query: URLSearchParams, encrypted: boolean): HandshakeRequest {
    const transport = query.get('transport') ?? ''
    const origin = request.headers.get('origin')
    const own = [...query].filter(([name]) => !USUAL.has(name))
    const kind = `${encrypted} ${transport} ${origin}`
    const known = own.length === 0 ? shared.get(kind) : undefined
    if (known) return known
    const headers = origin === null ? {} : { origin }
    const _query = { EIO: '4', transport, ...Object.fromEntries(own) }
    const made: HandshakeRequest = Object.freeze({ url: '', headers, _query, connection: { encrypted } })
    if (own.length === 0 && shared.size < MOST_KINDS) shared.set(kind, made)
    return made
  }
}
