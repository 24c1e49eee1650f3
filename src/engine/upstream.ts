/** The classes of bun-engine (pinned exactly) and of Socket.IO that the engine stands on, with what they keep private laid open. */
import { Server } from '@socket.io/bun-engine'
import { Parser } from '@socket.io/bun-engine/dist/parser.js'
import { Socket } from '@socket.io/bun-engine/dist/socket.js'
import { Polling } from '@socket.io/bun-engine/dist/transports/polling.js'
import { WS } from '@socket.io/bun-engine/dist/transports/websocket.js'
import type { Namespace } from 'socket.io'
import type { PacketType } from 'socket.io-parser'

export type Wire = Bun.ServerWebSocket<unknown>

export type RawData = string | Uint8Array | ArrayBuffer

export interface EnginePacket {
  type: 'open' | 'close' | 'ping' | 'pong' | 'message' | 'upgrade' | 'noop' | 'error'
  data?: RawData
}

/** What of a request outlives it: Socket.IO makes its `handshake` of this. */
export interface HandshakeRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly _query: Readonly<Record<string, string>>
  readonly connection: { readonly encrypted: boolean }
}

type Listener = (...args: never[]) => void

interface Emitting {
  on(event: string, listener: Listener): this
  once(event: string, listener: Listener): this
  off(event?: string, listener?: Listener): this
  removeListener(event: string, listener?: Listener): this
  emitReserved(event: string, ...args: unknown[]): boolean
}

export interface BaseTransport extends Emitting {
  writable: boolean
  readyState: 'open' | 'closing' | 'closed'
  readonly name: string
  readonly upgradesTo: string[]
  send(packets: EnginePacket[]): void
  close(): void
  doClose(): void
}

interface BaseSocket extends Emitting {
  readonly id: string
  readyState: 'opening' | 'open' | 'closing' | 'closed'
  transport: BaseTransport
  readonly request: HandshakeRequest
  readonly opts: BaseOptions
  upgradeState: 'not_upgraded' | 'upgrading' | 'upgraded'
  writeBuffer: EnginePacket[]
  onOpen(): void
  bindTransport(transport: BaseTransport): void
}

export interface BaseOptions {
  readonly path: string
  readonly pingInterval: number
  readonly pingTimeout: number
  readonly upgradeTimeout: number
  readonly maxHttpBufferSize: number
}

interface BaseServer<Connection> extends Emitting {
  readonly opts: BaseOptions
  readonly clients: Map<string, Connection>
  close(): void
}

type Class<Made, Args extends unknown[]> = new (...args: Args) => Made

export const UpstreamServer = Server as unknown as new <Connection>(opts: BaseOptions) => BaseServer<Connection>
export const UpstreamSocket = Socket as unknown as Class<
  BaseSocket,
  [id: string, opts: BaseOptions, transport: BaseTransport, request: HandshakeRequest]
>
export const UpstreamPolling = Polling as unknown as Class<BaseTransport, [opts: BaseOptions]>
export const UpstreamWebSocket = WS as unknown as Class<BaseTransport, [opts: BaseOptions]>

export const encodePayload = (packets: EnginePacket[]): string => Parser.encodePayload(packets)
export const encodePacket = (packet: EnginePacket): RawData => Parser.encodePacket(packet, true) as RawData

/** A packet of Socket.IO. `plain` says that it holds nothing binary, and saves the search for it. */
export interface Packet {
  type: PacketType
  nsp: string
  data?: unknown
  id?: number | undefined
  plain?: boolean
}

/** What Socket.IO's own client object is asked for by namespaces, sockets and adapters. */
export interface OpenSocket {
  readonly id: string
  readonly nsp: Namespace
  disconnect(): void
  packet(packet: Partial<Packet>): void
  _onpacket(packet: Packet): void
  _onclose(reason: string): void
  _onerror(error: Error): void
}

export type OpenNamespace = Omit<Namespace, '_add'> & {
  _add(client: unknown, auth: unknown, then: (socket: OpenSocket) => void): Promise<void>
}
