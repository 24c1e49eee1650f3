/** From the handshake to the connection: who comes is found out, or refused. All namespaces of one connection are one person's. */
import type { Server, Socket } from 'socket.io'
import { Failure } from '../../protocol/failure.ts'
import { everyNamespace, namespaces } from '../../protocol/namespaces.ts'
import { ServerConnection, type Surroundings } from '../connection/connection.ts'
import { Namespaces } from '../connection/namespaces.ts'
import type { Wires } from '../wires.ts'
import type { Handshake, SignedIn, Signing } from './signing.ts'

interface World {
  readonly io: Server
  readonly wires: Wires
  readonly signing: Signing
  readonly around: Surroundings
  report(error: unknown, id: string): void
  /** A token says whose it is: the first, or one more. What is thrown refuses it. */
  known(connection: ServerConnection, who: SignedIn, given: Handshake): Promise<void> | void
  /** A namespace waits until it is known whose the connection is. */
  waits(connection: ServerConnection): void
  /** A namespace of it is open. */
  came(connection: ServerConnection, socket: Socket, given: Handshake): void
  /** It ended before any namespace was open. */
  gone(connection: ServerConnection): void
}

export function arrivals({ io, wires, signing, around, report, ...then }: World) {
  /** By the engine's own. */
  const connections = new Map<object, ServerConnection>()
  /** Between the middleware and the connection; the connection may end in between. */
  const pending = new WeakMap<Socket, Handshake>()

  function connectionOf(socket: Socket, { protocol }: Handshake): ServerConnection {
    const before = connections.get(socket.conn)
    if (before) return before
    const connection = new ServerConnection(socket, around)
    connection.protocol = protocol
    connections.set(socket.conn, connection)
    around.counted(connection, undefined, connection.state)
    return connection
  }

  function forget(connection: ServerConnection) {
    connections.delete(connection.socket.conn)
  }

  /** Refused for good by a `connect_error`; what may be well soon closes the engine's connection instead. */
  function refuse(socket: Socket, error: unknown, next: (error: Error) => void) {
    const failure = Failure.from(error)
    if (failure.code === 'internal') report(error, socket.id)
    if (failure.code === 'unavailable' || failure.code === 'internal') return socket.conn.close()
    next(Object.assign(new Error(failure.message), { data: failure.data }))
  }

  /** Nothing of it is open, and nothing on the way: what it was is forgotten. */
  function goneIfEmpty(connection: ServerConnection) {
    if (connection.arriving > 0 || connection.socket.connected || connection.left !== undefined) return
    forget(connection)
    then.gone(connection)
  }

  function arrive(socket: Socket, next: (error?: Error) => void) {
    if (socket.conn.readyState !== 'open') return next() // Socket.IO lets it go without a word
    try {
      begin(socket, signing.handshake(socket.handshake.auth), next)
    } catch (error) {
      refuse(socket, error, next)
    }
  }

  function begin(socket: Socket, given: Handshake, next: (error?: Error) => void) {
    const { auth, address } = socket.handshake
    const connection = connectionOf(socket, given)
    const signed = signing.fromHandshake(auth, address, connection, given)
    socket.data = connection
    connection.arriving++

    function letIn() {
      socket.handshake.auth = {} // nobody needs the token any more
      if (connection.caller?.device_id !== undefined) Object.assign(socket, { pid: socket.id })
      pending.set(socket, given)
      next()
    }
    function turnAway(error: unknown) {
      wires.refused(socket.conn)
      refuse(socket, error, next)
      connection.arriving--
      goneIfEmpty(connection)
    }
    if (signed) return signed.then((who) => then.known(connection, who, given)).then(letIn, turnAway)
    if (connection.caller || socket.nsp.name === namespaces.main) return letIn()
    connection.namespaces ??= new Namespaces()
    connection.namespaces.wait({ letIn, refuse: turnAway })
    then.waits(connection)
  }

  function connected(socket: Socket) {
    const connection = socket.data as ServerConnection
    connection.arriving--
    connection.opened(socket)
    const given = pending.get(socket)
    pending.delete(socket)
    if (given) then.came(connection, socket, given)
  }

  for (const name of everyNamespace) io.of(name).use(arrive).on('connection', connected)

  return {
    /** Under a connection of the engine. */
    of: (conn: object) => connections.get(conn),
    all: () => connections.values(),
    forget,
    /** A connection of the engine has ended. Where a namespace is open, that one's end says so. */
    ended(conn: object) {
      const connection = connections.get(conn)
      if (!connection) return
      connection.arriving = 0
      goneIfEmpty(connection)
    },
  }
}
