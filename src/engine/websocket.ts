/** A WebSocket under a connection. What Bun answers to a send is read: it drops what is too much, and says so nowhere else. */
import type { Connection } from './connection.ts'
import { sizeOf } from './frames.ts'
import {
  type BaseOptions,
  type EnginePacket,
  encodePacket,
  type RawData,
  UpstreamWebSocket,
  type Wire,
} from './upstream.ts'

/** Below this, deflate costs more than it saves. */
const COMPRESSED_FROM = 1_024

const DROPPED = 0
const WAITS = -1

export class WebSocketTransport extends UpstreamWebSocket {
  declare socket: Wire | undefined
  owner: Connection | undefined
  probed = false
  readonly #compression: boolean

  constructor(opts: BaseOptions, compression: boolean) {
    super(opts)
    this.#compression = compression
  }

  open(wire: Wire) {
    this.socket = wire
    this.writable = true
  }

  override send(packets: EnginePacket[]) {
    for (const packet of packets) this.push(encodePacket(packet))
  }

  push(frame: RawData) {
    const wire = this.socket
    if (wire === undefined || this.readyState !== 'open') return
    const sent = wire.send(frame, this.#compression && sizeOf(frame) >= COMPRESSED_FROM)
    if (sent === WAITS) this.owner?.waits(wire.getBufferedAmount())
    else if (sent === DROPPED) this.owner?.overrun()
  }

  receive(frame: string | Buffer) {
    const { owner } = this
    if (owner === undefined || this.readyState !== 'open') return
    if (owner.transport === this) owner.receive(frame)
    else owner.probe(this, frame)
  }

  override doClose() {
    this.socket?.close()
  }

  /** Without waiting for a reader that does not read. */
  terminate() {
    this.socket?.terminate()
  }

  /** Bun says that it is closed, whoever closed it. */
  closed(code: number) {
    this.readyState = 'closed'
    this.writable = false
    this.owner?.gone(this, code)
  }
}
