// One raw connection: TCP, the websocket's upgrade, Engine.IO 4 and Socket.IO 5 by hand.
import type { Socket } from 'bun'
import {
  bodyAt,
  CLOSE,
  clientFrame,
  type FrameListener,
  isMessageNew,
  isPlainAck,
  numberAt,
  PING,
  PONG,
  readFrames,
  seqIn,
  TEXT,
} from './wire.ts'

export interface Listener {
  delivery(connection: Connection, seq: number, bytes: number, now: number): void
  /** `refusal` is what the service said in place of an acknowledgement. */
  acknowledged(id: number, refusal: string | undefined, bytes: number, now: number): void
  lost(reason: string): void
  /** Any other event, as it came. */
  told?(text: string, now: number): void
}

export interface Door {
  readonly port: number
  /** What goes into Socket.IO's CONNECT. */
  readonly auth: unknown
  /** The event that says that a connection takes part; without it, Socket.IO's own CONNECT is enough. */
  readonly readyOn: string | undefined
}

type Answer = { type?: string; payload?: { data?: unknown } }

const code = (character: string): number => character.charCodeAt(0)
const OPEN = code('0')
const ENGINE_CLOSE = code('1')
const ENGINE_PING = code('2')
const MESSAGE = code('4')
const CONNECT = code('0')
const DISCONNECT = code('1')
const EVENT = code('2')
const ACK = code('3')
const CONNECT_ERROR = code('4')
const PONG_PACKET = clientFrame(TEXT, '3')
const PONG_FRAME = clientFrame(PONG, '')
const END_OF_HEAD = '\r\n\r\n'

const upgradeRequest = (port: number): string =>
  [
    'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Origin: https://load.test',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '',
    '',
  ].join('\r\n')

export class Connection {
  /** Resolves with the ms from the connect to readiness. */
  readonly ready = Promise.withResolvers<number>()
  listener: Listener | undefined
  lastSeq = 0
  readonly #door: Door
  readonly #startedAt = performance.now()
  #requests: Map<number, (answer: Answer) => void> | undefined
  #lastRequest = 0
  #socket: Socket<Connection> | undefined
  #rest: Buffer | undefined
  #unsent: Buffer | undefined
  #upgraded = false
  #ended = false
  #now = 0

  constructor(door: Door) {
    this.#door = door
    this.ready.promise.catch(() => undefined)
  }

  opened(socket: Socket<Connection>): void {
    this.#socket = socket
    if (this.#ended) {
      socket.terminate()
      return
    }
    this.#write(Buffer.from(upgradeRequest(this.#door.port)))
  }

  received(chunk: Buffer): void {
    this.#now = performance.now()
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk
    const start = this.#upgraded ? 0 : this.#readHead(bytes)
    const whole = start === 0 ? bytes : bytes.subarray(start)
    const read = this.#upgraded ? readFrames(whole, this.#frame) : 0
    this.#rest = read < whole.length ? Buffer.from(whole.subarray(read)) : undefined
  }

  drained(): void {
    const unsent = this.#unsent
    this.#unsent = undefined
    if (unsent) this.#write(unsent)
  }

  emit(packet: string): void {
    this.#write(clientFrame(TEXT, packet))
  }

  /** For what is prepared, not for what is measured. */
  request(name: string, data: unknown): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const id = ++this.#lastRequest
    this.#requests ??= new Map()
    this.#requests.set(id, ({ type, payload }) => {
      if (type === 'ack') resolve(payload?.data)
      else reject(new Error(`${name} was refused: ${JSON.stringify(payload?.data)}`))
    })
    this.emit(`42${id}${JSON.stringify([name, data])}`)
    return promise
  }

  /** The end came from this side: nobody is told of it. */
  close(): void {
    this.#ended = true
    this.#socket?.terminate()
  }

  ended(reason: string): void {
    if (this.#ended) return
    this.#ended = true
    this.ready.reject(new Error(reason))
    this.listener?.lost(reason)
    this.#socket?.terminate()
  }

  #readHead(bytes: Buffer): number {
    const end = bytes.indexOf(END_OF_HEAD)
    if (end < 0) return 0
    const head = bytes.toString('latin1', 0, end)
    this.#upgraded = head.startsWith('HTTP/1.1 101')
    if (!this.#upgraded) this.ended(`the upgrade was refused: ${head.slice(0, head.indexOf('\r\n'))}`)
    return end + END_OF_HEAD.length
  }

  readonly #frame: FrameListener = (opcode, bytes, start, end) => {
    if (opcode === TEXT) this.#packet(bytes, start, end)
    if (opcode === PING) this.#write(PONG_FRAME)
    if (opcode === CLOSE) this.ended(`closed by the server with ${bytes.readUInt16BE(start)}`)
  }

  #packet(bytes: Buffer, start: number, end: number): void {
    switch (bytes[start]) {
      case MESSAGE:
        this.#message(bytes, start, end)
        break
      case ENGINE_PING:
        this.#write(PONG_PACKET)
        break
      case OPEN:
        this.emit(`40${JSON.stringify(this.#door.auth)}`)
        break
      case ENGINE_CLOSE:
        this.ended('closed by the engine')
    }
  }

  #message(bytes: Buffer, start: number, end: number): void {
    switch (bytes[start + 1]) {
      case EVENT:
        this.#event(bytes, start, end)
        break
      case ACK:
        this.#acknowledged(bytes, start, end)
        break
      case CONNECT:
        if (this.#door.readyOn === undefined) this.ready.resolve(this.#now - this.#startedAt)
        break
      case CONNECT_ERROR:
        this.ended(`not let in: ${bytes.toString('utf8', start + 2, end)}`)
        break
      case DISCONNECT:
        this.ended('disconnected by the server')
    }
  }

  #acknowledged(bytes: Buffer, start: number, end: number): void {
    const id = numberAt(bytes, start + 2, end)
    const body = bodyAt(bytes, start + 2, end)
    const request = this.#requests?.get(id)
    if (!request) {
      const refusal = isPlainAck(bytes, body, end) ? undefined : refusalIn(bytes.toString('utf8', body, end))
      this.listener?.acknowledged(id, refusal, end - start, this.#now)
      return
    }
    this.#requests?.delete(id)
    request(JSON.parse(bytes.toString('utf8', body, end))[0])
  }

  #event(bytes: Buffer, start: number, end: number): void {
    if (isMessageNew(bytes, start, end)) {
      this.listener?.delivery(this, seqIn(bytes, start, end), end - start, this.#now)
      return
    }
    const text = bytes.toString('utf8', start + 2, end)
    if (text.startsWith(`["${this.#door.readyOn}"`)) this.ready.resolve(this.#now - this.#startedAt)
    this.listener?.told?.(text, this.#now)
    if (text.startsWith('["error"')) this.ended(`told an error: ${text}`)
  }

  #write(bytes: Buffer): void {
    if (this.#unsent) {
      this.#unsent = Buffer.concat([this.#unsent, bytes])
      return
    }
    const written = Math.max(0, this.#socket?.write(bytes) ?? 0)
    if (written < bytes.length) this.#unsent = Buffer.from(bytes.subarray(written))
  }
}

function refusalIn(text: string): string | undefined {
  const [answer] = JSON.parse(text) as [Answer]
  return answer.type === 'ack' ? undefined : JSON.stringify(answer.payload?.data ?? answer)
}
