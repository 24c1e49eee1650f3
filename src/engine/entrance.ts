/** What every request is asked before an engine sees it: where it comes from, and whether it can be what it says it is. */

import type { EngineHooks, EngineOptions } from './options.ts'
import { origins } from './origins.ts'

export type Refused = 'origin' | 'protocol' | 'full' | 'hook'

type Headers = Readonly<Record<string, string>>

/** A request that may come in. */
export interface Asked {
  readonly request: Request
  readonly query: URLSearchParams
  readonly transport: 'polling' | 'websocket'
  /** No session: it wants a new connection. */
  readonly sid: string | undefined
  /** To answer it with. */
  readonly headers: Headers
}

interface Host {
  readonly options: EngineOptions
  readonly hooks: EngineHooks
  readonly refused: Record<Refused, number>
  readonly clientsCount: number
  /** Tells Socket.IO's listeners for `connection_error`. */
  complain(request: Request, code: number, message: string): void
}

export type Entrance = ReturnType<typeof entrance>

/** The engine's own numbers, as its clients know them. */
const ERRORS = [
  'Transport unknown',
  'Session ID unknown',
  'Bad handshake method',
  'Bad request',
  'Forbidden',
  'Unsupported protocol version',
] as const

const UNKNOWN_TRANSPORT = 0
export const UNKNOWN_SESSION = 1
const BAD_METHOD = 2
export const BAD_REQUEST = 3
const FORBIDDEN = 4
const BAD_VERSION = 5

const RETRY_S = '5'

export function entrance(host: Host) {
  const { options, hooks, refused } = host
  const allowed = origins(options.origins)
  const bare = options.path.slice(0, -1)

  function error(code: number, { request, headers }: Pick<Asked, 'request' | 'headers'>): Response {
    const message = ERRORS[code] as string
    refused.protocol++
    host.complain(request, code, message)
    return Response.json({ code, message }, { status: 400, headers })
  }

  function look(request: Request): Asked | Response {
    if (!allowed.allows(request)) {
      refused.origin++
      return Response.json({ code: FORBIDDEN, message: ERRORS[FORBIDDEN] }, { status: 403 })
    }
    if (request.method === 'OPTIONS') return allowed.preflight(request)
    const { url } = request
    const start = url.indexOf('?')
    const query = new URLSearchParams(start === -1 ? '' : url.slice(start + 1))
    const sid = query.get('sid') ?? undefined
    const refusal = hooks.refuse?.(request, sid)
    if (refusal) {
      refused.hook++
      return refusal
    }
    const headers = allowed.headers(request)
    const transport = query.get('transport')
    if (transport !== 'polling' && transport !== 'websocket') return error(UNKNOWN_TRANSPORT, { request, headers })
    const asked = { request, query, transport, sid, headers } as const
    return (sid === undefined ? arrive(asked) : undefined) ?? asked
  }

  function arrive(asked: Asked): Response | undefined {
    const { request, query, headers } = asked
    if (request.method !== 'GET') return error(BAD_METHOD, asked)
    if (query.get('EIO') !== '4') return error(BAD_VERSION, asked)
    if (!isConsistent(asked)) return error(BAD_REQUEST, asked)
    if (host.clientsCount < options.maxConnections) return undefined
    refused.full++
    return new Response(null, { status: 503, headers: { ...headers, 'retry-after': RETRY_S } })
  }

  /** Whether a request is for the engine. */
  function owns({ url }: { readonly url: string }): boolean {
    const start = url.indexOf('/', url.indexOf('://') + 3)
    const end = url.indexOf('?', start)
    const path = url.slice(start, end === -1 ? undefined : end)
    return path === options.path || path === bare
  }

  /** Asked of newcomers only: who is in may stay. */
  function keepOut(address: string): Response | undefined {
    const refusal = hooks.keepOut?.(address)
    if (refusal) refused.hook++
    return refusal
  }

  return { owns, look, keepOut, error }
}

/** A WebSocket asks for an upgrade, and nothing else does. */
export const isConsistent = ({ request, transport }: Asked): boolean =>
  (request.headers.get('upgrade')?.toLowerCase() === 'websocket') === (transport === 'websocket')
