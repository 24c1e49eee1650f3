/** What a connection rests on ends at its time: the time to sign in, then the token. */
import type { Clock } from '../../ports/clock.ts'
import { Failure } from '../../protocol/failure.ts'
import type { ServerConnection } from '../connection/connection.ts'
import type { Expiries } from './expiries.ts'

const EXPIRING_MS = 60_000

interface World {
  readonly clock: Clock
  readonly expiries: Expiries<ServerConnection>
}

export type Dues = ReturnType<typeof duesOf>

export function duesOf({ clock, expiries }: World) {
  const dueAt = new WeakMap<ServerConnection, number>()

  function add(connection: ServerConnection, at: number) {
    forget(connection)
    dueAt.set(connection, expiries.add(at, connection))
  }

  function forget(connection: ServerConnection) {
    const second = dueAt.get(connection)
    if (second !== undefined) expiries.delete(second, connection)
    dueAt.delete(connection)
  }

  return {
    forget,
    /** It ends then, if it has not signed in; the first time that is said. */
    signIn(connection: ServerConnection, at: number) {
      if (!dueAt.has(connection)) add(connection, at)
    },
    /** It ends with its token, and is told before. */
    token(connection: ServerConnection, expires_at: number) {
      connection.expiresAt = expires_at
      if (expires_at === Number.POSITIVE_INFINITY) return forget(connection) // a server's key does not expire
      add(connection, Math.max(expires_at - EXPIRING_MS, clock.now()))
    },
    onDue(connection: ServerConnection) {
      const { caller, expiresAt = 0 } = connection
      if (!caller) return connection.end(new Failure('unauthenticated', 'No token came in time.'))
      if (expiresAt <= clock.now()) return connection.end(new Failure('token_expired', 'The token has expired.'))
      connection.say('auth_expiring', { expires_at: expiresAt })
      add(connection, expiresAt)
    },
  }
}
