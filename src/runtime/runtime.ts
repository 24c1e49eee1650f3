/** What the service asks of whatever it runs on. */
import type { Server } from 'socket.io'
import type { Peer } from '../engine/address.ts'
import type { EngineHooks, EngineOptions } from '../engine/options.ts'
import type { Wires } from '../server/wires.ts'

export interface Runtime {
  /** The engine with all its guards, and Socket.IO upon it; nothing comes in before it is served. */
  openEngine(options: Partial<EngineOptions>, hooks: EngineHooks): OpenEngine
  /** What a `.env` file says, where that is not in the environment by itself. */
  envFile(): NodeJS.Dict<string>
  /** TypeScript as browsers take it: without its types. */
  stripTypes(source: string): string
}

export interface OpenEngine {
  readonly io: Server
  readonly wires: Wires
  /** Sockets and HTTP on one port. */
  serve(serving: Serving): Promise<Served>
}

export interface Serving {
  readonly port: number
  readonly host?: string
  /** For what is not the engine's. */
  fetch(request: Request, peer: Peer): Response | Promise<Response>
  onError(error: unknown): void
}

export interface Served {
  readonly url: string
  readonly port: number
  /** Takes no more; what is under way may end, or is cut off. */
  stop(graceful?: boolean): Promise<void>
}

/** The one that this is: each knows modules that the other cannot load. */
export async function ownRuntime(): Promise<Runtime> {
  if ('Bun' in globalThis) return (await import('./bun.ts')).bun
  return (await import('./deno.ts')).deno
}

const ANY = new Set(['0.0.0.0', '::'])

/** As it stands in a URL, from this machine. */
export function urlOf(host: string, port: number): string {
  const named = host.includes(':') ? `[${host}]` : host
  return `http://${ANY.has(host) ? 'localhost' : named}:${port}`
}
