/** The engine with all its guards, and Socket.IO upon it: all that a server needs to serve it. */
import type { Connection } from './connection.ts'
import { Engine } from './engine.ts'
import { gateOf } from './gate.ts'
import { BOUNDS, type EngineHooks, type EngineOptions, withStandards } from './options.ts'
import { requests } from './requests.ts'
import { socketServer } from './socketio.ts'
import type { Wire } from './upstream.ts'
import { WebSocketTransport } from './websocket.ts'

export type GuardedEngine = ReturnType<typeof guardedEngine>

/** Longer than any poll is held, where Bun can: what it closes as idle is lost on a client that waits. */
const IDLE_S = { least: 60, most: 255 }

const WEBSOCKET_IDLE_S = 960

export function guardedEngine(given: Partial<EngineOptions>, hooks: EngineHooks) {
  const options = withStandards(given)
  const engine = new Engine(options, hooks)
  const io = socketServer(engine)
  const { owns, fetch, peerOf, close } = requests(engine)

  return {
    options,
    io,
    engine,
    /** Whether a request is for the engine. */
    owns,
    /** No answer: it has become a WebSocket. */
    fetch,
    peerOf,
    serve: served(engine),
    publishedTo: (answer: number, bytes: number) => engine.publishedTo(answer, bytes),
    ...gateOf(engine),
    close(now?: boolean) {
      engine.close(now)
      close()
    },
  }
}

function served(engine: Engine) {
  const { options, mostWaiting } = engine
  const { maxPayload, compression, pingInterval, pingTimeout } = options
  const heartbeat_s = Math.ceil((pingInterval + pingTimeout) / 1_000)
  const websocket = {
    open: (ws: Bun.ServerWebSocket<WebSocketTransport>) => ws.data.open(ws),
    message: (ws: Bun.ServerWebSocket<WebSocketTransport>, frame: string | Buffer) =>
      engine.guard(() => ws.data.receive(frame)),
    drain: (ws: Bun.ServerWebSocket<WebSocketTransport>) => engine.guard(() => ws.data.owner?.drained()),
    close: (ws: Bun.ServerWebSocket<WebSocketTransport>, code: number) => engine.guard(() => ws.data.closed(code)),
    maxPayloadLength: BOUNDS.readPayloads * maxPayload,
    backpressureLimit: mostWaiting,
    closeOnBackpressureLimit: true,
    perMessageDeflate: compression,
    idleTimeout: Math.min(WEBSOCKET_IDLE_S, heartbeat_s + IDLE_S.least),
    sendPings: heartbeat_s + IDLE_S.least > WEBSOCKET_IDLE_S,
  }
  const idleTimeout = Math.max(IDLE_S.least, Math.min(IDLE_S.most, heartbeat_s))
  return { websocket, idleTimeout, maxRequestBodySize: BOUNDS.readPayloads * maxPayload }
}

/** The native WebSocket under a transport, where it has one. */
export const wireOf = (transport: object): Wire | undefined =>
  transport instanceof WebSocketTransport ? transport.socket : undefined

/** The engine's connection under a socket of Socket.IO. */
export const connectionOf = (socket: { readonly conn: object }): Connection => socket.conn as Connection
