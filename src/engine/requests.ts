/** Requests to the engine's path: who may come in, and what each request is for. */
import { randomBytes } from 'node:crypto'
import { networkOf, type Peer, peers } from './address.ts'
import { bodies } from './bodies.ts'
import type { Connection } from './connection.ts'
import type { Engine, Refused } from './engine.ts'
import { handshakes } from './handshake.ts'
import { origins } from './origins.ts'
import { PollingTransport, text } from './polling.ts'
import { WebSocketTransport } from './websocket.ts'

type Server = Bun.Server<WebSocketTransport>

type Headers = Readonly<Record<string, string>>

type Answer = Response | Promise<Response> | undefined

interface Asked {
  readonly request: Request
  readonly server: Server
  readonly query: URLSearchParams
  readonly headers: Headers
}

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
const UNKNOWN_SESSION = 1
const BAD_METHOD = 2
const BAD_REQUEST = 3
const FORBIDDEN = 4
const BAD_VERSION = 5

const RETRY_S = '5'

const newSession = (): string => randomBytes(15).toString('base64url')

export function requests(engine: Engine) {
  const { options, hooks, refused } = engine
  const allowed = origins(options.origins)
  const peerOf = peers(options.trustedProxies)
  const body = bodies(options.bodyTimeout)
  const handshakeOf = handshakes()
  const bare = options.path.slice(0, -1)

  function error(code: number, { request, headers }: Pick<Asked, 'request' | 'headers'>, status = 400): Response {
    const message = ERRORS[code]
    refused.protocol++
    engine.emitReserved('connection_error', { req: request, code, message, context: {} })
    return Response.json({ code, message }, { status, headers })
  }

  function busy(why: Refused, status: number, { headers }: Asked): Response {
    refused[why]++
    return new Response(null, { status, headers: { ...headers, 'retry-after': RETRY_S } })
  }

  function fetch(request: Request, server: Server): Answer {
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
    const asked = { request, server, query, headers: allowed.headers(request) }
    return sid === undefined ? arrive(asked) : proceed(asked, sid)
  }

  function arrive(asked: Asked): Answer {
    const { request, server, query } = asked
    const transport = query.get('transport')
    if (transport !== 'polling' && transport !== 'websocket') return error(UNKNOWN_TRANSPORT, asked)
    if (request.method !== 'GET') return error(BAD_METHOD, asked)
    if (query.get('EIO') !== '4') return error(BAD_VERSION, asked)
    if (isUpgrade(request) !== (transport === 'websocket')) return error(BAD_REQUEST, asked)
    if (engine.clients.size >= options.maxConnections) return busy('full', 503, asked)
    const peer = peerOf(request, server)
    return transport === 'websocket' ? openWebSocket(asked, peer) : openPolling(asked, peer)
  }

  function begin({ request, query }: Asked, transport: WebSocketTransport | PollingTransport, peer: Peer) {
    const id = hooks.sessionId?.() ?? newSession()
    const from = { address: peer.address, network: networkOf(peer.address) }
    engine.accept(id, transport, handshakeOf(request, query, peer.secure), from)
  }

  function openWebSocket(asked: Asked, peer: Peer): Answer {
    const transport = wire(asked)
    if (!transport) return error(BAD_REQUEST, asked)
    begin(asked, transport, peer)
    return undefined
  }

  function openPolling(asked: Asked, peer: Peer): Answer {
    const transport = new PollingTransport(engine.opts)
    begin(asked, transport, peer)
    return transport.poll(asked.request, asked.headers)
  }

  /** Bun has opened it when this returns. */
  function wire({ request, server }: Asked): WebSocketTransport | undefined {
    const transport = new WebSocketTransport(engine.opts, options.compression)
    return server.upgrade(request, { data: transport }) ? transport : undefined
  }

  function proceed(asked: Asked, sid: string): Answer {
    const { request, query, headers } = asked
    const transport = query.get('transport')
    if (transport !== 'polling' && transport !== 'websocket') return error(UNKNOWN_TRANSPORT, asked)
    if (transport === 'polling' && engine.isParting(sid)) {
      if (request.method === 'POST') return text('ok', headers)
      return text(engine.parting(sid) ?? '1', headers)
    }
    const connection = engine.clients.get(sid)
    if (!connection) return error(UNKNOWN_SESSION, asked)
    if (isUpgrade(request) !== (transport === 'websocket')) return error(BAD_REQUEST, asked)
    if (transport === 'websocket') return upgrade(asked, connection)
    const polling = connection.transport
    return polling instanceof PollingTransport ? exchange(asked, polling) : error(BAD_REQUEST, asked)
  }

  /** One try a connection. A further one is closed, not refused: that is what clients expect. */
  function upgrade(asked: Asked, connection: Connection): Answer {
    const websocket = wire(asked)
    if (!websocket) return error(BAD_REQUEST, asked)
    const { transport, upgradeState } = connection
    if (transport instanceof PollingTransport && upgradeState === 'not_upgraded') connection.upgradeTo(websocket)
    else websocket.close()
    return undefined
  }

  function exchange(asked: Asked, polling: PollingTransport): Answer {
    const { request, server, headers } = asked
    if (request.method === 'POST') return polling.post(request, headers, () => body.read(request))
    if (request.method !== 'GET') return error(BAD_REQUEST, asked)
    server.timeout(request, 0) // the heartbeat sees to it that no poll is held for ever
    return polling.poll(request, headers)
  }

  function owns({ url }: Request): boolean {
    const start = url.indexOf('/', url.indexOf('://') + 3)
    const end = url.indexOf('?', start)
    const path = url.slice(start, end === -1 ? undefined : end)
    return path === options.path || path === bare
  }

  return { owns, fetch, peerOf, close: body.close }
}

const isUpgrade = ({ headers }: Request): boolean => headers.get('upgrade')?.toLowerCase() === 'websocket'
