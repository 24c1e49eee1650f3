/** Socket.IO's own engine: all its connections, how they begin, and what is due for each. */
import { networkOf, peers } from '../address.ts'
import { type Admission, admission } from '../admission.ts'
import { Deadlines } from '../deadlines.ts'
import type { Counts } from '../engine.ts'
import { BAD_REQUEST, type Refused } from '../entrance.ts'
import { handshakes, newSession } from '../handshake.ts'
import type { Link } from '../link.ts'
import { type Measuring, measuring } from '../measuring.ts'
import { BOUNDS, type Closing, type EngineHooks, type EngineOptions } from '../options.ts'
import { bodies } from './bodies.ts'
import { type Keeper, NodeConnection } from './connection.ts'
import { NodePolling } from './polling.ts'
import { type EngineRequest, UpstreamServer } from './upstream.ts'
import { NodeWebSocket } from './websocket.ts'

/** Where a request came in. */
export interface Incoming {
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/** Below this, deflate costs more than it saves. */
const COMPRESSED_FROM = 1_024

export class NodeEngine extends UpstreamServer implements Keeper {
  readonly options: EngineOptions
  readonly hooks: EngineHooks
  readonly admission: Admission
  readonly connecting: Deadlines<Link>
  readonly mostWaiting: number
  readonly measuring: Measuring
  readonly refused: Record<Refused, number> = { origin: 0, protocol: 0, full: 0, hook: 0 }
  #slowConsumers = 0
  readonly #onEmpty: (() => void)[] = []
  readonly #bodies: ReturnType<typeof bodies>
  readonly #handshakeOf = handshakes()
  readonly #peerOf: ReturnType<typeof peers>

  constructor(options: EngineOptions, hooks: EngineHooks) {
    const { pingInterval, pingTimeout, upgradeTimeout, maxPayload } = options
    const readable = BOUNDS.readPayloads * maxPayload
    const perMessageDeflate = options.compression && { threshold: COMPRESSED_FROM }
    super({ pingInterval, pingTimeout, upgradeTimeout, perMessageDeflate, maxHttpBufferSize: readable })
    this.opts.maxHttpBufferSize = maxPayload // what clients are told
    this.options = options
    this.hooks = hooks
    this.mostWaiting = BOUNDS.payloads * maxPayload
    this.admission = admission(options)
    this.measuring = measuring(this)
    this.connecting = new Deadlines(options.connectTimeout, (link) => this.guard(() => link.close('timeout')))
    this.#bodies = bodies(options.bodyTimeout, readable)
    this.#peerOf = peers(options.trustedProxies)
  }

  /** What goes wrong with one connection must not reach the others, nor end the process. */
  guard(run: () => void) {
    try {
      run()
    } catch (error) {
      this.hooks.onError(error)
    }
  }

  read: Keeper['read'] = (request) => this.#bodies.read(request)

  /** To those who listen for it, as Socket.IO tells it. */
  complain(req: Request, code: number, message: string) {
    this.emit('connection_error', { req, code, message, context: {} })
  }

  override createTransport(name: string, request: EngineRequest) {
    return name === 'websocket' ? new NodeWebSocket(request) : new NodePolling(request)
  }

  override async handshake(name: string, request: EngineRequest, refuse: (code: number) => void) {
    try {
      this.#begin(name, request)
    } catch (error) {
      this.hooks.onError(error)
      refuse(BAD_REQUEST)
    }
  }

  #begin(name: string, arriving: EngineRequest) {
    const transport = this.createTransport(name, arriving)
    const { request, query } = arriving.asked
    const { address, secure } = this.peerOf(request, arriving)
    const id = this.hooks.sessionId?.() ?? newSession()
    const handshake = this.#handshakeOf(request, query, secure)
    const from = { address, network: networkOf(address) }
    const connection = new NodeConnection(this, arriving, { id, transport, handshake, from })
    transport.onRequest(arriving)
    this.clients[id] = connection
    this.clientsCount++
    connection.once('close', () => this.#forget(id))
    this.admission.arrives(connection)
    this.guard(() => this.emit('connection', connection))
  }

  #forget(id: string) {
    delete this.clients[id]
    this.clientsCount--
    if (this.clientsCount === 0) for (const then of this.#onEmpty.splice(0)) then()
  }

  /** Comes true when no client has anything left to fetch. */
  async emptied(): Promise<void> {
    if (this.clientsCount > 0) await new Promise<void>((resolve) => this.#onEmpty.push(resolve))
  }

  peerOf(request: Request, { socket }: Incoming) {
    return this.#peerOf(request, { requestIP: () => ({ address: socket.remoteAddress ?? '' }) })
  }

  closed(connection: NodeConnection, why: Closing) {
    this.connecting.delete(connection)
    this.measuring.forget(connection)
    this.admission.leaves(connection)
    if (why.slowConsumer) this.#slowConsumers++
    this.guard(() => this.hooks.onClose?.(connection, why))
  }

  get counts(): Counts {
    const connections = Object.values(this.clients) as NodeConnection[]
    return {
      connections: this.clientsCount,
      websockets: connections.filter(({ transport }) => transport instanceof NodeWebSocket).length,
      strangers: connections.filter(({ standing }) => standing !== 'admitted').length,
      slowConsumers: this.#slowConsumers,
      refused: { ...this.refused },
    }
  }

  /** Polling clients may fetch what is left, unless all is to end now. */
  override close(now = false) {
    if (now) super.close()
    else for (const connection of Object.values(this.clients)) this.guard(() => connection.close())
    this.connecting.clear()
    this.measuring.clear()
    this.admission.close()
    this.#bodies.close()
    return this
  }
}
