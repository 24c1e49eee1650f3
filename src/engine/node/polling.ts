/** Long polling under a connection: what its requests bring is read within bounds, one at a time. */
import type { ServerResponse } from 'node:http'
import { packetsIn, SEPARATOR } from '../frames.ts'
import { BOUNDS } from '../options.ts'
import type { EnginePacket } from '../upstream.ts'
import type { Body } from './bodies.ts'
import type { NodeConnection } from './connection.ts'
import { type EngineRequest, UpstreamPolling } from './upstream.ts'

export class NodePolling extends UpstreamPolling {
  owner: NodeConnection | undefined = undefined

  /** Of the request whose body is being read. */
  #response: ServerResponse | undefined = undefined

  /** The end needs nothing before it. */
  override send(packets: EnginePacket[]) {
    super.send(this.shouldClose ? packets.filter(({ type }) => type !== 'noop') : packets)
  }

  override onDataRequest(request: EngineRequest, response: ServerResponse) {
    const { owner } = this
    if (!owner || this.#response || owner.mayNotBring(Number(request.headers['content-length'])))
      return this.#fail(response, 400)
    this.#response = response
    void owner.keeper.read(request).then((body) => owner.keeper.guard(() => this.#read(owner, request, response, body)))
  }

  #read(owner: NodeConnection, request: EngineRequest, response: ServerResponse, body: Body) {
    if (response.writableEnded) return
    if (typeof body !== 'string') return this.#fail(response, body)
    if (owner.readyState === 'closed') return this.#fail(response, 400)
    this.#response = undefined
    this.#take(owner, body)
    if (owner.closedBy === 'parse error') return response.writeHead(400).end()
    response.writeHead(200, this.headers(request, { 'content-type': 'text/html' })).end('ok')
  }

  /** Answered before its body is whole, a request is cut off, and so is one that is being read beside it. */
  #fail(response: ServerResponse, status: number) {
    for (const one of new Set([response, this.#response])) one?.writeHead(status, { connection: 'close' }).end()
    this.#response = undefined
    this.onError('a body that may not be')
  }

  #take(owner: NodeConnection, payload: string) {
    if (packetsIn(payload, BOUNDS.packetsPerPost) > BOUNDS.packetsPerPost) return owner.onClose('parse error')
    let from = 0
    while (owner.readyState === 'open') {
      const to = payload.indexOf(SEPARATOR, from)
      const packet = this.parser.decodePacket(payload.slice(from, to === -1 ? undefined : to))
      if (packet.type === 'close') return this.onClose()
      this.onPacket(packet)
      if (to === -1) return
      from = to + 1
    }
  }
}
