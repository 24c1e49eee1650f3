/** The engine with all its guards and none of the features, for whoever tests it or builds on it. */
import type { Server } from 'socket.io'
import type { Engine } from '../engine/engine.ts'
import { type GuardedEngine, guardedEngine } from '../engine/guarded.ts'
import type { EngineHooks, EngineOptions } from '../engine/options.ts'
import { serveBun } from './bun.ts'

export interface StartedEngine {
  readonly url: string
  readonly port: number
  readonly io: Server
  readonly guarded: GuardedEngine
  publish(topic: string, frame: string | Uint8Array): void
  stop(): Promise<void>
}

export interface StartOptions extends Partial<EngineOptions> {
  readonly port?: number
  readonly host?: string
  readonly hooks?: Partial<EngineHooks>
  /** Given, connections come here as they are, without Socket.IO. */
  readonly connections?: (engine: Engine) => void
}

/** Without more said: every connection is let in, and events go to `socket.on`, as in Socket.IO itself. */
export function startEngine(
  { port = 0, host = '127.0.0.1', hooks, connections, ...options }: StartOptions,
  handlers: (io: Server) => void = () => {},
): StartedEngine {
  const onError = hooks?.onError ?? console.error
  const guarded = guardedEngine(options, { ...hooks, onError })
  if (connections) {
    guarded.engine.off('connection')
    connections(guarded.engine)
  }
  handlers(guarded.io)
  const fetch = () => new Response(null, { status: 404 })
  const served = serveBun({ engine: guarded, port, host, fetch, onError })
  return {
    url: served.url,
    port: served.port,
    io: guarded.io,
    guarded,
    publish: served.publish,
    async stop() {
      await guarded.io.close()
      await served.stop()
    },
  }
}
