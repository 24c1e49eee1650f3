/** A connection of Socket.IO's own engine, with our guards upon it. */
import type { IncomingMessage } from 'node:http'
import type { Failure } from '../../protocol/failure.ts'
import type { Client } from '../client.ts'
import type { Origin } from '../connection.ts'
import { sizeOf } from '../frames.ts'
import type { Standing } from '../link.ts'
import type { Measured, Measuring } from '../measuring.ts'
import { BOUNDS, type Closing, type EngineOptions } from '../options.ts'
import type { EnginePacket, HandshakeRequest, RawData } from '../upstream.ts'
import type { Body } from './bodies.ts'
import { NodePolling } from './polling.ts'
import { type BaseTransport, type EngineRequest, UpstreamSocket } from './upstream.ts'
import { NodeWebSocket } from './websocket.ts'

/** What a connection needs of the engine that keeps it. */
export interface Keeper {
  readonly options: EngineOptions
  /** Bytes that may wait for a reader. */
  readonly mostWaiting: number
  readonly measuring: Measuring
  read(request: IncomingMessage): Promise<Body>
  closed(connection: NodeConnection, why: Closing): void
  /** Reports what goes wrong in it, and goes on. */
  guard(run: () => void): void
}

type Server = ConstructorParameters<typeof UpstreamSocket>[1] & Keeper

interface Arrival {
  readonly id: string
  readonly transport: BaseTransport
  readonly handshake: HandshakeRequest
  readonly from: Origin
}

export class NodeConnection extends UpstreamSocket implements Measured {
  readonly network: string
  readonly keeper: Keeper
  client: Client | undefined = undefined
  standing: Standing = 'new'
  closedBy: string | undefined = undefined
  slowConsumer = false
  /** Bytes in the write buffer. */
  #queued = 0
  #strayPong = Number.NEGATIVE_INFINITY
  #pingedAt = 0
  #why: string | undefined = undefined
  #isOver = false
  /** To which it goes over, or tried to. */
  #tried: NodeWebSocket | undefined = undefined

  constructor(engine: Server, request: EngineRequest, { id, transport, handshake, from }: Arrival) {
    super(id, engine, transport, request, 4)
    this.keeper = engine
    this.request = handshake
    this.remoteAddress = from.address
    this.network = from.network
    if (transport instanceof NodePolling) transport.owner = this
    this.on('data', (data?: string | Buffer) => this.client?.receive(data ?? '', 0))
    super.onOpen()
  }

  /** Called by the base before there are fields: the constructor does it. */
  override onOpen() {}

  get bufferedAmount(): number {
    const { transport } = this
    return this.#queued + (transport instanceof NodeWebSocket ? transport.bufferedAmount : 0)
  }

  override onPacket(packet: EnginePacket) {
    if (this.readyState !== 'open') return
    if (packet.type === 'close') return this.onClose('transport close')
    if (packet.type === 'pong' ? this.#isFlood() : packet.type !== 'message') return this.onClose('parse error')
    const isAnswer = packet.type === 'pong' && this.pingTimeoutTimer !== null
    super.onPacket(packet)
    if (isAnswer) this.keeper.measuring.answered(this, this.#pingedAt)
  }

  /** Where a ping is under way, that one will do. */
  measure() {
    if (this.pingTimeoutTimer || this.readyState !== 'open') return
    this.sendPacket('ping')
    this.resetPingTimeout()
  }

  /** A pong that was not asked for is let pass, but not as often as a flood of them. */
  #isFlood(): boolean {
    if (this.pingTimeoutTimer) return false
    const now = performance.now()
    const isFlood = now - this.#strayPong < this.keeper.options.pingInterval / 2
    this.#strayPong = now
    return isFlood
  }

  write(data: RawData): this {
    this.sendPacket('message', data)
    return this
  }

  override sendPacket(type: EnginePacket['type'], data?: RawData) {
    if (this.readyState !== 'open') return
    if (type === 'ping') this.#pinged()
    this.#queued += weight(data)
    super.sendPacket(type, data)
    if (this.bufferedAmount > this.keeper.mostWaiting) this.overrun()
  }

  #pinged() {
    this.#pingedAt = performance.now()
    this.keeper.measuring.pinged(this)
  }

  /** A poll takes so many packets; what is left waits for the next one. */
  override flush() {
    const { transport, writeBuffer, readyState } = this
    if (readyState === 'closed' || !transport.writable || writeBuffer.length === 0) return
    const left = transport instanceof NodePolling ? writeBuffer.splice(BOUNDS.packetsPerPoll) : []
    for (const { data } of writeBuffer) this.#queued -= weight(data)
    if (left.length === 0) return super.flush()
    this.writeBuffer = left
    transport.send(writeBuffer)
  }

  /** Only where there is something to upgrade. */
  override _maybeUpgrade(transport: BaseTransport) {
    if (!(this.transport instanceof NodePolling && transport instanceof NodeWebSocket)) return transport.close()
    transport.expects = 'ping'
    this.#tried = transport
    super._maybeUpgrade(transport)
  }

  /** What a stranger announces is not even read where it is more than a stranger may bring. */
  mayNotBring(bytes: number): boolean {
    return this.client !== undefined && this.standing !== 'admitted' && bytes > 2 * BOUNDS.strangerBytes
  }

  /** More waits than may: it is closed, as leaving something out would be a lie. Not within a send: senders go over lists. */
  overrun() {
    if (this.slowConsumer || this.readyState !== 'open') return
    this.slowConsumer = true
    queueMicrotask(() => this.#endSlow())
  }

  #endSlow() {
    if (this.transport instanceof NodeWebSocket) return this.transport.terminate()
    this.writeBuffer = []
    this.#queued = 0
    this.client?.tellSlow()
    this.close('slow_consumer')
  }

  end(failure: Failure) {
    this.client?.tell(failure)
    this.close(failure.code)
  }

  /** At once for whoever stands upon it, also where a polling client has yet to fetch the rest. `true`: it will not fetch it. */
  override close(why?: string | boolean) {
    if (this.readyState === 'closing' && why === true) return this.#giveUp()
    if (this.readyState !== 'open') return
    this.#why = typeof why === 'string' ? why : undefined
    super.close(why === true)
    this.#ended('forced close')
  }

  #giveUp() {
    if (this.transport instanceof NodePolling) this.transport.shouldClose?.()
    this.onClose('forced close')
  }

  override onClose(reason: string, description?: unknown) {
    if (this.readyState === 'closed') return
    this.closedBy ??= reason
    super.onClose(reason, description)
    this.#ended(reason)
  }

  #ended(reason: string) {
    if (this.#isOver) return
    this.#isOver = true
    this.closedBy ??= reason
    if (this.#tried?.expects === 'ping') this.#tried.close()
    const { client, slowConsumer, transport } = this
    const code = transport instanceof NodeWebSocket ? transport.code : undefined
    const why = this.#why ?? reason
    this.keeper.closed(this, { reason: why, slowConsumer, ...(code === undefined ? {} : { code }) })
    client?.onclose(reason)
  }
}

const weight = (data: RawData | undefined): number => (data === undefined ? 1 : sizeOf(data))
