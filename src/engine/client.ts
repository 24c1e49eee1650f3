/** What Socket.IO calls a client: all namespaces of one connection. It stands in the place of Socket.IO's own. */
import type { Server, Socket } from 'socket.io'
import { PacketType } from 'socket.io-parser'
import { Failure, failures } from '../protocol/failure.ts'
import type { Admission } from './admission.ts'
import { type Codec, isRecord } from './codec.ts'
import type { Commands } from './commands.ts'
import { event } from './event.ts'
import { type Incoming, receive } from './incoming.ts'
import type { Link } from './link.ts'
import { BOUNDS, type EngineHooks, type EngineOptions } from './options.ts'
import { Pace } from './pace.ts'
import type { HandshakeRequest, OpenNamespace, OpenSocket, Packet, RawData } from './upstream.ts'

/** What all clients of an engine share. */
export interface Desk {
  readonly io: Server
  readonly options: EngineOptions
  readonly hooks: EngineHooks
  readonly codec: Codec
  readonly admission: Admission
  /** Those that have opened no namespace yet. */
  readonly connecting: { add(connection: Link): void; delete(connection: Link): void }
}

interface WriteOptions {
  readonly volatile?: boolean
  readonly preEncoded?: boolean
}

/** With more than this waiting, what may be lost is left out. */
const VOLATILE_BYTES = 65_536

/** Of namespaces, beyond as many as may be open at a time. */
const OPENINGS = { perSecond: 1, burst: 10 }

const tooOften = () => new Failure('rate_limited', 'Too many namespaces were opened in a short time.')

export class Client {
  readonly conn: Link
  readonly desk: Desk
  #main: OpenSocket | undefined = undefined
  /** Namespaces other than the main one; most connections have none. */
  #others: Map<string, OpenSocket> | undefined = undefined
  #opening: Set<string> | undefined = undefined
  #openings = 0
  #openingPace: Pace | undefined = undefined
  /** Of what comes in: made when first needed. */
  incoming: Incoming | undefined = undefined
  pace: Pace | undefined = undefined
  commands: Commands | undefined = undefined
  packets = 0
  bytes = 0

  constructor(conn: Link, desk: Desk) {
    this.conn = conn
    this.desk = desk
    desk.connecting.add(conn)
  }

  get id(): string {
    return this.conn.id
  }

  get request(): HandshakeRequest {
    return this.conn.request
  }

  receive(frame: string | Buffer, from: number) {
    try {
      receive(this, frame, from)
    } catch (error) {
      this.fail(error)
    }
  }

  /** A failure here is what came; anything else is a bug of whoever was called, and reported. Neither may spread. */
  fail(error: unknown) {
    if (!(error instanceof Failure)) this.desk.hooks.onError(error)
    for (const socket of this.sockets()) this.guard(() => socket._onerror(error as Error))
    this.conn.end(Failure.from(error))
  }

  socketOf(namespace: string): OpenSocket | undefined {
    return namespace === '/' ? this.#main : this.#others?.get(namespace)
  }

