/** The door of the sockets: whoever comes in is someone, and whatever they say goes down one path. */
import type { Server, Socket } from 'socket.io'
import type { Caller, Credentials } from '../features/caller.ts'
import { permissionsOf } from '../features/permissions.ts'
import { type Dispatch, shown } from '../pipeline/dispatch.ts'
import { unwrap } from '../pipeline/unwrap.ts'
import { type Envelope, refusal } from '../protocol/envelope.ts'
import { Failure, type FailureCode, type FailureData } from '../protocol/failure.ts'
import { type Admitting, admission } from './arriving/admission.ts'
import { arrivals } from './arriving/arrivals.ts'
import { duesOf } from './arriving/dues.ts'
import type { Expiries } from './arriving/expiries.ts'
import type { ServerConnection, Surroundings } from './connection/connection.ts'

export interface Door {
  /** An event that a client sent. What it returns is settled when the command is done. */
  onEvent(socket: Socket, name: string, args: unknown[], ack: ((reply: unknown) => void) | undefined): Promise<void>
  signIn(connection: ServerConnection, credentials: Credentials): Promise<Record<string, unknown>>
  refresh(connection: ServerConnection, token: string): Promise<number>
  /** What a connection rests on has ended, or ends soon. */
  onDue(connection: ServerConnection): void
  /** All that are here, signed in or not. */
  connections(): Iterable<ServerConnection>
  /** Under one of the engine's. */
  connectionOf(conn: object): ServerConnection | undefined
  /** One of the engine's has ended. */
  ended(conn: object): void
  /** Commands that are being carried out. */
  readonly underWay: number
  /** What is asked from here on is refused, to be asked again elsewhere. */
  close(): void
}

interface World extends Admitting {
  readonly io: Server
  readonly expiries: Expiries<ServerConnection>
  readonly authTimeout: number
  readonly around: Surroundings
  /** What its person sent, rather than the client by itself. */
  active(connection: ServerConnection, command: string): void
  /** What it sent was refused. */
  refused(connection: ServerConnection, code: FailureCode): void
  dispatch: Dispatch
}

const AGAIN = { retry_after_ms: 1_000 }
const NOBODY = permissionsOf([])

export function openDoor(world: World): Door {
  const { wires, clock, dispatch } = world
  const dues = duesOf(world)
  const admitting = admission({ ...world, dues })
  let underWay = 0
  let closed = false

  const toSignIn = (connection: ServerConnection) => dues.signIn(connection, clock.now() + world.authTimeout)

  const arriving = arrivals({
    ...world,
    known: admitting.known,
    waits: toSignIn,
    came(connection, socket, given) {
      socket.on('disconnect', onDisconnect)
      if (connection.state === 'connecting') begin(connection)
      if (connection.caller) admitting.open(connection, socket, given)
      else toSignIn(connection)
    },
    gone: (connection) => gone(connection, 'transport close'),
  })

  function begin(connection: ServerConnection) {
    const { conn } = connection.socket
    if (!wires.wireOf(conn)) conn.once('upgrade', connection.upgraded.bind(connection))
    connection.upgraded() // it may have been, before anyone looked
    connection.become('authenticating')
  }

  /** While another of its namespaces is open, or on the way, it stays who it is. */
  function onDisconnect(this: Socket, reason: string) {
    const connection = this.data as ServerConnection
    if (connection.closed(this)) return
    if (connection.arriving > 0 && this.conn.readyState === 'open') return
    arriving.forget(connection)
    gone(connection, reason)
  }

  function gone(connection: ServerConnection, reason: string) {
    connection.left = reason
    connection.become('closed')
    admitting.left(connection)
    dues.forget(connection)
    connection.discard()
  }

  function answer({ data, nsp }: Socket, name: string, argument: unknown): Promise<Envelope> | Envelope {
    const connection = data as ServerConnection
    const { caller, tenant_id } = connection
    if (closed) return refuseCommand(new Failure('unavailable', 'This server goes away.', AGAIN))
    if (caller) return dispatch(caller, name, argument, nsp.name)
    if (name === 'authenticate') return dispatch(guest(connection), name, argument)
    return refuseCommand(new Failure('unauthenticated', 'Sign in first: send `authenticate`.'))

    function refuseCommand(failure: Failure) {
      return refusal({ id: unwrap(argument).id, tenant_id, timestamp: clock.now(), action: shown(name) }, failure)
    }
  }

  return {
    connections: arriving.all,
    connectionOf: arriving.of,
    ended: arriving.ended,
    get underWay() {
      return underWay
    },
    onDue: dues.onDue,
    signIn: admitting.signIn,
    refresh: admitting.refresh,
    close() {
      closed = true
    },

    async onEvent(socket, name, args, ack) {
      const connection = socket.data as ServerConnection
      world.active(connection, name)
      underWay++
      try {
        const reply = await answer(socket, name, args[0])
        if (ack) ack(reply)
        else if (reply.type === 'error') socket.emit('error', reply)
        if (reply.type === 'error') world.refused(connection, (reply.payload.data as FailureData).code)
      } finally {
        underWay--
      }
    },
  }
}

function guest(connection: ServerConnection): Caller {
  const rest = { device_id: undefined, session_id: '', permissions: NOBODY, grants: {} }
  return { ...rest, tenant_id: '', user_id: connection.id, connection }
}
