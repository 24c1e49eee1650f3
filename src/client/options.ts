/** What a client is given; all but the token has a default. */
import type { Clock } from './clock.ts'
import type { Locks } from './locks.ts'
import type { TokenSource } from './session.ts'
import type { Signals } from './signals.ts'
import type { Storage } from './storage.ts'
import type { OpenWire, SocketSettings } from './wire.ts'

export interface Options {
  /** A token, or where to get one: asked whenever the one in use is no good any more. */
  readonly token: TokenSource
  /** By which the service knows this device again; without one it is anonymous. */
  readonly device_id?: string
  readonly device_name?: string
  readonly platform?: string
  /** Where unsent messages and positions are kept: in memory, or as `browserStorage(name)` for one user of a browser. */
  readonly storage?: Storage
  /** Whether to go on where the last client of this storage stopped hearing. It does; `false` begins with what is new. */
  readonly resume?: boolean
  /** For Socket.IO: its `path`, `parser`, `transports` … */
  readonly socket?: SocketSettings
  /** Faults of listeners and of the storage. They are printed, where nothing is given. */
  readonly report?: (error: unknown) => void
  readonly clock?: Clock
  /** 0 to 1. */
  readonly chance?: () => number
  readonly signals?: Signals
  readonly locks?: Locks
  /** How a connection is opened, for tests. */
  readonly open?: OpenWire
}
