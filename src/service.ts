/** For whoever embeds or tests the service: it starts, says where it is, and stops. */
import type { Server } from 'socket.io'
import { type Config, readConfig } from './config.ts'
import type { Health } from './features/feature.ts'
import { envelope } from './protocol/envelope.ts'
import { newId, roomKey, tenantKey } from './protocol/ids.ts'
import { guardedEngine } from './engine/engine.ts'
import { serveBun } from './runtime/bun.ts'
import { systemClock } from './runtime/clock.ts'
import { httpDoor } from './server/http.ts'
import { pages } from './server/pages.ts'
import { startServer } from './server/server.ts'
import { startWorkers } from './workers/workers.ts'
import { openWorld } from './world.ts'

export type { Config } from './config.ts'
export { readConfig } from './config.ts'
export { startEngine } from './engine/start.ts'

export interface Service {
  readonly url: string
  readonly io: Server
  /** An event of your own to everyone of a tenant who is connected; it may be lost. */
  broadcast(tenant_id: string, event: string, data: unknown): void
  /** The same to those who hear a room. */
  broadcastToRoom(tenant_id: string, room_id: string, event: string, data: unknown): void
  connectionCount(): number
  healthCheck(): Promise<Health>
  /** Answers what was accepted, tells connections to come again, and lets go of everything. */
  stop(): Promise<void>
}

const DRAIN_MS = 10_000
const DRAIN_LOOK_MS = 5
/** Clients that are told to come again spread over so long. */
const RECONNECT_MS = 2_000

export async function startService(config: Config = readConfig(process.env)): Promise<Service> {
  const clock = systemClock
  const world = await openWorld(config, clock)
  void world
  void guardedEngine
  void serveBun
  void httpDoor
  void pages
  void startServer
  void startWorkers
  void envelope
  void newId
  void roomKey
  void tenantKey
  void DRAIN_MS
  void DRAIN_LOOK_MS
  void RECONNECT_MS
  throw new Error('not composed yet')
}
