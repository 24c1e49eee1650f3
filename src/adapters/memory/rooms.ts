// What the log and the store have in common: a room's entries, and what entries and changes made of it.
import type { Invitation, Member, RoomState } from '../../ports/store.ts'
import type { Entry } from '../../protocol/entry.ts'
import { newId } from '../../protocol/ids.ts'

export interface Held {
  readonly epoch: string
  /** The number and the time of the last entry. */
  seq: number
  at: number
  readonly entries: Map<number, Entry>
  readonly keys: Map<string, Entry>
  /** By what was touched, the number of the last entry that did. */
  readonly touched: Map<string, number>
  state: RoomState | undefined
  readonly members: Map<string, Member>
  readonly invitations: Map<string, Invitation>
  readonly overlays: Map<number, Overlay>
}

/** What later entries made of a message. */
export interface Overlay {
  edited: { body: unknown; version: number; at: number } | undefined
  deleted: boolean
  readonly edits: number[]
  reactions: { user_id: string; emoji: string }[]
}

export interface Rooms {
  /** As it is, or as it would begin. */
  get(name: string): Held
  drop(name: string): void
  /** How often something was committed that moves a log. */
  commits: number
  all(): IterableIterator<[string, Held]>
}

export function heldRooms(): Rooms {
  const first = newId()
  const rooms = new Map<string, Held>()

  function get(name: string): Held {
    const held = rooms.get(name) ?? begun(first)
    rooms.set(name, held)
    return held
  }
  return {
    get,
    commits: 0,
    drop(name) {
      rooms.set(name, begun(newId()))
      this.commits++
    },
    all: () => rooms.entries(),
  }
}

export function overlayOf(held: Held, seq: number): Overlay {
  const overlay = held.overlays.get(seq) ?? { edited: undefined, deleted: false, edits: [], reactions: [] }
  held.overlays.set(seq, overlay)
  return overlay
}

/** As a reader sees it from then on. */
export const asOf = (entry: Entry, now: number): Entry =>
  entry.body !== undefined && (entry.expires_at ?? Number.POSITIVE_INFINITY) <= now
    ? { ...entry, body: undefined }
    : entry

const begun = (epoch: string): Held => ({
  epoch,
  seq: 0,
  at: 0,
  entries: new Map(),
  keys: new Map(),
  touched: new Map(),
  state: undefined,
  members: new Map(),
  invitations: new Map(),
  overlays: new Map(),
})
