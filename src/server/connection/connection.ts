/** A connection of the engine's, with all its namespaces: who they are, which rooms it hears, and how it ends. */
import type { Socket } from 'socket.io'
import type { Caller, Connection, Credentials, Lane } from '../../features/caller.ts'
import type { Telling, Viewer } from '../../pipeline/telling.ts'
import type { Device } from '../../ports/store.ts'
import type { Entry, Position } from '../../protocol/entry.ts'
import { type Envelope, envelope } from '../../protocol/envelope.ts'
import type { Failure, FailureCode } from '../../protocol/failure.ts'
import { newId, roomKey, roomSubject, watchKey, withoutKey } from '../../protocol/ids.ts'
import { namespaces } from '../../protocol/namespaces.ts'
import { newestVersion } from '../../protocol/version.ts'
import type { Certain } from '../returning/certain.ts'
import type { Join } from '../telling/joining.ts'
import type { Topics } from '../telling/topics.ts'
import { mayFollow, type State } from './lifecycle.ts'
import { Namespaces } from './namespaces.ts'
import type { Pulse } from './quality.ts'
import { RoomsHeard } from './rooms-heard.ts'

/** What hears a room here. */
export interface Live {
  readonly socket: Socket
  readonly user_id: string
  tell(message: Envelope): void
}

/** What all connections of a server share. */
export interface Surroundings {
  readonly topics: Topics
  readonly join: Join
  said: Telling
  /** What of a room this connection may see. */
  viewer(connection: ServerConnection, room_id: string): Promise<Viewer>
  /** Comes true when the connection has read most of what waits for it; nothing where it has by now. */
  drained(connection: ServerConnection): Promise<void> | undefined
  /** What it hears, or has for certain, is not what it was. */
  changed(connection: ServerConnection): void
  /** It is about to let go of its rooms. */
  clearing(connection: ServerConnection): void
  /** Comes true when whoever brings its client back knows what it hears by now. */
  kept(connection: ServerConnection): Promise<void>
  /** What is written in `run`, so many characters or bytes, goes as one where it can. */
  together(conn: object, size: number, run: () => void): void
  /** As it goes to everyone who sees it, encoded once. */
  frames(entry: Entry): readonly unknown[]
  signIn(connection: ServerConnection, credentials: Credentials): Promise<Record<string, unknown>>
  refresh(connection: ServerConnection, token: string): Promise<number>
  /** It left one state for another: from none at first, to none at last. */
  counted(connection: ServerConnection, from: State | undefined, to: State | undefined): void
  upgraded(connection: ServerConnection): void
  networkOf(address: string): string | undefined
  now(): number
}

const NONE: ReadonlySet<string> = new Set()

export class ServerConnection implements Connection, Live {
  readonly id: string
  readonly network: string | undefined
  /** Where it is told what is for no namespace of its own: `/`, and while that is not open another one. */
  socket: Socket
  /** Beside `/`. */
  namespaces: Namespaces | undefined = undefined
  /** Comes true when it is noted among those who are there. */
  entered: Promise<void> | undefined = undefined
  /** Namespaces that are asked for, and not open yet. */
  arriving = 0
  state: State = 'connecting'
  /** By which it is counted. */
  transport: string
  /** Who it is; nothing until it has signed in. */
  caller: Caller | undefined
  /** ms; when its person last did something, and what of that is in the roster. */
  lastActive: number
  notedActive: number
  idle = false
  /** Why it ended, in Socket.IO's words; nothing while it is there. */
  left: string | undefined = undefined
  /** For what the service ended it, where it did. */
  endedFor: FailureCode | undefined = undefined
  /** The version of the protocol that its client speaks. */
  protocol = newestVersion
  /** What its device runs on, as far as it said. */
  platform: string | undefined = undefined
  /** How well it gets through; nothing until that was measured. */
  pulse: Pulse | undefined = undefined
  /** All that its user had when it came; nothing once that was told. */
  devices: readonly Device[] | undefined = undefined
  /** ms; when what it rests on ends: the time to sign in, then the token. */
  expiresAt: number | undefined
  #around: Surroundings
  #lanes: Map<string, Lane> | undefined
  #heard: RoomsHeard | undefined
  #watched: Set<string> | undefined
  /** Places of those who do not want one of a room's features, by room. */
  #unwanted: Map<string, Set<string>> | undefined

  constructor(socket: Socket, around: Surroundings) {
    this.id = socket.id
    this.socket = socket
    this.#around = around
    this.network = around.networkOf(socket.handshake.address)
    this.transport = socket.conn.transport.name
    this.lastActive = around.now()
    this.notedActive = this.lastActive
  }

  get tenant_id() {
    return this.caller?.tenant_id ?? ''
  }

  get user_id() {
    return this.caller?.user_id ?? ''
  }

  get lanes() {
    this.#lanes ??= new Map()
    return this.#lanes
  }

  /** Rooms are told on `/` alone, while that is open. */
  get hearsRooms(): boolean {
    return this.socket.connected && this.socket.nsp.name === namespaces.main
  }

