/** One engine connection, from its handshake to its end, over whichever transport it has. */
import type { Failure } from '../protocol/failure.ts'
import type { Client } from './client.ts'
import type { Deadlines } from './deadlines.ts'
import { sizeOf } from './frames.ts'
import type { Standing } from './link.ts'
import type { Measured, Measuring } from './measuring.ts'
import { BOUNDS, type Closing, type EngineOptions } from './options.ts'
import { PollingTransport } from './polling.ts'
import { beginUpgrade, probe } from './upgrade.ts'
import {
  type BaseOptions,
  type BaseTransport,
  type EnginePacket,
  type HandshakeRequest,
  type RawData,
  UpstreamSocket,
} from './upstream.ts'
import { WebSocketTransport } from './websocket.ts'

export type Transport = WebSocketTransport | PollingTransport

/** What a connection needs of the engine that keeps it. */
export interface Keeper {
  readonly opts: BaseOptions
  readonly options: EngineOptions
  readonly pings: Deadlines<Connection>
  readonly pongs: Deadlines<Connection>
  readonly measuring: Measuring
  readonly upgrades: Deadlines<Connection>
  /** Bytes of everything published so far. */
  readonly published: number
  /** And of that, what is among the bytes seen waiting where a reader is behind. */
  readonly handedOn: number
  /** Bytes that may wait for a reader. */
  readonly mostWaiting: number
  /** Keeps what a polling client has yet to fetch of a connection that is closed. */
  part(id: string, packets: EnginePacket[]): void
  /** Takes that back, to tell it otherwise. */
  parted(id: string): EnginePacket[]
  closed(connection: Connection, why: Closing): void
  /** Reports what goes wrong in it, and goes on. */
  guard(run: () => void): void
}

export interface Origin {
  readonly address: string
  readonly network: string
}

/** Bytes of a character, at most. */
const UTF8 = 3
const MESSAGE = 52
const PONG = 51
const CLOSE = 49

/** Of a closed connection no more than this is kept for a polling client. */
const KEPT_BYTES = 65_536

export class Connection extends UpstreamSocket implements Measured {
  readonly remoteAddress: string
  readonly network: string
  readonly keeper: Keeper
  client: Client | undefined = undefined
  standing: Standing = 'new'
  closedBy: string | undefined = undefined
  slowConsumer = false
  probing: WebSocketTransport | undefined = undefined
  /** Bytes seen waiting: of what a poll is to fetch exactly, of a WebSocket when last looked at. */
  #waiting = 0
  #seenAt = 0
  #strayPong = Number.NEGATIVE_INFINITY
  #pingedAt = 0

  constructor(id: string, keeper: Keeper, transport: Transport, request: HandshakeRequest, from: Origin) {
    super(id, keeper.opts, transport, request)
    this.keeper = keeper
    this.remoteAddress = from.address
    this.network = from.network
    this.#begin()
  }

  /** Called by the base before there are fields: `#begin` does it. */
  override onOpen(): void {}

