/** Who has done nothing for long: one look at all connections now and then, none at each. */
import type { Caller } from '../../features/caller.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Changing } from '../../ports/roster.ts'
import { deviceKey, sessionKey } from '../../protocol/ids.ts'
import type { ServerConnection } from './connection.ts'

const LOOK_MS = 5_000
/** So often at least in the time after which one is idle. */
const LOOKS = 4
/** Who was idle and drops is so still when they are back within this time. */
const RETURN_MS = 600_000
const SIGNED_OUT = 'client namespace disconnect'

/** What of a connection this is about. */
type Idler = Pick<ServerConnection, 'caller' | 'left' | 'idle' | 'lastActive' | 'notedActive'>

interface World<One extends Idler> {
  readonly clock: Clock
  readonly connections: Iterable<One>
  /** ms without a sign of its person, after which a connection is idle. */
  readonly idleMs: number
  note(connection: One, change: Partial<Changing>): void
}

export function idling<One extends Idler>({ clock, connections, idleMs, note }: World<One>) {
  let stop = () => {}
  /** Of those that were idle when they dropped: since when, the first that dropped first. */
  const dropped = new Map<string, { lastActive: number; at: number }>()

  function look() {
    const now = clock.now()
    for (const connection of connections) {
      const { lastActive, idle, notedActive } = connection
      if (!idle && now - lastActive >= idleMs) turn(connection, true)
      else if (lastActive > notedActive) {
        connection.notedActive = lastActive
        note(connection, { active_at: lastActive })
      }
    }
    for (const [key, { at }] of dropped) {
      if (now - at < RETURN_MS) break
      dropped.delete(key)
    }
    later()
  }

  function later() {
    stop = clock.after(Math.min(LOOK_MS, idleMs / LOOKS), look)
  }

  function turn(connection: One, idle: boolean) {
    connection.idle = idle
    connection.notedActive = connection.lastActive
    note(connection, { idle, active_at: connection.lastActive })
  }

  later()
  return {
    /** Its person did something just now. */
    active(connection: One) {
      connection.lastActive = clock.now()
      if (connection.idle) turn(connection, false)
    },
    /** That a client comes back by itself is no sign of its person: who was idle still is. */
    came(connection: One) {
      const before = dropped.get(keyFor(connection))
      if (!before || !dropped.delete(keyFor(connection))) return
      connection.idle = true
      connection.lastActive = before.lastActive
      connection.notedActive = before.lastActive
    },
    gone(connection: One) {
      if (!connection.idle || !connection.caller || connection.left === SIGNED_OUT) return
      dropped.delete(keyFor(connection)) // so that it goes to the end
      dropped.set(keyFor(connection), { lastActive: connection.lastActive, at: clock.now() })
    },
    close: () => stop(),
  }
}

/** The same device; of those without one, the same sign-in. */
function keyFor({ caller }: Idler): string {
  const { tenant_id, user_id, session_id, device_id } = caller as Caller
  return device_id === undefined ? sessionKey(tenant_id, user_id, session_id) : deviceKey(tenant_id, user_id, device_id)
}
