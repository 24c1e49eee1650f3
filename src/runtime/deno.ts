/** On Deno: Socket.IO's own engine and HTTP on one server of node:http. It asks for nothing of Deno's own, so it runs elsewhere, too. */
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import * as modules from 'node:module'
import type { AddressInfo, Socket } from 'node:net'
import { parseEnv } from 'node:util'
import { getRequestListener } from '@hono/node-server'
import type { Link } from '../engine/link.ts'
import type { Measured } from '../engine/measuring.ts'
import { type NodeGuardedEngine, nodeEngine } from '../engine/node/guarded.ts'
import type { Wires } from '../server/wires.ts'
import { type Runtime, type Served, type Serving, urlOf } from './runtime.ts'

export const deno: Runtime = {
  openEngine(options, hooks) {
    const engine = nodeEngine(options, hooks)
    return { io: engine.io, wires: wiresOf(engine), serve: (serving) => serveNode(engine, serving) }
  },
  envFile: () => (existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}),
  stripTypes: (source) => modules.stripTypeScriptTypes(source),
}

/** There are no topics: a room is told one by one, each frame encoded once. */
const wiresOf = (engine: NodeGuardedEngine): Wires => ({
  wireOf: () => undefined,
  publish() {},
  bufferedAmount: (conn) => (conn as Link).bufferedAmount,
  together: (_, __, run) => run(),
  ping: (conn) => (conn as Measured).measure(),
  admit: (conn) => engine.admit(conn as Link),
  refused: (conn) => engine.bears(conn as Link, false),
  turnOut: engine.turnOut,
})

async function serveNode(engine: NodeGuardedEngine, serving: Serving): Promise<Served> {
  const { port, host = '0.0.0.0' } = serving
  const { server, stop } = nodeServer(engine, serving)
  await listening(server, port, host)
  const { port: own } = server.address() as AddressInfo
  return { url: urlOf(host, own), port: own, stop }
}

/** It does not listen yet. */
export function nodeServer(engine: NodeGuardedEngine, { fetch, onError }: Pick<Serving, 'fetch' | 'onError'>) {
  const server = createServer()
  const sockets = socketsOf(server)
  const answer = getRequestListener((request, { incoming }) => fetch(request, engine.peerOf(request, incoming)), {
    overrideGlobalObjects: false,
    errorHandler(error) {
      onError(error)
      return new Response(null, { status: 500 })
    },
  })
  const isForEngine = ({ url = '' }: IncomingMessage) => engine.owns({ url: `http://-${url}` })
  server.on('request', (request, response) => {
    if (isForEngine(request)) engine.onRequest(request, response)
    else void answer(request, response)
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy()) // it may be reset before anyone else listens
    if (isForEngine(request)) engine.onUpgrade(request, socket, head)
    else socket.end(NO_SUCH_UPGRADE)
  })
  let closed: Promise<void> | undefined

  async function stop(graceful = false) {
    engine.close(!graceful)
    await engine.emptied() // a poll may come on a new connection
    closed ??= new Promise<void>((resolve) => server.close(() => resolve()))
    if (!graceful) for (const socket of sockets) socket.destroy()
    await closed
  }
  return { server, stop }
}

const NO_SUCH_UPGRADE = 'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** All that are open, those that became WebSockets among them. */
function socketsOf(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return sockets
}
