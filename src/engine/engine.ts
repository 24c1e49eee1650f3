/** All connections of one engine: how they begin, what is due for each, and what is known of them when they end. */
import { type Admission, admission } from './admission.ts'
import { Connection, type Keeper, type Origin, type Transport } from './connection.ts'
import { Deadlines } from './deadlines.ts'
import type { Refused } from './entrance.ts'
import { type Measuring, measuring } from './measuring.ts'
import { BOUNDS, type Closing, type EngineHooks, type EngineOptions } from './options.ts'
import { type EnginePacket, encodePayload, type HandshakeRequest, UpstreamServer } from './upstream.ts'
import { WebSocketTransport } from './websocket.ts'

export interface Counts {
  readonly connections: number
  readonly websockets: number
  /** Those that have not signed in. */
  readonly strangers: number
  /** Since the start. */
  readonly slowConsumers: number
  readonly refused: Readonly<Record<Refused, number>>
}

/** Bun hands on what is published only when the turn is over: until then it is not among the bytes seen waiting. */
interface Turn {
  /** Bytes published before it. */
  readonly published: number
  /** Whether something was dropped in it. */
  lost: boolean
}

/** How long a polling client has to fetch what it has not heard of its connection's end. */
const PARTING_MS = 20_000

/** How often every connection is looked at for bytes that wait, while as much is published as may wait for one. */
const LOOKS = 8

/** Bun's answer where a frame was dropped for someone. */
const DROPPED = 0

export class Engine extends UpstreamServer<Connection> implements Keeper {
  readonly options: EngineOptions
  readonly hooks: EngineHooks
  readonly admission: Admission
  readonly pings: Deadlines<Connection>
  readonly pongs: Deadlines<Connection>
  readonly measuring: Measuring
  readonly upgrades: Deadlines<Connection>
  readonly connecting: Deadlines<Connection>
  readonly mostWaiting: number
  readonly refused: Record<Refused, number> = { origin: 0, protocol: 0, full: 0, hook: 0 }
  published = 0
  #slowConsumers = 0
  #turn: Turn | undefined = undefined
  #lookedAt = Number.NEGATIVE_INFINITY
  readonly #partings = new Map<string, EnginePacket[]>()
  readonly #parted: Deadlines<string>
  readonly #onEmpty: (() => void)[] = []

  constructor(options: EngineOptions, hooks: EngineHooks) {
    const { path, pingInterval, pingTimeout, upgradeTimeout, maxPayload: maxHttpBufferSize } = options
    super({ path, pingInterval, pingTimeout, upgradeTimeout, maxHttpBufferSize })
    this.options = options
    this.hooks = hooks
    this.mostWaiting = BOUNDS.payloads * options.maxPayload
    this.admission = admission(options)
    this.pings = this.#due(pingInterval, (connection) => connection.ping())
    this.pongs = this.#due(pingTimeout, (connection) => connection.onClose('ping timeout'))
    this.measuring = measuring(this)
    this.upgrades = this.#due(upgradeTimeout, (connection) => connection.probing?.close())
    this.connecting = this.#due(options.connectTimeout, (connection) => connection.close('timeout'))
    this.#parted = new Deadlines(PARTING_MS, (id) => this.#letGo(id))
  }

  #due(ms: number, then: (connection: Connection) => void): Deadlines<Connection> {
    return new Deadlines(ms, (connection) => this.guard(() => then(connection)))
  }

  /** What goes wrong with one connection must not reach the others, nor end the process. */
  guard(run: () => void) {
    try {
      run()
    } catch (error) {
      this.hooks.onError(error)
    }
  }

  get clientsCount(): number {
    return this.clients.size
  }

  /** To those who listen for it, as Socket.IO tells it. */
  complain(req: Request, code: number, message: string) {
    this.emitReserved('connection_error', { req, code, message, context: {} })
  }

  accept(id: string, transport: Transport, request: HandshakeRequest, from: Origin): Connection {
    const connection = new Connection(id, this, transport, request, from)
    this.clients.set(id, connection)
    this.admission.arrives(connection)
    this.guard(() => this.emitReserved('connection', connection))
    return connection
  }

  closed(connection: Connection, why: Closing) {
    this.clients.delete(connection.id)
    for (const deadlines of [this.pings, this.pongs, this.connecting]) deadlines.delete(connection)
    if (!connection.probing?.probed) this.upgrades.delete(connection)
    this.measuring.forget(connection)
    this.admission.leaves(connection)
    if (why.slowConsumer) this.#slowConsumers++
    this.guard(() => this.hooks.onClose?.(connection, why))
  }

  part(id: string, packets: EnginePacket[]) {
    this.#partings.set(id, packets)
    this.#parted.add(id)
  }

  /** What is left to tell a polling client whose connection is closed. The end comes alone: a stock client forgets what came with it. */
  parting(id: string): string | undefined {
    const packets = this.#partings.get(id)
    if (!packets) return undefined
    if (packets.length === 0) return encodePayload([...this.parted(id), { type: 'close' }])
    return encodePayload(packets.splice(0, BOUNDS.packetsPerPoll))
  }

  parted(id: string): EnginePacket[] {
    const packets = this.#partings.get(id) ?? []
    this.#parted.delete(id)
    this.#letGo(id)
    return packets
  }

  #letGo(id: string) {
    this.#partings.delete(id)
    if (this.#partings.size === 0) for (const then of this.#onEmpty.splice(0)) then()
  }

  /** Comes true when no client has anything left to fetch. */
  async emptied(): Promise<void> {
    if (this.#partings.size > 0) await new Promise<void>((resolve) => this.#onEmpty.push(resolve))
  }

  isParting(id: string): boolean {
    return this.#partings.has(id)
  }

  /** What Bun answered to a publish. It does not say whose reader is behind, so that is looked for. */
  publishedTo(answer: number, bytes: number) {
    this.published += bytes
    if (answer > 0) return
    const turn = this.#thisTurn(this.published - bytes)
    const isFirstLoss = answer === DROPPED && !turn.lost
    if (!isFirstLoss && this.published - this.#lookedAt < this.mostWaiting / LOOKS) return
    turn.lost ||= isFirstLoss
    this.#lookedAt = this.published
    for (const connection of this.clients.values()) {
      const waiting = connection.transport instanceof WebSocketTransport ? connection.bufferedAmount : 0
      if (waiting > 0) connection.waits(waiting)
    }
  }

  #thisTurn(published: number): Turn {
    if (this.#turn) return this.#turn
    setImmediate(() => {
      this.#turn = undefined
    })
    this.#turn = { published, lost: false }
    return this.#turn
  }

  /** Bytes published before what may not be handed on yet. */
  get handedOn(): number {
    return this.#turn?.published ?? this.published
  }

  get counts(): Counts {
    let websockets = 0
    let strangers = 0
    for (const { transport, standing } of this.clients.values()) {
      if (transport instanceof WebSocketTransport) websockets++
      if (standing !== 'admitted') strangers++
    }
    const slowConsumers = this.#slowConsumers
    return { connections: this.clients.size, websockets, strangers, slowConsumers, refused: { ...this.refused } }
  }

  /** Polling clients may fetch what is left, unless all is to end now. */
  override close(now = false) {
    for (const connection of [...this.clients.values()]) {
      this.guard(() => connection.close())
      connection.probing?.close()
    }
    if (now) for (const id of [...this.#partings.keys()]) this.parted(id)
    for (const deadlines of [this.pings, this.pongs, this.upgrades, this.connecting]) deadlines.clear()
    this.measuring.clear()
    this.admission.close()
  }
}
