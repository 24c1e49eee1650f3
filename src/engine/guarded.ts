/** The engine with all its guards, and Socket.IO upon it: all that a server needs to serve it. */
import { Server } from 'socket.io'
import { Client, type Desk } from './client.ts'
import type { Connection } from './connection.ts'
import { Engine } from './engine.ts'
import { jsonCodec } from './json.ts'
import { msgpackCodec } from './msgpack.ts'
import { type EngineHooks, type EngineOptions, withStandards } from './options.ts'
import { requests } from './requests.ts'
import type { Wire } from './upstream.ts'
import { WebSocketTransport } from './websocket.ts'

export type GuardedEngine = ReturnType<typeof guardedEngine>

/** Longer than any poll is held, where Bun can: what it closes as idle is lost on a client that waits. */
const IDLE_S = { least: 60, most: 255 }

const WEBSOCKET_IDLE_S = 960

/** Up to this many times the largest payload is read, so that it can be answered; more is cut. */
const READ_PAYLOADS = 2

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
    admit: (connection: Connection) => engine.admission.admit(connection),
    bears: (connection: Connection, token: boolean) => engine.admission.bears(connection, token),
    counts: () => engine.counts,
    close() {
      engine.close()
      close()
    },
  }
}

function socketServer(engine: Engine): Server {
  const { options, hooks, admission, connecting } = engine
  const codec = options.parser === 'msgpack' ? msgpackCodec : jsonCodec
  const parser = {
    Encoder: class {
      encode = codec.encoder.encode
    },
    Decoder: class {},
  }
  const io = new Server({ serveClient: false, cleanupEmptyChildNamespaces: true, parser })
  const desk: Desk = { io, options, hooks, codec, admission, connecting }
  const open = io as unknown as { onconnection(connection: Connection): void }
  open.onconnection = (connection) => {
    connection.client = new Client(connection, desk)
  }
  io.bind(engine)
  return io
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
    maxPayloadLength: READ_PAYLOADS * maxPayload,
    backpressureLimit: mostWaiting,
    closeOnBackpressureLimit: true,
    perMessageDeflate: compression,
    idleTimeout: Math.min(WEBSOCKET_IDLE_S, heartbeat_s + IDLE_S.least),
    sendPings: heartbeat_s + IDLE_S.least > WEBSOCKET_IDLE_S,
  }
  const idleTimeout = Math.max(IDLE_S.least, Math.min(IDLE_S.most, heartbeat_s))
  return { websocket, idleTimeout, maxRequestBodySize: READ_PAYLOADS * maxPayload }
}

/** The native WebSocket under a transport, where it has one. */
export const wireOf = (transport: object): Wire | undefined =>
  transport instanceof WebSocketTransport ? transport.socket : undefined

/** The engine's connection under a socket of Socket.IO. */
export const connectionOf = (socket: { readonly conn: object }): Connection => socket.conn as Connection