  *sockets(): Iterable<OpenSocket> {
    if (this.#main) yield this.#main
    if (this.#others) yield* [...this.#others.values()]
  }

  handle(packet: Packet, bytes: number) {
    if (packet.type === PacketType.CONNECT) return this.#connect(packet.nsp, packet.data)
    const socket = this.socketOf(packet.nsp)
    if (!socket || packet.type === PacketType.CONNECT_ERROR)
      throw new Failure('protocol_abuse', 'No such namespace is open on this connection.')
    if (packet.type === PacketType.EVENT) return event(this, socket, packet, bytes)
    this.guard(() => socket._onpacket(packet))
  }

  /** Handlers that throw are the service's mistake, not the client's. */
  guard(run: () => void) {
    try {
      run()
    } catch (error) {
      this.desk.hooks.onError(error)
    }
  }

  #connect(name: string, payload: unknown) {
    const auth = isRecord(payload) ? payload : {}
    this.#opening ??= new Set()
    const opening = this.#opening
    if (opening.has(name)) return // a client that gave up and asks anew has said nothing of the giving up
    if (this.#opensTooOften()) return this.conn.end(tooOften())
    if (this.socketOf(name)) throw new Failure('protocol_abuse', 'This namespace is open already.')
    if (opening.size + [...this.sockets()].length >= BOUNDS.namespaces)
      return this.refuseNamespace(name, new Failure('forbidden', 'Too many namespaces on one connection.'))
    opening.add(name)
    this.desk.admission.connects(this.conn, auth)
    if (this.desk.io._nsps.has(name)) return this.#open(name, auth)
    this.desk.io._checkNamespace(name, auth, (found) => (found ? this.#open(name, auth) : this.#unknown(name)))
  }

  /** To open one costs more than what is said on it. */
  #opensTooOften(): boolean {
    if (!this.desk.options.limits || ++this.#openings <= BOUNDS.namespaces) return false
    this.#openingPace ??= new Pace(OPENINGS)
    return this.#openingPace.take() !== 'in time'
  }

  #unknown(name: string) {
    const message = 'Invalid namespace'
    if (this.desk.hooks.refusal) return this.refuseNamespace(name, new Failure('not_found', message))
    this._packet({ type: PacketType.CONNECT_ERROR, nsp: name, data: { message } }) // Socket.IO's own words
  }

  /** A `connect_error` keeps a client from coming back, so what is worth another try ends the connection instead. */
  refuseNamespace(nsp: string, failure: Failure) {
    if (failures[failure.code].retryable) return this.conn.end(failure)
    this._packet({ type: PacketType.CONNECT_ERROR, nsp, data: { message: failure.message, data: failure.data } })
  }

  #open(name: string, auth: object) {
    const namespace = this.desk.io.of(name) as unknown as OpenNamespace
    namespace
      ._add(this, auth, (socket) => this.#opened(name, socket))
      .catch((error) => {
        this.desk.hooks.onError(error)
        this.refuseNamespace(name, Failure.from(error))
      })
  }

  #opened(name: string, socket: OpenSocket) {
    this.#notOpening(name)
    this.desk.connecting.delete(this.conn)
    if (name === '/') this.#main = socket
    else this.#others = (this.#others ?? new Map<string, OpenSocket>()).set(name, socket)
  }

  #notOpening(name: string) {
    this.#opening?.delete(name)
    if (this.#opening?.size === 0) this.#opening = undefined
  }

  /** Asked by Socket.IO's sockets, as are `_disconnect`, `_packet` and `writeToEngine`. */
  _remove(socket: OpenSocket) {
    if (this.#main === socket) this.#main = undefined
    else this.#others?.delete(socket.nsp.name)
    if (!this.#main && !this.#others?.size && this.conn.readyState === 'open') this.desk.connecting.add(this.conn)
  }

  _disconnect() {
    for (const socket of this.sockets()) socket.disconnect()
    this.conn.close()
  }

  _packet(packet: Packet | RawData[], options?: WriteOptions) {
    if (this.conn.readyState !== 'open') return
    if (Array.isArray(packet)) return this.writeToEngine(packet, options)
    if (packet.type === PacketType.CONNECT_ERROR) this.#notOpening(packet.nsp)
    this.writeToEngine(this.desk.codec.encoder.encode(packet), options)
  }

  writeToEngine(frames: RawData[], options?: WriteOptions) {
    if (options?.volatile && this.#isBusy()) return
    for (const frame of frames) this.conn.write(frame)
  }

  #isBusy(): boolean {
    return !this.conn.transport.writable || this.conn.bufferedAmount > VOLATILE_BYTES
  }

  said(failure: Failure, socket?: OpenSocket): unknown {
    const { refusal } = this.desk.hooks
    return refusal ? refusal(failure, this.conn, socket as Socket | undefined) : failure.data
  }

  /** Where no namespace is open, only what is final can be told: a `connect_error` keeps a client from coming back. */
  tell(failure: Failure) {
    const [socket] = this.sockets()
    if (socket) return this.tellOn(socket, failure)
    const [opening = '/'] = this.#opening ?? []
    if (!failures[failure.code].retryable) this.refuseNamespace(opening, failure)
  }

  tellSlow() {
    this.tell(new Failure('slow_consumer', 'More waited to be read than can be kept.'))
  }

  tellOn(socket: OpenSocket, failure: Failure) {
    this.guard(() => socket.packet({ type: PacketType.EVENT, data: ['error', this.said(failure, socket)] }))
  }

  /** Called by the connection when it has ended. */
  onclose(reason: string) {
    this.desk.connecting.delete(this.conn)
    this.commands?.clear()
    this.incoming = undefined
    for (const socket of this.sockets()) this.guard(() => socket._onclose(reason))
  }
}
