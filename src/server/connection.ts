/** A connection of someone: who they are, which rooms it hears, and how it ends. */
import type { Socket } from 'socket.io'
import type { Caller, Connection, Credentials, Lane } from '../features/caller.ts'
import type { Telling, Viewer } from '../pipeline/telling.ts'
import type { Entry, Position } from '../protocol/entry.ts'
import { type Envelope, envelope } from '../protocol/envelope.ts'
import { Failure } from '../protocol/failure.ts'
import { newId, roomKey, withoutKey } from '../protocol/ids.ts'
import type { Join } from './joining.ts'
import { mayFollow, type State } from './lifecycle.ts'
import type { Watch } from './teller.ts'
import type { Topics } from './topics.ts'

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
  signIn(connection: ServerConnection, credentials: Credentials): Promise<Record<string, unknown>>
  refresh(connection: ServerConnection, token: string): Promise<number>
  /** It left one state for another: from none at first, to none at last. */
  counted(connection: ServerConnection, from: State | undefined, to: State | undefined): void
  now(): number
}

export class ServerConnection implements Connection, Live {
  readonly socket: Socket
  state: State = 'connecting'
  /** By which it is counted. */
  transport: string
  /** Who it is; nothing until it has signed in. */
  caller: Caller | undefined
  lastActive: number
  /** ms; when what it rests on ends: the time to sign in, then the token. */
  expiresAt: number | undefined
  #around: Surroundings
  #lanes: Map<string, Lane> | undefined
  #rooms: Map<string, Watch> | undefined
  #entering: Map<string, Promise<Position>> | undefined

  constructor(socket: Socket, around: Surroundings) {
    this.socket = socket
    this.#around = around
    this.transport = socket.conn.transport.name
    this.lastActive = around.now()
  }

  get id() {
    return this.socket.id
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

  get rooms(): Iterable<string> {
    return this.#rooms?.keys() ?? []
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
  say(action: string, data: unknown) {
    const stamp = { id: newId(), tenant_id: this.tenant_id, timestamp: this.#around.now(), action }
    this.tell(envelope(action === 'error' ? 'error' : 'event', stamp, data))
  }

  enter(room_id: string, from?: Position): Promise<Position> {
    const live = this.#rooms?.get(room_id)?.told
    if (live) return Promise.resolve(live)
    const under = this.#entering?.get(room_id)
    if (under) return under
    this.#entering ??= new Map()
    const wanted = () => this.#entering?.get(room_id) === entering
    const entering: Promise<Position> = this.#enter(room_id, from, wanted).finally(() => {
      if (wanted()) this.#entering?.delete(room_id)
    })
    this.#entering.set(room_id, entering)
    return entering
  }

  /** Who left meanwhile is not wanted any more, also where they are on the way in again. */
  async #enter(room_id: string, from: Position | undefined, wanted: () => boolean): Promise<Position> {
    const { join, said, viewer, drained } = this.#around
    const seen = from && (await viewer(this, room_id))
    const newcomer = {
      tell: (entry: Entry) => this.tell(said(entry, seen)),
      ready: () => drained(this),
      subscribe: (watch: Watch) => {
        if (!wanted()) throw new Failure('forbidden', 'You are in this room no longer.')
        this.#hear(room_id, watch)
      },
    }
    return join(this.#key(room_id), newcomer, from)
  }

  #hear(room_id: string, watch: Watch) {
    if (!this.socket.connected) throw new Failure('unavailable', 'The connection is gone.')
    const room = this.#key(room_id)
    this.#rooms ??= new Map()
    this.#rooms.set(room_id, watch)
    void this.socket.join(room)
    this.#around.topics.add(room, this)
  }

  leave(room_id: string) {
    this.#entering?.delete(room_id) // who is on the way in is turned back
    const watch = this.#rooms?.get(room_id)
    if (!watch) return
    const room = this.#key(room_id)
    this.#rooms?.delete(room_id)
    this.#around.topics.remove(room, this)
    void this.socket.leave(room)
    watch.release()
  }

  heard(room_id: string) {
    return this.#rooms?.get(room_id)?.told
  }

  want(room_id: string, feature: string, wanted: boolean) {
    const key = withoutKey(this.tenant_id, room_id, feature)
    if (wanted) void this.socket.leave(key)
    else void this.socket.join(key)
  }

  /** Its transport changed from polling to a WebSocket. */
  upgraded() {
    const { name } = this.socket.conn.transport
    if (name === this.transport) return
    this.#around.counted(this, this.state, undefined)
    this.transport = name
    this.#around.counted(this, undefined, this.state)
    for (const room_id of this.rooms) this.#around.topics.upgraded(this.#key(room_id), this)
  }

  /** Lets go of all it held. */
  clear() {
    for (const room_id of [...this.rooms]) this.leave(room_id)
  }

  signIn(credentials: Credentials) {
    return this.#around.signIn(this, credentials)
  }

  refresh(token: string) {
    return this.#around.refresh(this, token)
  }

  /** Says why, and ends it: so that an untouched client comes back by itself where that is of use, and not where it is not. */
  end(why: Failure) {
    if (why.code === 'session_revoked') this.say('session_revoked', { reason: why.message })
    this.say('error', why.data)
    if (why.data.retryable) this.socket.conn.close()
    else this.socket.disconnect(true)
  }

  #key(room_id: string) {
    return roomKey(this.tenant_id, room_id)
  }
}
