/** Requests to the engine's path, on Bun: what each is for. */
import { networkOf, type Peer, peers } from './address.ts'
import { bodies } from './bodies.ts'
import type { Connection } from './connection.ts'
import type { Engine } from './engine.ts'
import { type Asked, BAD_REQUEST, entrance, isConsistent, UNKNOWN_SESSION } from './entrance.ts'
import { handshakes, newSession } from './handshake.ts'
import { PollingTransport, text } from './polling.ts'
import { WebSocketTransport } from './websocket.ts'

type Server = Bun.Server<WebSocketTransport>

type Answer = Response | Promise<Response> | undefined

export function requests(engine: Engine) {
  const { options, hooks } = engine
  const { owns, look, keepOut, error } = entrance(engine)
  const peerOf = peers(options.trustedProxies)
  const body = bodies(options.bodyTimeout)
  const handshakeOf = handshakes()

  function fetch(request: Request, server: Server): Answer {
    const asked = look(request)
    if (asked instanceof Response) return asked
    return asked.sid === undefined ? arrive(asked, server) : proceed(asked, asked.sid, server)
  }

  function arrive(asked: Asked, server: Server): Answer {
    const peer = peerOf(asked.request, server)
    const keptOut = keepOut(peer.address)
    if (keptOut) return keptOut
    return asked.transport === 'websocket' ? openWebSocket(asked, peer, server) : openPolling(asked, peer)
  }

  function begin({ request, query }: Asked, transport: WebSocketTransport | PollingTransport, peer: Peer) {
    const id = hooks.sessionId?.() ?? newSession()
    const from = { address: peer.address, network: networkOf(peer.address) }
    engine.accept(id, transport, handshakeOf(request, query, peer.secure), from)
  }

  function openWebSocket(asked: Asked, peer: Peer, server: Server): Answer {
    const transport = wire(asked, server)
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
  function wire({ request }: Asked, server: Server): WebSocketTransport | undefined {
    const transport = new WebSocketTransport(engine.opts, options.compression)
    return server.upgrade(request, { data: transport }) ? transport : undefined
  }

  function proceed(asked: Asked, sid: string, server: Server): Answer {
    const { request, transport, headers } = asked
    if (transport === 'polling' && engine.isParting(sid)) {
      if (request.method === 'POST') return text('ok', headers)
      return text(engine.parting(sid) ?? '1', headers)
    }
    const connection = engine.clients.get(sid)
    if (!connection) return error(UNKNOWN_SESSION, asked)
    if (!isConsistent(asked)) return error(BAD_REQUEST, asked)
    if (transport === 'websocket') return upgrade(asked, connection, server)
    const polling = connection.transport
    return polling instanceof PollingTransport ? exchange(asked, polling, server) : error(BAD_REQUEST, asked)
  }

  /** One try a connection. A further one is closed, not refused: that is what clients expect. */
  function upgrade(asked: Asked, connection: Connection, server: Server): Answer {
    const websocket = wire(asked, server)
    if (!websocket) return error(BAD_REQUEST, asked)
    const { transport, upgradeState } = connection
    if (transport instanceof PollingTransport && upgradeState === 'not_upgraded') connection.upgradeTo(websocket)
    else websocket.close()
    return undefined
  }

  function exchange(asked: Asked, polling: PollingTransport, server: Server): Answer {
    const { request, headers } = asked
    if (request.method === 'POST') return polling.post(request, headers, () => body.read(request))
    if (request.method !== 'GET') return error(BAD_REQUEST, asked)
    server.timeout(request, 0) // the heartbeat sees to it that no poll is held for ever
    return polling.poll(request, headers)
  }

  return { owns, fetch, peerOf, close: body.close }
}
