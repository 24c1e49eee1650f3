/** What the engine is told at its start, and how it asks and tells whoever stands behind it. */
import type { Socket } from 'socket.io'
import type { Failure } from '../protocol/failure.ts'
import type { Link } from './link.ts'

export interface EngineOptions {
  /** With or without the last slash: both are served. */
  readonly path: string
  /** Times in ms. */
  readonly pingInterval: number
  readonly pingTimeout: number
  readonly upgradeTimeout: number
  /** How soon after the sign-in it is measured how long an answer takes, and again where that is asked for. */
  readonly measureAfter: number
  /** A ping without an answer for so long is late. */
  readonly lateAfter: number
  /** How long a connection may take to open its first namespace. */
  readonly connectTimeout: number
  /** How long the body of a request may take. */
  readonly bodyTimeout: number
  /** Bytes of one packet with its attachments, and of one request's body. */
  readonly maxPayload: number
  /** permessage-deflate. */
  readonly compression: boolean
  readonly parser: 'json' | 'msgpack'
  /** Other origins than the service's own that a browser may come from, exactly as browsers write them. */
  readonly origins: readonly string[] | '*'
  /** Addresses and networks whose forwarding headers are believed. */
  readonly trustedProxies: readonly string[]
  readonly maxConnections: number
  /** Connections of one address (in IPv6: of one /64) that did not say who they are. */
  readonly perAddress: number
  /** How long a connection has for its token before it counts against its address. */
  readonly tokenGrace: number
  /** Off lifts the limits per second and per address; what keeps the process safe stays. */
  readonly limits: boolean
  readonly frames: { readonly perSecond: number; readonly burst: number }
  /** Whether a connection stays on a short leash until it was admitted. */
  readonly signIn: boolean
}

export const standardOptions: EngineOptions = {
  path: '/socket.io/',
  pingInterval: 25_000,
  pingTimeout: 20_000,
  upgradeTimeout: 10_000,
  measureAfter: 1_000,
  lateAfter: 2_000,
  connectTimeout: 45_000,
  bodyTimeout: 20_000,
  maxPayload: 1_000_000,
  compression: false,
  parser: 'json',
  origins: [],
  trustedProxies: [],
  maxConnections: 100_000,
  perAddress: 20,
  tokenGrace: 5_000,
  limits: true,
  frames: { perSecond: 200, burst: 400 },
  signIn: false,
}

export function withStandards(given: Partial<EngineOptions>): EngineOptions {
  const options = { ...standardOptions, ...given }
  return { ...options, path: `${options.path.replace(/\/+$/, '')}/` }
}

/** What holds for every connection, whatever is configured. */
export const BOUNDS = {
  /** Levels of lists and objects in what is received. */
  depth: 64,
  /** What we say is ours, in an envelope around what was received. */
  saidDepth: 80,
  attachments: 10,
  arguments: 100,
  namespaces: 16,
  namespaceLength: 256,
  packetsPerPost: 1_000,
  /** python-engineio drops a connection that is told more at once. */
  packetsPerPoll: 16,
  strangerPackets: 10,
  strangerBytes: 16_384,
  /** Commands at work at a time, and waiting for their turn, of one connection. */
  working: 256,
  waiting: 1_024,
  /** Times the largest payload: what may wait to be sent, and what commands may hold. */
  payloads: 4,
  /** And how much is read, so that it can be answered; more is cut. */
  readPayloads: 2,
} as const

export type Ack = (reply?: unknown) => void

export interface Closing {
  readonly reason: string
  /** More waited than a reader may leave: whoever comes back asks for what is missing. */
  readonly slowConsumer: boolean
  /** The WebSocket's, where it was one. */
  readonly code?: number
}

export interface EngineHooks {
  /**
   * Given, every event comes straight here, instead of to `socket.on`. What it returns may be a promise: until that
   * is settled the command counts as at work, of which a connection has a bounded number. `ack` is there if asked for.
   */
  onEvent?(socket: Socket, name: string, args: unknown[], ack: Ack | undefined): unknown
  /** Given, it is asked about each request first; an answer ends it. No session id: it wants a new connection. */
  refuse?(request: Request, sid: string | undefined): Response | undefined
  /** What a client is told of a failure: of a command (then `socket` is where it came), or of its connection. */
  refusal?(failure: Failure, connection: Link, socket: Socket | undefined): unknown
  /** Given, it is asked whether a newcomer from this address may come in; an answer is the refusal. */
  keepOut?(address: string): Response | undefined
  sessionId?(): string
  onClose?(connection: Link, why: Closing): void
  /**
   * A ping was answered, so all that was written before it has arrived. `sentAt` is when it was written, in the time of
   * `performance.now()`, which is never set anew. True asks for another ping soon.
   */
  onPong?(connection: Link, rtt_ms: number, sentAt: number): boolean | undefined
  /** A ping is late. Its answer may come yet. */
  onLate?(connection: Link): void
  onError(error: unknown): void
}
