/** Someone signs in, on the way in or on an open connection: from then on what they say is theirs. */
import type { Socket } from 'socket.io'
import type { Caller, Credentials } from '../../features/caller.ts'
import type { Attendance } from '../../pipeline/attendance.ts'
import type { Revocations } from '../../pipeline/revocations.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Present } from '../../ports/roster.ts'
import { Failure } from '../../protocol/failure.ts'
import { deviceKey, sessionKey, tenantKey, userKey } from '../../protocol/ids.ts'
import { namespaces } from '../../protocol/namespaces.ts'
import type { ServerConnection } from '../connection/connection.ts'
import type { Connections } from '../connection/connections.ts'
import type { welcoming } from '../returning/welcome.ts'
import type { Wires } from '../wires.ts'
import type { deviceRecords } from './devices.ts'
import type { Dues } from './dues.ts'
import { holds } from './revoking.ts'
import type { Handshake, SignedIn, Signing } from './signing.ts'

export interface Admitting {
  readonly wires: Wires
  readonly signing: Signing
  readonly connections: Connections
  readonly clock: Clock
  readonly attendance: Attendance
  readonly revocations: Pick<Revocations, 'refuses'>
  readonly devices: ReturnType<typeof deviceRecords>
  /** Of those that come and go here, how they are known to all servers. */
  presentOf(connection: ServerConnection): Present
  welcome: ReturnType<typeof welcoming>
  authenticated(connection: ServerConnection, recovered: boolean): Record<string, unknown>
  /** Rooms that a connection hears, and may not any more. */
  outOf(connection: ServerConnection): Promise<string[]>
  report(error: unknown, id: string): void
}

export function admission(world: Admitting & { readonly dues: Dues }) {
  const { wires, signing, connections, revocations, dues, welcome, clock, report } = world

  /** From here on it is someone. */
  function admit(connection: ServerConnection, { caller, expires_at }: SignedIn) {
    holds(caller, revocations)
    connection.caller = caller
    wires.admit(connection.socket.conn)
    connections.add(connection)
    dues.token(connection, expires_at)
    connection.namespaces?.letIn()
  }

  /** Once for all its namespaces. */
  async function enter(connection: ServerConnection, caller: Caller, given: Handshake) {
    await world.devices.record(caller, given, ({ platform }, all) => {
      connection.platform = platform
      connection.devices = all
      return world.attendance.enter(caller, world.presentOf(connection))
    })
    if (connection.left) leave(connection, caller)
  }

  /** There may be no room for its device: who is told that they are in, is. */
  function begin(connection: ServerConnection, given: Handshake): Promise<void> {
    connection.entered = enter(connection, connection.caller as Caller, given)
    return connection.entered
  }

  /** What fails on the way in and is worth a retry closes the engine's connection: an untouched client comes back. */
  async function settle(connection: ServerConnection, socket: Socket, given: Handshake) {
    const caller = connection.caller as Caller
    const isNew = connection.state !== 'active'
    void socket.join(placesOf(connection, socket))
    try {
      connection.entered ??= enter(connection, caller, given)
      await connection.entered
      connection.entered = THERE
      if (!socket.connected) return
      if (socket.nsp.name === namespaces.main) await welcome(connection, caller, given)
      else greet(connection, socket)
      if (isNew && socket === connection.socket) await world.attendance.synced(caller)
    } catch (error) {
      const failure = Failure.from(error)
      if (failure.code === 'internal') report(error, connection.id)
      if (socket.connected) connection.end(failure)
    }
  }

  /** On a namespace without rooms there is nothing to be brought up to date. */
  function greet(connection: ServerConnection, socket: Socket) {
    connection.say('authenticated', world.authenticated(connection, false), socket)
    if (!connection.hearsRooms) for (const state of ROOMLESS) connection.become(state)
  }

  function leave(connection: ServerConnection, caller: Caller) {
    const clean = connection.left === 'client namespace disconnect' || connection.endedFor === 'session_revoked'
    world.attendance.leave(caller, connection.id, clean).catch((error) => report(error, connection.id))
  }

  /** Device and session stay what the connection began with; rooms that the newer token does not let in to end. */
  async function renewed(connection: ServerConnection, { caller, expires_at }: SignedIn): Promise<number> {
    const { device_id, session_id } = connection.caller ?? caller
    const renewal = { ...caller, device_id, session_id }
    if ((caller.token?.device_id ?? device_id) !== device_id)
      throw new Failure('forbidden', 'The token is for another device than the connection.')
    holds(renewal, revocations)
    connection.caller = renewal
    dues.token(connection, expires_at)
    for (const room_id of await world.outOf(connection)) connection.leave(room_id)
    return expires_at
  }

  return {
    /** By the token of a handshake: the first says who it is, and each that comes later must be of the same. */
    known(connection: ServerConnection, who: SignedIn, given: Handshake): Promise<void> | void {
      if (connection.left !== undefined) return
      if (connection.caller) return sameUser(connection.caller, who.caller)
      const before = connection.socket
      admit(connection, who)
      if (before.connected) return void settle(connection, before, given)
      if (who.caller.device_id !== undefined) return begin(connection, given)
    },

    /** A namespace is open, and known whose it is. */
    open(connection: ServerConnection, socket: Socket, given: Handshake) {
      void settle(connection, socket, given)
    },

    async signIn(connection: ServerConnection, credentials: Credentials) {
      const signed = await signing.fromToken(credentials, connection)
      const { caller } = connection
      if (caller) {
        sameUser(caller, signed.caller)
        return { ...world.authenticated(connection, false), expires_at: await renewed(connection, signed) }
      }
      if (!connection.socket.connected) throw GONE
      admit(connection, signed)
      const { device_id, device_name, platform } = credentials
      const given = { device_id, device_name, platform, ...signing.handshake({}) }
      await begin(connection, given).catch((error) => {
        clock.after(0, () => connection.end(Failure.from(error))) // the answer is on its way by then
        throw error
      })
      if (!connection.socket.connected) throw GONE
      queueMicrotask(() => void settle(connection, connection.socket, given))
      return world.authenticated(connection, false)
    },

    async refresh(connection: ServerConnection, token: string) {
      const signed = await signing.fromToken({ token }, connection)
      const { caller } = connection
      if (!caller) throw new Failure('unauthenticated', 'Sign in first: send `authenticate`.')
      sameUser(caller, signed.caller)
      return renewed(connection, signed)
    },

    /** It has ended. */
    left(connection: ServerConnection) {
      const { caller } = connection
      connections.remove(connection)
      if (!caller) return
      world.devices.left(caller).catch((error) => report(error, connection.id))
      leave(connection, caller)
    },
  }
}

const GONE = new Failure('unavailable', 'The connection is gone.')

/** One for all, rather than one kept for each. */
const THERE = Promise.resolve()

/** The states of a connection without `/`. */
const ROOMLESS = ['assigning_rooms', 'syncing', 'active'] as const

function placesOf({ caller, id }: ServerConnection, socket: Socket): string[] {
  const { tenant_id, user_id, device_id, session_id } = caller as Caller
  const places = [tenantKey(tenant_id), userKey(tenant_id, user_id), sessionKey(tenant_id, user_id, session_id)]
  if (device_id !== undefined) places.push(deviceKey(tenant_id, user_id, device_id))
  if (socket.id !== id) places.push(id)
  return places
}

function sameUser(before: Caller, after: Caller) {
  if (before.tenant_id !== after.tenant_id)
    throw new Failure('tenant_mismatch', 'The token is of another tenant than the connection.')
  if (before.user_id !== after.user_id)
    throw new Failure('forbidden', 'The token is of another user than the connection.')
}
