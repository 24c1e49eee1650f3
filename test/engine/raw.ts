/** Clients that say what they are told to, byte for byte, and an engine to say it to. */
import { test } from 'bun:test'
import { type AddressInfo, connect as connectTcp } from 'node:net'
import type { Server } from 'socket.io'
import { type ManagerOptions, type SocketOptions, connect as stockConnect } from 'socket.io-client'
import type { Engine } from '../../src/engine/engine.ts'
import { guardedEngine } from '../../src/engine/guarded.ts'
import { nodeEngine } from '../../src/engine/node/guarded.ts'
import type { Closing, EngineHooks, EngineOptions } from '../../src/engine/options.ts'
import { serveBun } from '../../src/runtime/bun.ts'
import { nodeServer } from '../../src/runtime/deno.ts'
import type { Serving } from '../../src/runtime/runtime.ts'

export interface Closed extends Closing {
  readonly id: string
}

/** More than the service's options: given `connections`, they come here as they are, without Socket.IO. */
export interface Starting extends Partial<EngineOptions> {
  readonly host?: string
  readonly hooks?: Partial<EngineHooks>
  readonly connections?: (engine: Engine) => void
}

/** An engine, what was reported as wrong, and which connections ended how. */
export function start(
  { host = '127.0.0.1', hooks, connections, ...options }: Starting = {},
  handlers?: (io: Server) => void,
) {
  const errors: unknown[] = []
  const closed = queue<Closed>()
  const onError = (error: unknown) => void errors.push(error)
  const all = { onError, onClose: ({ id }: { id: string }, why: Closing) => closed.push({ id, ...why }), ...hooks }
  const { guarded, connection, alone, serve } = open(options, all)
  if (connections) {
    alone()
    connections(guarded.engine)
  }
  handlers?.(guarded.io)
  const { url, port, publish, stop } = serve({
    port: 0,
    host,
    fetch: () => new Response(null, { status: 404 }),
    onError,
  })
  const started = { url, port, publish, io: guarded.io, guarded, errors, closed, connection }
  const end = async () => {
    await guarded.io.close()
    await stop()
  }
  return { ...started, stop: end, [Symbol.asyncDispose]: end }
}

function onBun(options: Partial<EngineOptions>, hooks: EngineHooks) {
  const guarded = guardedEngine(options, hooks)
  return {
    guarded,
    connection: (sid: string) => guarded.engine.clients.get(sid),
    /** Without Socket.IO. */
    alone: () => void guarded.engine.off('connection'),
    serve: (serving: Serving) => serveBun(guarded, serving),
  }
}

/** As on Deno, but in this process. */
function onNode(options: Partial<EngineOptions>, hooks: EngineHooks) {
  const guarded = nodeEngine(options, hooks)
  function serve({ host, ...serving }: Serving) {
    const { server, stop } = nodeServer(guarded, serving)
    server.listen(0, host)
    const { port } = server.address() as AddressInfo
    return { url: `http://127.0.0.1:${port}`, port, publish() {}, stop }
  }
  const alone = () => void guarded.engine.removeAllListeners('connection')
  return { guarded, serve, alone, connection: (sid: string) => guarded.engine.clients[sid] }
}

const { ENGINE } = process.env
const isNode = ENGINE === 'node'

/** What is said of an engine in this folder is said of both: `node.service.ts` says it of Socket.IO's own. */
const open = isNode ? (onNode as unknown as typeof onBun) : onBun

/** Of topics, of Bun's own options, and of what only our engine counts. */
export const bunOnly = isNode ? test.skip : test

export type Started = ReturnType<typeof start>

/** What comes, in order, for whoever waits for the next. */
export function queue<Item>() {
  const items: Item[] = []
  const waiting: ((item: Item) => void)[] = []
  return {
    items,
    push(item: Item) {
      const next = waiting.shift()
      if (next) next(item)
      else items.push(item)
    },
    next: (): Promise<Item> =>
      items.length > 0 ? Promise.resolve(items.shift() as Item) : new Promise((resolve) => waiting.push(resolve)),
  }
}

export type RawSocket = ReturnType<typeof websocket>

