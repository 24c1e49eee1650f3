/** The door of the sockets: whoever comes in is someone, and whatever they say goes down one path. */
import type { Server, Socket } from 'socket.io'
import type { Caller, Credentials } from '../features/caller.ts'
import { permissionsOf } from '../features/permissions.ts'
import { type Dispatch, shown } from '../pipeline/dispatch.ts'
import { unwrap } from '../pipeline/unwrap.ts'
import type { Clock } from '../ports/clock.ts'
import { type Envelope, refusal } from '../protocol/envelope.ts'
import { Failure } from '../protocol/failure.ts'
import { deviceKey, sessionKey, tenantKey, userKey } from '../protocol/ids.ts'
import { ServerConnection, type Surroundings } from './connection.ts'
import type { Connections } from './connections.ts'
import type { deviceRecords } from './devices.ts'
import type { Expiries } from './expiries.ts'
import type { Handshake, SignedIn, Signing } from './signing.ts'
import { checkPositions, type welcoming } from './welcome.ts'
import type { Wires } from './wires.ts'

export interface Door {
  /** An event that a client sent. What it returns is settled when the command is done. */
  onEvent(socket: Socket, name: string, args: unknown[], ack: ((reply: unknown) => void) | undefined): Promise<void>
  signIn(connection: ServerConnection, credentials: Credentials): Promise<Record<string, unknown>>
  refresh(connection: ServerConnection, token: string): Promise<number>
  /** What a connection rests on has ended, or ends soon. */
  onDue(connection: ServerConnection): void
  /** Commands that are being carried out. */
  readonly underWay: number
  /** What is asked from here on is refused, to be asked again elsewhere. */
  close(): void
}

interface World {
  readonly io: Server
  readonly wires: Wires
  readonly signing: Signing
  readonly clock: Clock
  readonly connections: Connections
  readonly expiries: Expiries<ServerConnection>
  readonly authTimeout: number
  readonly around: Surroundings
  dispatch: Dispatch
  welcome: ReturnType<typeof welcoming>
  authenticated(connection: ServerConnection, recovered: boolean): Record<string, unknown>
  readonly devices: ReturnType<typeof deviceRecords>
  /** Rooms that a connection hears, and may not any more. */
  outOf(connection: ServerConnection): Promise<string[]>
  report(error: unknown, id: string): void
  /** Counts a change of state; `undefined` is before the first and after the last. */
  counted(connection: ServerConnection, from: string | undefined, to: string | undefined): void
}

const EXPIRING_MS = 60_000
const AGAIN = { retry_after_ms: 1_000 }
const NOBODY = permissionsOf([])