  #begin() {
    const { pingInterval, pingTimeout, maxHttpBufferSize } = this.keeper.opts
    const { upgradesTo: upgrades } = this.transport
    this.readyState = 'open'
    const open = { sid: this.id, upgrades, pingInterval, pingTimeout, maxPayload: maxHttpBufferSize }
    this.sendPacket('open', JSON.stringify(open))
    this.keeper.pings.add(this)
  }

  override bindTransport(transport: BaseTransport) {
    this.transport = transport
    ;(transport as Transport).owner = this
  }

  get bufferedAmount(): number {
    return this.transport instanceof WebSocketTransport
      ? (this.transport.socket?.getBufferedAmount() ?? 0)
      : this.#waiting
  }

  receive(frame: string | Buffer) {
    if (this.readyState !== 'open') return
    if (typeof frame !== 'string') return this.#message(frame, 0)
    const type = frame.charCodeAt(0)
    if (type === MESSAGE) return this.#message(frame, 1)
    if (type === PONG) return this.#pong()
    if (type === CLOSE) return this.#leave()
    this.onClose('parse error')
  }

  #message(frame: string | Buffer, from: number) {
    if (this.client) this.client.receive(frame, from)
    else this.emitReserved('data', typeof frame === 'string' ? frame.slice(from) : frame)
  }

  /** One that was not asked for is let pass, but not as often as a flood of them. */
  #pong() {
    if (this.keeper.pongs.delete(this)) {
      this.keeper.pings.add(this)
      this.emitReserved('heartbeat')
      return this.keeper.measuring.answered(this, this.#pingedAt)
    }
    const now = performance.now()
    if (now - this.#strayPong < this.keeper.options.pingInterval / 2) return this.onClose('parse error')
    this.#strayPong = now
  }

  ping() {
    this.#pingedAt = performance.now()
    this.sendPacket('ping')
    this.keeper.pongs.add(this)
    this.keeper.measuring.pinged(this)
  }

  /** Where a ping is under way, that one will do. */
  measure() {
    if (this.keeper.pings.delete(this)) this.ping()
  }

  #leave() {
    if (this.transport instanceof PollingTransport) this.transport.answer('6')
    this.onClose('transport close')
  }

  /** A message, on the shortest way there is. */
  write(data: RawData): this {
    if (this.readyState !== 'open') return this
    const { transport } = this
    if (transport instanceof WebSocketTransport && this.writeBuffer.length === 0)
      transport.push(typeof data === 'string' ? `4${data}` : data)
    else this.sendPacket('message', data)
    return this
  }

  /**
   * What is written in `run` goes as one, where nothing waits and all of it may: else Bun would answer for all of it alike,
   * and leave something out unseen.
   */
  together(size: number, run: () => void) {
    const wire = this.transport instanceof WebSocketTransport ? this.transport.socket : undefined
    const fits = wire !== undefined && wire.getBufferedAmount() === 0 && UTF8 * size < this.keeper.mostWaiting
    if (!fits) return run()
    wire.cork(run)
    this.#waiting = 0
    const waiting = wire.getBufferedAmount()
    if (waiting > 0) this.waits(waiting)
  }

  sendPacket(type: EnginePacket['type'], data?: RawData) {
    if (this.readyState !== 'open') return
    this.writeBuffer.push(data === undefined ? { type } : { type, data })
    this.#waiting += data === undefined ? 1 : sizeOf(data)
    this.flush()
    if (this.#waiting > this.keeper.mostWaiting && this.transport instanceof PollingTransport) this.overrun()
  }

  flush() {
    const { transport, writeBuffer } = this
    if (this.readyState !== 'open' || !transport.writable || writeBuffer.length === 0) return
    const most = transport instanceof PollingTransport ? BOUNDS.packetsPerPoll : writeBuffer.length
    const packets = writeBuffer.length <= most ? writeBuffer : writeBuffer.slice(0, most)
    this.writeBuffer = writeBuffer.slice(packets.length)
    for (const { data } of packets) this.#waiting -= data === undefined ? 1 : sizeOf(data)
    transport.send(packets)
    this.emitReserved('drain')
  }

  /** A poll came. While the client goes over to a WebSocket it must not be kept waiting for an answer. */
  polled() {
    this.flush()
    if (this.probing?.probed && this.transport instanceof PollingTransport) this.transport.answer('6')
  }

  /** What a stranger announces is not even read where it is more than a stranger may bring. */
  mayNotBring(bytes: number): boolean {
    return this.client !== undefined && this.standing !== 'admitted' && bytes > 2 * BOUNDS.strangerBytes
  }

  /** Bun has begun to hold back what is sent to this WebSocket. */
  waits(bytes: number) {
    this.#waiting = bytes
    this.#seenAt = this.keeper.handedOn
    if (bytes > this.keeper.mostWaiting) this.overrun()
  }

  drained() {
    this.#waiting = this.bufferedAmount
    this.emitReserved('drain')
  }

  /** More waits than may: it is closed, as leaving something out would be a lie. Not within a send: senders go over lists. */
  overrun() {
    if (this.slowConsumer || this.readyState !== 'open') return
    this.slowConsumer = true
    queueMicrotask(() => this.#endSlow())
  }

  #endSlow() {
    if (this.transport instanceof WebSocketTransport) return this.transport.terminate()
    this.writeBuffer = []
    this.#waiting = 0
    this.client?.tellSlow()
    this.close('slow_consumer')
  }

  /** Published frames are dropped by Bun unseen, so the end of one that was behind says whether it was too far behind. */
  #ranOver(): boolean {
    return this.#waiting > 0 && this.#waiting + this.keeper.published - this.#seenAt >= this.keeper.mostWaiting
  }

  upgradeTo(transport: WebSocketTransport) {
    beginUpgrade(this, transport)
  }

  probe(transport: WebSocketTransport, frame: string | Buffer) {
    probe(this, transport, frame)
  }

  /** A WebSocket of this connection is closed, be it the one in use or one that was only tried. */
  gone(transport: WebSocketTransport, code: number) {
    if (transport === this.probing) {
      this.probing = undefined
      this.keeper.upgrades.delete(this)
    }
    if (transport !== this.transport) return
    if (code === 1006 && this.#ranOver()) this.slowConsumer = true
    this.onClose('transport close', code)
  }

  end(failure: Failure) {
    this.client?.tell(failure)
    this.close(failure.code)
  }

  close(why?: string) {
    if (this.readyState !== 'open') return
    const left = this.#waiting > KEPT_BYTES ? this.writeBuffer.slice(-1) : this.writeBuffer
    if (this.transport instanceof PollingTransport && !this.transport.writable) this.keeper.part(this.id, left)
    this.onClose('forced close', undefined, why)
  }

  onClose(reason: string, code?: number, why = reason) {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.closedBy = reason
    if (!this.probing?.probed) this.probing?.close()
    this.transport.close()
    const { slowConsumer } = this
    this.keeper.closed(this, { reason: why, slowConsumer, ...(code === undefined ? {} : { code }) })
    this.client?.onclose(reason)
    this.keeper.guard(() => this.emitReserved('close', reason))
    this.writeBuffer = []
  }
}
