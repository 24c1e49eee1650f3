/** Serves the engine and HTTP on one port, on Bun. */
import type { Peer } from '../engine/address.ts'
import type { GuardedEngine } from '../engine/guarded.ts'

export interface Served {
  readonly url: string
  readonly port: number
  /** To every WebSocket that subscribed to the topic. */
  publish(topic: string, frame: string | Uint8Array): void
  /** Takes no more; what is under way may end, or is cut off. */
  stop(graceful?: boolean): Promise<void>
}

export interface Serving {
  readonly engine: GuardedEngine
  readonly port: number
  readonly host?: string
  fetch(request: Request, peer: Peer): Response | Promise<Response>
  onError(error: unknown): void
}

const COMPRESSED_FROM = 1_024

const ANY = new Set(['0.0.0.0', '::'])

/** As it stands in a URL, from this machine. */
function named(host: string): string {
  if (ANY.has(host)) return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

export function serveBun({ engine, port, host = '0.0.0.0', fetch, onError }: Serving): Served {
  const server = Bun.serve({
    port,
    hostname: host,
    development: false,
    ...engine.serve,
    fetch: (request, server) =>
      engine.owns(request) ? engine.fetch(request, server) : fetch(request, engine.peerOf(request, server)),
    error(error) {
      onError(error)
      return new Response(null, { status: 500 })
    },
  })
  const compression = engine.options.compression

  return {
    url: `http://${named(host)}:${server.port}`,
    port: server.port as number,
    publish(topic, frame) {
      const compressed = compression && frame.length >= COMPRESSED_FROM
      const answer = server.publish(topic, frame, compressed)
      if (answer !== 0 || server.subscriberCount(topic) > 0) engine.publishedTo(answer, frame.length)
    },
    async stop(graceful = false) {
      engine.close()
      await server.stop(!graceful)
    },
  }
}
