/** On Bun: its own server and WebSockets, and topics told by one publish. */
import { connectionOf, type GuardedEngine, guardedEngine, wireOf } from '../engine/guarded.ts'
import type { Link } from '../engine/link.ts'
import type { Wires } from '../server/wires.ts'
import { type Runtime, type Served, type Serving, urlOf } from './runtime.ts'

export interface BunServed extends Served {
  /** To every WebSocket that subscribed to the topic. */
  publish(topic: string, frame: string | Uint8Array): void
}

const COMPRESSED_FROM = 1_024

export const bun: Runtime = {
  openEngine(options, hooks) {
    const engine = guardedEngine(options, hooks)
    let served: BunServed | undefined
    return {
      io: engine.io,
      wires: wiresOf(engine, () => served),
      async serve(serving) {
        served = serveBun(engine, serving)
        return served
      },
    }
  },
  envFile: () => ({}), // Bun has read it
  stripTypes: (source) => new Bun.Transpiler({ loader: 'ts' }).transformSync(source),
}

const wiresOf = (engine: GuardedEngine, served: () => BunServed | undefined): Wires => ({
  wireOf: (conn) => wireOf((conn as { transport: object }).transport),
  publish: (topic, frame) => served()?.publish(topic, frame),
  bufferedAmount: (conn) => connectionOf({ conn }).bufferedAmount,
  together: (conn, size, run) => connectionOf({ conn }).together(size, run),
  ping: (conn) => connectionOf({ conn }).measure(),
  admit: (conn) => engine.admit(conn as Link),
  refused: (conn) => engine.bears(conn as Link, false),
  turnOut: engine.turnOut,
})

export function serveBun(engine: GuardedEngine, { port, host = '0.0.0.0', fetch, onError }: Serving): BunServed {
  const server = Bun.serve({
    port,
    hostname: host,
    development: false,
    reusePort: false, // which Bun has on otherwise: two services on one port would share what comes
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
    url: urlOf(host, server.port as number),
    port: server.port as number,
    publish(topic, frame) {
      const compressed = compression && frame.length >= COMPRESSED_FROM
      const answer = server.publish(topic, frame, compressed)
      if (answer !== 0 || server.subscriberCount(topic) > 0) engine.publishedTo(answer, frame.length)
    },
    async stop(graceful = false) {
      engine.close(!graceful)
      await engine.emptied() // a poll may come on a new connection
      await server.stop(!graceful)
    },
  }
}
