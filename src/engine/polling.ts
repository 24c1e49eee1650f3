/** Long polling under a connection: what waits for the next request, and what requests bring. */
import type { Connection } from './connection.ts'
import { packetsIn, SEPARATOR } from './frames.ts'
import { BOUNDS } from './options.ts'
import { type EnginePacket, encodePayload, UpstreamPolling } from './upstream.ts'

type Headers = Readonly<Record<string, string>>

/** What a request brought, or the status that says why it did not. */
export type Body = string | 400 | 408

interface Poll {
  readonly headers: Headers
  readonly resolve: (response: Response) => void
}

const BASE64 = 98 // b

export const text = (body: string, headers: Headers): Response =>
  new Response(body, {
    headers: { ...headers, 'content-type': 'text/plain; charset=UTF-8', 'cache-control': 'no-store' },
  })

const refused = (status: number, headers: Headers): Response => new Response(null, { status, headers })

/** Answered before its body is whole, a request is cut off. */
const cut = (status: number, headers: Headers) => refused(status, { ...headers, connection: 'close' })

export class PollingTransport extends UpstreamPolling {
  owner: Connection | undefined
  #poll: Poll | undefined
  #reading = false

  poll({ signal }: Request, headers: Headers): Promise<Response> | Response {
    if (this.#poll) {
      this.owner?.onClose('transport error')
      return refused(400, headers)
    }
    const answer = new Promise<Response>((resolve) => {
      const poll = { headers, resolve }
      this.#poll = poll
      signal.addEventListener('abort', () => this.#poll === poll && this.#abandoned())
    })
    this.writable = true
    this.owner?.polled()
    return answer
  }

  /** Whoever asked is gone, and what it was told then may be lost. */
  #abandoned() {
    this.#poll = undefined
    this.writable = false
    this.owner?.onClose('transport error')
  }

  override send(packets: EnginePacket[]) {
    this.answer(encodePayload(packets))
  }

  answer(payload: string) {
    const poll = this.#poll
    if (!poll) return
    this.#poll = undefined
    this.writable = false
    poll.resolve(text(payload, poll.headers))
  }

  override doClose() {
    this.answer(this.readyState === 'closing' ? '1' : '6')
    this.readyState = 'closed'
  }

  /** One at a time: their order, and how much is held, must not be the client's to choose. */
  async post(request: Request, headers: Headers, body: () => Promise<Body>): Promise<Response> {
    const { owner } = this
    if (!owner) return refused(400, headers)
    if (this.#reading || owner.mayNotBring(Number(request.headers.get('content-length')))) {
      owner.onClose('transport error')
      return cut(400, headers)
    }
    this.#reading = true
    const payload = await body()
    this.#reading = false
    if (typeof payload === 'string') return this.#take(owner, payload, headers)
    owner.onClose('transport error')
    return cut(payload, headers)
  }

  #take(owner: Connection, payload: string, headers: Headers): Response {
    if (packetsIn(payload, BOUNDS.packetsPerPost) > BOUNDS.packetsPerPost) owner.onClose('parse error')
    let from = 0
    while (owner.readyState === 'open') {
      const to = payload.indexOf(SEPARATOR, from)
      const packet = payload.slice(from, to === -1 ? undefined : to)
      owner.receive(packet.charCodeAt(0) === BASE64 ? Buffer.from(packet.slice(1), 'base64') : packet)
      if (to === -1) break
      from = to + 1
    }
    return owner.closedBy === 'parse error' ? refused(400, headers) : text('ok', headers)
  }
}