export function openDoor(world: World): Door {
  const { io, wires, signing, clock, connections, expiries, dispatch, welcome, report } = world
  let underWay = 0
  let closed = false
  const dueAt = new WeakMap<ServerConnection, number>()

  function expireAt(connection: ServerConnection, at: number) {
    if (at === Number.POSITIVE_INFINITY) return // a server's key does not expire
    const before = dueAt.get(connection)
    if (before !== undefined) expiries.delete(before, connection)
    dueAt.set(connection, expiries.add(at, connection))
  }

  /** From here on it is someone. */
  function admit(connection: ServerConnection, { caller, expires_at }: SignedIn) {
    connection.caller = caller
    connection.expiresAt = expires_at
    connection.socket.handshake.auth = {} // nobody needs the token any more
    wires.admit(connection.socket.conn)
    connections.add(connection)
    const { tenant_id, user_id, device_id, session_id } = caller
    const places = [tenantKey(tenant_id), userKey(tenant_id, user_id), sessionKey(tenant_id, session_id)]
    if (device_id !== undefined) places.push(deviceKey(tenant_id, user_id, device_id))
    void connection.socket.join(places)
    expireAt(connection, Math.max(expires_at - EXPIRING_MS, clock.now()))
  }

  /** What fails on the way in and is worth a retry closes the engine's connection: an untouched client comes back. */
  async function settle(connection: ServerConnection, caller: Caller, given: Handshake) {
    try {
      await world.devices.record(caller, given)
      await welcome(connection, caller, checkPositions(given.positions))
    } catch (error) {
      const failure = Failure.from(error)
      if (failure.code === 'internal') report(error, connection.id)
      if (connection.socket.connected) connection.end(failure)
    }
  }

  function onDue(connection: ServerConnection) {
    const { caller, expiresAt = 0 } = connection
    const now = clock.now()
    if (!caller) return connection.end(new Failure('unauthenticated', 'No token came in time.'))
    if (expiresAt <= now) return connection.end(new Failure('token_expired', 'The token has expired.'))
    connection.say('auth_expiring', { expires_at: expiresAt })
    expireAt(connection, expiresAt)
  }

  /** Refused for good by a `connect_error`; what may be well soon closes the engine's connection instead. */
  function refuse(socket: Socket, error: unknown, next: (error: Error) => void) {
    const failure = Failure.from(error)
    if (failure.code === 'internal') report(error, socket.id)
    if (failure.code === 'unavailable' || failure.code === 'internal') return socket.conn.close()
    next(Object.assign(new Error(failure.message), { data: failure.data }))
  }

  io.use((socket, next) => {
    const { auth, address } = socket.handshake
    try {
      const given = signing.handshake(auth)
      const connection = new ServerConnection(socket, world.around)
      socket.data = connection
      world.counted(connection, undefined, connection.state)
      const signed = signing.fromHandshake(auth, address, connection)
      const enter = (who: SignedIn | undefined) => {
        if (socket.conn.readyState !== 'open') discard(connection) // Socket.IO lets it go without a word
        pending.set(socket, { given, who })
        next()
      }
      const fail = (error: unknown) => {
        wires.refused(socket.conn)
        discard(connection)
        refuse(socket, error, next)
      }
      if (signed) signed.then(enter, fail)
      else enter(undefined)
    } catch (error) {
      refuse(socket, error, next)
    }
  })

  /** Between the middleware and the connection; the connection may end in between. */
  const pending = new WeakMap<Socket, { given: Handshake; who: SignedIn | undefined }>()

  function discard(connection: ServerConnection) {
    connection.become('closed')
    connection.become('cleaned_up')
    world.counted(connection, connection.state, undefined)
  }

  function onDisconnect(this: Socket) {
    const connection = this.data as ServerConnection
    connection.become('closed')
    connection.clear()
    connections.remove(connection)
    if (connection.caller) world.devices.left(connection.caller).catch((error) => report(error, connection.id))
    const due = dueAt.get(connection)
    if (due !== undefined) expiries.delete(due, connection)
    discard(connection)
  }

  io.on('connection', (socket) => {
    const connection = socket.data as ServerConnection
    const { given, who } = pending.get(socket) ?? {}
    pending.delete(socket)
    socket.on('disconnect', onDisconnect)
    if (!wires.wireOf(socket.conn)) socket.conn.once('upgrade', connection.upgraded.bind(connection))
    connection.upgraded() // it may have been, before anyone looked
    connection.become('authenticating')
    if (!given || !who) return expireAt(connection, clock.now() + world.authTimeout)
    admit(connection, who)
    void settle(connection, who.caller, given)
  })

  function guest(connection: ServerConnection): Caller {
    const rest = { device_id: undefined, session_id: '', permissions: NOBODY, grants: {} }
    return { ...rest, tenant_id: '', user_id: connection.id, connection }
  }

  function answer(connection: ServerConnection, name: string, argument: unknown): Promise<Envelope> | Envelope {
    const { caller, tenant_id } = connection
    if (closed) return refuseCommand(new Failure('unavailable', 'This server goes away.', AGAIN))
    if (caller) return dispatch(caller, name, argument)
    if (name === 'authenticate') return dispatch(guest(connection), name, argument)
    return refuseCommand(new Failure('unauthenticated', 'Sign in first: send `authenticate`.'))

    function refuseCommand(failure: Failure) {
      return refusal({ id: unwrap(argument).id, tenant_id, timestamp: clock.now(), action: shown(name) }, failure)
    }
  }

  return {
    get underWay() {
      return underWay
    },
    onDue,
    close() {
      closed = true
    },

    async onEvent(socket, name, args, ack) {
      const connection = socket.data as ServerConnection
      connection.lastActive = clock.now()
      underWay++
      try {
        const reply = await answer(connection, name, args[0])
        if (ack) ack(reply)
        else if (reply.type === 'error') socket.emit('error', reply)
      } finally {
        underWay--
      }
    },

    async signIn(connection, credentials) {
      const signed = await signing.fromToken(credentials, connection)
      const { caller } = connection
      if (caller) {
        sameUser(caller, signed.caller)
        return { ...world.authenticated(connection, false), expires_at: await renewed(connection, signed) }
      }
      if (!connection.socket.connected) throw new Failure('unavailable', 'The connection is gone.')
      admit(connection, signed)
      const { device_id, device_name, platform } = credentials
      const given = { device_id, device_name, platform, ...signing.handshake({}) }
      queueMicrotask(() => void settle(connection, signed.caller, given))
      return world.authenticated(connection, false)
    },

    async refresh(connection, token) {
      const signed = await signing.fromToken({ token }, connection)
      const { caller } = connection
      if (!caller) throw new Failure('unauthenticated', 'Sign in first: send `authenticate`.')
      sameUser(caller, signed.caller)
      return renewed(connection, signed)
    },
  }

  /** Device and session stay what the connection began with; rooms that the newer token does not let in to end. */
  async function renewed(connection: ServerConnection, { caller, expires_at }: SignedIn): Promise<number> {
    const { device_id, session_id } = connection.caller ?? caller
    connection.caller = { ...caller, device_id, session_id }
    connection.expiresAt = expires_at
    expireAt(connection, Math.max(expires_at - EXPIRING_MS, clock.now()))
    for (const room_id of await world.outOf(connection)) connection.leave(room_id)
    return expires_at
  }
}

function sameUser(before: Caller, after: Caller) {
  if (before.tenant_id !== after.tenant_id)
    throw new Failure('tenant_mismatch', 'The token is of another tenant than the connection.')
  if (before.user_id !== after.user_id)
    throw new Failure('forbidden', 'The token is of another user than the connection.')
}
