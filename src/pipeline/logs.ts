import type { Caller, Lane } from '../features/caller.ts'
import type { RoomLogs, Standing } from '../features/feature.ts'
import type { Along } from '../ports/log.ts'
import type { Draft, Entry, Position } from '../protocol/entry.ts'
import type { LogEvent } from '../protocol/event.ts'
import { roomKey } from '../protocol/ids.ts'
import type { Pipeline } from './context.ts'

/** The logs of a tenant's rooms, as one caller sees them. What is appended rests on what the command has looked at. */
export class CallerLogs implements RoomLogs {
  readonly #pipeline: Pipeline
  readonly #caller: Caller
  readonly #lane: Lane | undefined
  /** What was looked at, by room. */
  readonly #seen: ReadonlyMap<string, Standing>

  constructor(pipeline: Pipeline, caller: Caller, lane: Lane | undefined, seen: ReadonlyMap<string, Standing>) {
    this.#pipeline = pipeline
    this.#caller = caller
    this.#lane = lane
    this.#seen = seen
  }

  append<Kept, Body>(
    room_id: string,
    key: string,
    { name: action }: LogEvent<Kept, Body>,
    { kept, body, audience, expires_at }: Pick<Draft<Kept, Body>, 'kept' | 'body' | 'audience' | 'expires_at'>,
    along?: Along,
  ) {
    const { tenant_id, device_id } = this.#caller
    const draft = { tenant_id, room_id, action, kept, body, audience, expires_at, device_id }
    const seen = this.#seen.get(room_id)?.room
    const since = seen ? { room: seen.touched, ...along?.since } : along?.since
    const lane = this.#lane
    const numbered = along?.numbered ?? (lane && (() => lane.leave()))
    return this.#pipeline.ports.log.append(roomKey(tenant_id, room_id), key, draft, {
      ...along,
      since,
      epoch: seen?.epoch,
      numbered,
    })
  }

  read(room_id: string, after: Position, limit: number) {
    return this.#pipeline.ports.log.read(this.#place(room_id), after, limit)
  }

  heads(room_ids: readonly string[]) {
    return this.#pipeline.ports.log.heads(room_ids.map((room_id) => this.#place(room_id)))
  }

  async audience(room_id: string, { epoch, seq }: Position) {
    const [entry] = await this.read(room_id, { epoch, seq: seq - 1 }, 1)
    return entry?.audience
  }

  /** Where a room shows what came after one joined, it shows nothing to who did not. */
  visibleFrom({ room, member }: Standing): number {
    if (room.history === 'all' || this.#caller.permissions.admin) return 0
    return member?.joined_seq ?? Number.MAX_SAFE_INTEGER
  }

  told(entry: Entry, standing: Standing) {
    return this.#pipeline.tell(entry, this.#viewer(standing))
  }

  shown(entry: Entry, standing: Standing) {
    return this.#pipeline.tell.shown(entry, this.#viewer(standing))
  }

  #viewer(standing: Standing) {
    return { user_id: this.#caller.user_id, from_seq: this.visibleFrom(standing) }
  }

  #place(room_id: string) {
    return roomKey(this.#caller.tenant_id, room_id)
  }
}