/** A WebSocket and nothing on it. */
export function websocket({ port }: { port: number }, query = 'EIO=4&transport=websocket', init: object = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?${query}`, init as never)
  socket.binaryType = 'arraybuffer'
  const frames = queue<string>()
  const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve))
  socket.addEventListener('message', ({ data }) => frames.push(typeof data === 'string' ? data : hex(data)))
  return {
    socket,
    closed,
    opened: new Promise<void>((resolve) => socket.addEventListener('open', () => resolve())),
    heard: frames.items,
    next: frames.next,
    send: (...said: (string | Uint8Array)[]) => {
      for (const frame of said) socket.send(frame as string)
    },
    /** The next that is no heartbeat. */
    async message(): Promise<string> {
      const frame = await frames.next()
      return frame === '2' ? this.message() : frame
    },
    [Symbol.dispose]: () => socket.close(),
  }
}

const hex = (data: ArrayBuffer): string => `<${Buffer.from(data).toString('hex')}>`

/** Past the engine's handshake, and into a namespace unless told not to. */
export async function joined(engine: { port: number }, connect: string | undefined = '40', init: object = {}) {
  const client = websocket(engine, undefined, init)
  const { sid } = JSON.parse((await client.next()).slice(1))
  if (connect) {
    client.send(connect)
    const answer = await client.message()
    if (!answer.startsWith('40')) throw new Error(`Not let in: ${answer}`)
  }
  return Object.assign(client, { sid: sid as string })
}

/** Long polling, one request at a time. */
export async function polling({ port }: { port: number }, headers: Record<string, string> = {}) {
  const base = `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`
  const opened = await fetch(base, { headers })
  const { sid } = JSON.parse((await opened.text()).slice(1))
  const url = `${base}&sid=${sid}`
  return {
    sid: sid as string,
    url,
    get: () => fetch(url, { headers }),
    poll: async () => (await fetch(url, { headers })).text(),
    post: (body: string) => fetch(url, { method: 'POST', body, headers }),
  }
}

/** What people use. */
export function stock({ url }: { url: string }, options: Partial<ManagerOptions & SocketOptions> = {}) {
  const socket = stockConnect(url, { transports: ['websocket'], forceNew: true, reconnectionDelay: 10, ...options })
  return Object.assign(socket, { [Symbol.dispose]: () => void socket.close() })
}

/** The next time that it says this. */
export const once = <Args extends unknown[] = unknown[]>(
  source: { once(name: string, listener: (...args: Args) => void): unknown },
  name: string,
): Promise<Args> => new Promise((resolve) => source.once(name, (...args: Args) => resolve(args)))

/** Comes back to it whenever there was something else to do. */
export async function until(so: () => boolean) {
  while (!so()) await new Promise(setImmediate)
}

/** One that opens a WebSocket and reads no further, until it is told to. */
export async function pausedReader({ port }: { port: number }) {
  const socket = connectTcp(port, '127.0.0.1')
  const received: Buffer[] = []
  const upgrade = ['Host: 127.0.0.1', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13']
  socket.write(`GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${upgrade.join('\r\n')}\r\n`)
  socket.write('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
  socket.on('error', () => socket.destroy()) // it may be reset: that is what is tested
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await new Promise<void>((resolve) => socket.once('data', () => resolve()))
  socket.on('data', (data: Buffer) => received.push(data))
  return {
    say: (text: string) => socket.write(masked(text)),
    pause: () => socket.pause(),
    /** All that it was sent, once it reads again and the connection has ended. */
    async rest(): Promise<string[]> {
      socket.resume()
      await ended
      return framesIn(Buffer.concat(received))
    },
    heard: () => framesIn(Buffer.concat(received)),
    resume: () => socket.resume(),
    [Symbol.dispose]: () => void socket.destroy(),
  }
}

/** A text frame of a client, masked with nothing. */
function masked(text: string): Buffer {
  const { length } = text
  const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([0x81, ...size, 0, 0, 0, 0]), Buffer.from(text)])
}

/** The texts of whole frames that a server sent. */
function framesIn(bytes: Buffer): string[] {
  const texts: string[] = []
  for (let at = 0; at + 2 <= bytes.length; ) {
    const short = (bytes[at + 1] as number) & 0x7f
    const header = short === 126 ? 4 : short === 127 ? 10 : 2
    if (at + header > bytes.length) break
    const length =
      short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short
    if (at + header + length > bytes.length) break
    if (((bytes[at] as number) & 0x0f) === 1) texts.push(bytes.toString('utf8', at + header, at + header + length))
    at += header + length
  }
  return texts
}
