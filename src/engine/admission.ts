/**
 * Who may stay without having said who it is: a few of each address, and only for as long as that takes. Every handshake
 * passes, for it may bring a token: strangers must not keep out those who sign in from where they are.
 */
import { Failure } from '../protocol/failure.ts'
import { Deadlines } from './deadlines.ts'
import type { Link } from './link.ts'
import type { EngineOptions } from './options.ts'

export interface Admission {
  arrives(connection: Link): void
  /** It opens a namespace: the token, if it has one, comes with it. */
  connects(connection: Link, auth: object): void
  /** It brings a token, or the one that it brought was none. */
  bears(connection: Link, token: boolean): void
  /** It signed in: off the leash, and counted no more. */
  admit(connection: Link): void
  leaves(connection: Link): void
  /** All strangers of a network that brought no token are told why, and go. */
  turnOut(network: string, why: Failure): void
  close(): void
}

export function admission({ signIn, limits, perAddress, tokenGrace }: EngineOptions): Admission {
  const strangers = new Map<string, Set<Link>>()
  const grace = new Deadlines<Link>(tokenGrace, (connection) => bears(connection, false))

  function uncount(connection: Link) {
    const others = strangers.get(connection.network)
    if (others?.delete(connection) && others.size === 0) strangers.delete(connection.network)
  }

  function stand(connection: Link, standing: Link['standing']) {
    grace.delete(connection)
    uncount(connection)
    connection.standing = standing
  }

  function bears(connection: Link, token: boolean) {
    if (connection.standing === 'admitted' || connection.readyState !== 'open') return
    if (token) return stand(connection, 'bearing')
    if (connection.standing === 'tokenless') return
    stand(connection, 'tokenless')
    const here = strangers.get(connection.network) ?? new Set()
    strangers.set(connection.network, here.add(connection))
    if (limits && here.size > perAddress)
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
    turnOut(network, why) {
      for (const connection of [...(strangers.get(network) ?? [])]) connection.end(why)
    },
    close: () => grace.clear(),
  }
}
