/** What a server is put together from. */
import type { Server } from 'socket.io'
import type { Limits } from '../pipeline/limits.ts'
import type { Revocations } from '../pipeline/revocations.ts'
import type { Clock } from '../ports/clock.ts'
import type { Leases } from '../ports/leases.ts'
import type { Limiter, Rate } from '../ports/limiter.ts'
import type { Log } from '../ports/log.ts'
import type { Meter } from '../ports/meter.ts'
import type { Roster } from '../ports/roster.ts'
import type { Store } from '../ports/store.ts'
import type { Tokens } from '../ports/tokens.ts'
import type { Suspicion } from './arriving/suspicion.ts'
import type { Wires } from './wires.ts'

export interface ServerParts {
  readonly io: Server
  readonly wires: Wires
  readonly clock: Clock
  readonly log: Log
  readonly store: Store
  readonly leases: Leases
  readonly roster: Roster
  readonly limiter: Limiter | undefined
  readonly tokens: Tokens
  /** Nothing where limits are lifted. */
  readonly suspicion: Suspicion | undefined
  /** Of a client's address; nothing where it is not known, or a proxy's. */
  networkOf(address: string): string | undefined
  readonly revocations: Revocations
  readonly meter: Meter
  readonly settings: Settings
  report(error: unknown, where: string, id?: string): void
  dependencies(): Record<string, unknown>
}

export interface Settings {
  readonly server: { readonly id: string; readonly region: string; readonly version: string }
  readonly development: boolean
  readonly authTimeoutMs: number
  readonly maxPayloadBytes: number
  /** Nothing where limits are lifted. */
  readonly limits: Limits | undefined
  /** Of one connection: how many frames it may send. */
  readonly frames: Rate
  readonly maxDevicesPerUser: number
  /** With too many devices the oldest idle one makes way, or the new one is refused. */
  readonly deviceLimit: 'replace' | 'refuse'
  /** ms without a sign of its person, after which a connection is idle. */
  readonly idleMs: number
  /** ms in which a dropped connection comes back with its rooms and what it missed. */
  readonly recoveryWindowMs: number
}
