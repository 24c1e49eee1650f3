/** The rooms that a connection hears, or is on its way to hear. */
import type { Viewer } from '../../pipeline/telling.ts'
import type { Entry, Position } from '../../protocol/entry.ts'
import { Failure } from '../../protocol/failure.ts'
import { roomKey } from '../../protocol/ids.ts'
import type { Certain } from '../returning/certain.ts'
import type { Watch } from '../telling/followed.ts'
import type { ServerConnection, Surroundings } from './connection.ts'

/** On the way into a room: from a position, or from now. */
interface Entering {
  readonly from: Position | undefined
  readonly joined: Promise<Position>
}

interface Wanted {
  wanted(): boolean
  readonly seen: Viewer | undefined
}

/** More than goes together, as what is told to one alone is not encoded yet. */
const UNKNOWN = Number.POSITIVE_INFINITY

const sizeOf = (frames: readonly unknown[]) => frames.reduce<number>((sum, frame) => sum + (frame as string).length, 0)

export class RoomsHeard {
  readonly #connection: ServerConnection
  readonly #around: Surroundings
  readonly #rooms = new Map<string, Watch>()
  #entering: Map<string, Entering> | undefined

  constructor(connection: ServerConnection, around: Surroundings) {
    this.#connection = connection
    this.#around = around
  }

  get rooms(): Iterable<string> {
    return this.#rooms.keys()
  }

  heard(room_id: string): Position | undefined {
    return this.#rooms.get(room_id)?.told
  }

  /** `seen`: what of the room is for it, where that is known. */
  enter(room_id: string, from?: Position, seen?: Viewer): Promise<Position> {
    const live = this.heard(room_id)
    if (live) return Promise.resolve(live)
    const under = this.#entering?.get(room_id)
    if (under) return under.joined
    this.#entering ??= new Map()
    const wanted = () => this.#entering?.get(room_id)?.joined === joined
    const joined: Promise<Position> = this.#enter(room_id, from, { wanted, seen }).finally(() => {
      if (wanted()) this.#entering?.delete(room_id)
    })
    this.#entering.set(room_id, { from, joined })
    return joined
  }

  /** Who left meanwhile is not wanted any more, also where they are on the way in again. */
  async #enter(room_id: string, from: Position | undefined, { wanted, seen: known }: Wanted): Promise<Position> {
    const { join, viewer, drained } = this.#around
    const seen = from && (known ?? (await viewer(this.#connection, room_id)))
    const newcomer = {
      tell: (entries: readonly Entry[]) => this.#tellAgain(entries, seen),
      ready: () => drained(this.#connection),
      subscribe: (watch: Watch) => {
        if (!wanted()) throw new Failure('forbidden', 'You are in this room no longer.')
        this.#hear(room_id, watch)
      },
    }
    return join(this.#key(room_id), newcomer, from)
  }

  /** Thousands may have missed the same, so what is for all of them is encoded once. */
  #tellAgain(entries: readonly Entry[], seen: Viewer | undefined) {
    const { said, frames, together } = this.#around
    const connection = this.#connection
    const { conn } = connection.socket
    const isForAll = ({ audience, seq }: Entry) => !audience && seq >= (seen?.from_seq ?? 0)
    const all = entries.map((entry) => (isForAll(entry) ? frames(entry) : entry))
    const size = all.reduce((sum, one) => sum + ('seq' in one ? UNKNOWN : sizeOf(one)), 0)
    together(conn, size, () => {
      for (const one of all)
        if ('seq' in one) connection.tell(said(one, seen))
        else for (const frame of one) conn.write(frame as string)
    })
  }

  #hear(room_id: string, watch: Watch) {
    const { socket, hearsRooms } = this.#connection
    if (!hearsRooms) throw new Failure('unavailable', 'The connection is gone.')
    const room = this.#key(room_id)
    this.#rooms.set(room_id, watch)
    void socket.join(room)
    this.#around.topics.add(room, this.#connection)
    this.#around.changed(this.#connection)
  }

  leave(room_id: string) {
    this.#entering?.delete(room_id) // who is on the way in is turned back
    const watch = this.#rooms.get(room_id)
    if (!watch) return
    const room = this.#key(room_id)
    this.#rooms.delete(room_id)
    this.#around.topics.remove(room, this.#connection)
    void this.#connection.socket.leave(room)
    watch.release()
    this.#around.changed(this.#connection)
  }

  has(room_id: string, seq: number) {
    this.#rooms.get(room_id)?.has(seq)
    this.#around.changed(this.#connection)
  }

  /** In each of its rooms, if all that was told before this moment has arrived. */
  certain(before: number): Certain[] {
    const heard = [...this.#rooms].map(([room_id, watch]) => {
      const position = watch.certain(before)
      return { room_id, position, whole: position?.seq === watch.told?.seq, movedAt: watch.movedAt }
    })
    const coming = [...(this.#entering ?? [])].filter(([, { from }]) => from !== undefined)
    return [...heard, ...coming.map(([room_id, { from }]) => ({ room_id, position: from, whole: false, movedAt: 0 }))]
  }

  #key(room_id: string) {
    return roomKey(this.#connection.tenant_id, room_id)
  }
}
