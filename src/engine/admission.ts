/**
 * Who may stay without having said who it is: a few of each address, and only for as long as that takes. Every handshake
 * passes, for it may bring a token: strangers must not keep out those who sign in from where they are.
 */
import { Failure } from '../protocol/failure.ts'
import type { Connection } from './connection.ts'
import { Deadlines } from './deadlines.ts'
import type { EngineOptions } from './options.ts'

export interface Admission {
  arrives(connection: Connection): void
  /** It opens a namespace: the token, if it has one, comes with it. */
  connects(connection: Connection, auth: object): void
  /** It brings a token, or the one that it brought was none. */
  bears(connection: Connection, token: boolean): void
  /** It signed in: off the leash, and counted no more. */
  admit(connection: Connection): void
  leaves(connection: Connection): void
  close(): void
}

export function admission({ signIn, limits, perAddress, tokenGrace }: EngineOptions): Admission {
  const counted = new Map<string, number>()
  const grace = new Deadlines<Connection>(tokenGrace, (connection) => bears(connection, false))

  function uncount({ standing, network }: Connection) {
    if (standing !== 'tokenless') return
    const others = (counted.get(network) ?? 1) - 1
    if (others === 0) counted.delete(network)
    else counted.set(network, others)
  }

  function stand(connection: Connection, standing: Connection['standing']) {
    grace.delete(connection)
    uncount(connection)
    connection.standing = standing
  }

  function bears(connection: Connection, token: boolean) {
    if (connection.standing === 'admitted' || connection.readyState !== 'open') return
    if (token) return stand(connection, 'bearing')
    if (connection.standing === 'tokenless') return
    stand(connection, 'tokenless')
    const count = (counted.get(connection.network) ?? 0) + 1
    counted.set(connection.network, count)
    if (limits && count > perAddress)
      connection.end(new Failure('too_many_connections', 'Too many connections of this address have not signed in.'))
  }

  return {
    arrives(connection) {
      if (signIn) grace.add(connection)
      else connection.standing = 'admitted'
    },
    connects(connection, auth) {
      const token = (auth as { token?: unknown }).token
      if (typeof token === 'string' && token !== '') bears(connection, true)
      else if (connection.standing === 'new') bears(connection, false)
    },
    bears,
    admit: (connection) => stand(connection, 'admitted'),
    leaves(connection) {
      grace.delete(connection)
      uncount(connection)
    },
    close: () => grace.clear(),
  }
}
