/** The classes of Socket.IO's own engine (pinned exactly), with what they keep private laid open. */
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Server, Socket, transports } from 'engine.io'
import type { Asked } from '../entrance.ts'
import type { EnginePacket, HandshakeRequest, RawData } from '../upstream.ts'

/** A request that was let in. */
export interface EngineRequest extends IncomingMessage {
  readonly asked: Asked
  readonly _query: Readonly<Record<string, string>>
}

export interface BaseTransport extends EventEmitter {
  readonly name: string
  writable: boolean
  readyState: 'open' | 'closing' | 'closed'
  readonly parser: {
    decodePacket(frame: string | Buffer): EnginePacket
    encodePacket(packet: EnginePacket, binary: boolean, then: (frame: RawData) => void): void
  }
  send(packets: EnginePacket[]): void
  close(): void
  onRequest(request: EngineRequest): void
  onPacket(packet: EnginePacket): void
  onError(message: string): void
  onClose(...why: unknown[]): void
}

interface BasePolling extends BaseTransport {
  /** There where the next poll is to be told the end. */
  readonly shouldClose: (() => void) | null
  onDataRequest(request: EngineRequest, response: ServerResponse): void
  headers(request: IncomingMessage, headers: Record<string, string>): Record<string, string>
}

interface BaseWebSocket extends BaseTransport {
  readonly socket: { readonly bufferedAmount: number; terminate(): void }
  _doSend(frame: RawData): void
}

interface BaseSocket extends EventEmitter {
  readonly id: string
  remoteAddress: string
  request: HandshakeRequest
  readyState: 'opening' | 'open' | 'closing' | 'closed'
  transport: BaseTransport
  writeBuffer: EnginePacket[]
  /** There while a ping waits for its pong. */
  readonly pingTimeoutTimer: object | null
  onOpen(): void
  onPacket(packet: EnginePacket): void
  onClose(reason: string, description?: unknown): void
  sendPacket(type: EnginePacket['type'], data?: RawData): void
  /** It ends if no pong comes. */
  resetPingTimeout(): void
  flush(): void
  _maybeUpgrade(transport: BaseTransport): void
  close(discard?: boolean): void
}

interface BaseServer extends EventEmitter {
  readonly opts: { maxHttpBufferSize: number }
  readonly clients: Record<string, BaseSocket>
  clientsCount: number
  handshake(name: string, request: EngineRequest, refuse: (code: number) => void): Promise<unknown>
  createTransport(name: string, request: EngineRequest): BaseTransport
  handleRequest(request: IncomingMessage, response: ServerResponse): void
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  close(): this
}

type Class<Made, Args extends unknown[]> = new (...args: Args) => Made

type Query = { readonly _query: Readonly<Record<string, string>> }

export const UpstreamServer = Server as unknown as Class<BaseServer, [options: object]>
export const UpstreamSocket = Socket as unknown as Class<
  BaseSocket,
  [id: string, server: BaseServer, transport: BaseTransport, request: IncomingMessage, protocol: 4]
>
export const UpstreamWebSocket = transports.websocket as unknown as Class<BaseWebSocket, [request: Query]>
/** Its class is not handed out, but what it makes is. */
const { polling } = transports as unknown as { polling: Class<object, [request: Query]> }
export const UpstreamPolling = new polling({ _query: {} }).constructor as Class<BasePolling, [request: Query]>
