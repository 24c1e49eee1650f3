/** A WebSocket under a connection. What is sent goes to the socket at once, so that what waits there is all that waits. */
import type { EnginePacket } from '../upstream.ts'
import { UpstreamWebSocket } from './upstream.ts'

export class NodeWebSocket extends UpstreamWebSocket {
  code: number | undefined = undefined
  /** What comes next of one that is only tried: one probe, then the upgrade, and nothing else. */
  expects: 'ping' | 'upgrade' | undefined = undefined
  #isCut = false

  override send(packets: EnginePacket[]) {
    for (const packet of packets) this.parser.encodePacket(packet, true, this._doSend)
    this.emit('drain')
  }

  get bufferedAmount(): number {
    return this.socket.bufferedAmount
  }

  override onPacket(packet: EnginePacket) {
    const { expects } = this
    if (expects && packet.type !== expects) return this.close()
    if (expects) this.expects = expects === 'ping' ? 'upgrade' : undefined
    super.onPacket(packet)
  }

  /** Without waiting for a reader that does not read. */
  terminate() {
    this.#isCut = true
    this.socket.terminate()
  }

  /** What could not be written to one that was cut off is no further trouble. */
  override onError(message: string) {
    if (!this.#isCut) super.onError(message)
  }

  override onClose(code?: unknown) {
    if (typeof code === 'number') this.code = code
    super.onClose()
  }
}
