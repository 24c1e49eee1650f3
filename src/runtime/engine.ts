/** The engine with all its guards and none of the features, for whoever tests it or builds on it. */
import type { Server } from 'socket.io'
import type { EngineHooks, EngineOptions } from '../engine/options.ts'
import { ownRuntime, type Served } from './runtime.ts'

export interface StartedEngine extends Pick<Served, 'url' | 'port'> {
  readonly io: Server
  stop(): Promise<void>
}

export interface StartOptions extends Partial<EngineOptions> {
  readonly port?: number
  readonly host?: string
  readonly hooks?: Partial<EngineHooks>
}

/** Without more said: every connection is let in, and events go to `socket.on`, as in Socket.IO itself. */
export async function startEngine(
  { port = 0, host = '127.0.0.1', hooks, ...options }: StartOptions,
  handlers: (io: Server) => void = () => {},
  runtime = ownRuntime(),
): Promise<StartedEngine> {
  const onError = hooks?.onError ?? console.error
  const { io, serve } = (await runtime).openEngine(options, { ...hooks, onError })
  handlers(io)
  const fetch = () => new Response(null, { status: 404 })
  const served = await serve({ port, host, fetch, onError })
  return {
    url: served.url,
    port: served.port,
    io,
    async stop() {
      await io.close()
      await served.stop()
    },
  }
}