  get rooms(): Iterable<string> {
    return this.#heard?.rooms ?? []
  }

  become(state: State) {
    const from = this.state
    if (!mayFollow(from, state)) return
    this.state = state
    this.#around.counted(this, from, state)
  }

  tell(message: Envelope) {
    this.socket.emit(message.payload.action, message)
  }

  /** An event of the service's, to this connection alone. */
  say(action: string, data: unknown, socket = this.socket) {
    const stamp = { id: newId(), tenant_id: this.tenant_id, timestamp: this.#around.now(), action }
    socket.emit(action, envelope(action === 'error' ? 'error' : 'event', stamp, data))
  }

  enter(room_id: string, from?: Position, seen?: Viewer): Promise<Position> {
    this.#heard ??= new RoomsHeard(this, this.#around)
    return this.#heard.enter(room_id, from, seen)
  }

  leave(room_id: string, { comesBack = false } = {}) {
    if (!comesBack) this.#wantAll(room_id)
    if (!comesBack && this.#watched) this.watch(roomSubject(room_id, 'presence'), false)
    this.#heard?.leave(room_id)
  }

  received(room_id: string, seq: number) {
    this.#heard?.has(room_id, seq)
  }

  kept() {
    return this.#around.kept(this)
  }

  /** Up to where its client has all in each of its rooms, if all that was told before this moment has arrived. */
  certain(before: number): Certain[] {
    return this.#heard?.certain(before) ?? []
  }

  heard(room_id: string) {
    return this.#heard?.heard(room_id)
  }

  want(room_id: string, feature: string, wanted: boolean) {
    const key = withoutKey(this.tenant_id, room_id, feature)
    const unwanted = this.#unwanted?.get(room_id) ?? new Set()
    if (wanted) unwanted.delete(key)
    else unwanted.add(key)
    if (wanted) void this.socket.leave(key)
    else void this.socket.join(key)
    if (!wanted && this.#watched) this.watch(roomSubject(room_id, feature), false)
    if (unwanted.size === 0) this.#unwanted?.delete(room_id)
    else this.#unwanted = (this.#unwanted ?? new Map()).set(room_id, unwanted)
  }

  #wantAll(room_id: string) {
    for (const key of this.#unwanted?.get(room_id) ?? []) void this.socket.leave(key)
    this.#unwanted?.delete(room_id)
  }

  watch(subject: string, wanted: boolean) {
    this.#watched ??= new Set()
    if (wanted) {
      this.#watched.add(subject)
      return void this.socket.join(watchKey(this.tenant_id, subject))
    }
    if (this.#watched.delete(subject)) void this.socket.leave(watchKey(this.tenant_id, subject))
  }

  ready() {
    return this.#around.drained(this)
  }

  get watched(): ReadonlySet<string> {
    return this.#watched ?? NONE
  }

  /** Its transport changed from polling to a WebSocket. */
  upgraded() {
    const { name } = this.socket.conn.transport
    if (name === this.transport) return
    this.transport = name
    this.#around.upgraded(this)
    for (const room_id of this.rooms) this.#around.topics.upgraded(this.#key(room_id), this)
  }

  /** One of its namespaces is open. */
  opened(socket: Socket) {
    const { name } = socket.nsp
    this.namespaces ??= name === namespaces.main ? undefined : new Namespaces()
    if (name !== namespaces.main) this.namespaces?.open.set(name, socket)
    if (name === namespaces.main || !this.socket.connected) this.socket = socket
  }

  /** One of its namespaces is left, with what was told there. Whether another one is open. */
  closed(socket: Socket): boolean {
    this.namespaces?.open.delete(socket.nsp.name)
    if (socket !== this.socket) return true
    if (socket.nsp.name === namespaces.main) this.clear()
    const [other] = this.namespaces?.open.values() ?? []
    if (!other) return false
    this.#watched = undefined
    this.socket = other
    return true
  }

  /** Lets go of all it held. */
  clear() {
    this.#around.clearing(this)
    for (const room_id of [...this.rooms]) this.leave(room_id)
  }

  /** Its last: nothing is left of it. */
  discard() {
    this.become('closed')
    this.become('cleaned_up')
    this.#around.counted(this, this.state, undefined)
  }

  signIn(credentials: Credentials) {
    return this.#around.signIn(this, credentials)
  }

  refresh(token: string) {
    return this.#around.refresh(this, token)
  }

  /** Says why, and ends it: so that an untouched client comes back by itself where that is of use, and not where it is not. */
  end(why: Failure) {
    this.endedFor = why.code
    if (why.data.retryable || !this.namespaces?.refuse(why)) return this.#close(why)
    process.nextTick(() => this.#close(why)) // not before Socket.IO has told those that waited
  }

  #close(why: Failure) {
    if (!this.socket.connected) return void this.socket.conn.close()
    if (why.code === 'session_revoked') this.say('session_revoked', { reason: why.message })
    this.say('error', why.data)
    if (why.data.retryable) this.socket.conn.close()
    else this.socket.disconnect(true)
  }

  #key(room_id: string) {
    return roomKey(this.tenant_id, room_id)
  }
}
