/**
 * Who is what in which room. Read from the store, and kept for as long as this server follows the room's log: an
 * entry that touches the room makes it look again. What is appended rests on what was looked at (`Along.since`), so that an
 * authorization that went stale on its way is refused by the log, whatever is kept here.
 */
import type { Member, Room, Store } from '../ports/store.ts'
import type { Entry } from '../protocol/entry.ts'

export interface Seen {
  readonly room: Room | undefined
  readonly member: Member | undefined
}

interface Kept {
  room: Room
  readonly members: Map<string, Member | undefined>
}

const TOUCHING = new Set(['room_updated', 'room_member_joined', 'room_member_left', 'room_deleted'])

export interface Memberships {
  find(room: string, user_id: string): Seen | Promise<Seen>
  /** What is said of a room from now on is heard here, so what is known of it can be kept. */
  hold(room: string): void
  release(room: string): void
  heard(room: string, entry: Entry): void
  /** Something changed that no entry tells. */
  forget(room: string): void
}

export function memberships(store: Pick<Store, 'room' | 'member'>): Memberships {
  /** Held rooms; nothing is kept of those that have not been asked for. */
  const held = new Map<string, Kept | undefined>()
  /** Counts what made a room's knowledge old, so that a read that was under way then is not kept. */
  let changes = 0

  async function load(name: string, user_id: string): Promise<Seen> {
    const asOf = changes
    const [room, member] = await Promise.all([store.room(name), store.member(name, user_id)])
    if (room && held.has(name) && asOf === changes) {
      const kept = held.get(name) ?? { room, members: new Map() }
      kept.members.set(user_id, member)
      held.set(name, kept)
    }
    return { room, member }
  }

  function forget(name: string) {
    changes++
    if (held.has(name)) held.set(name, undefined)
  }

  return {
    find(name, user_id) {
      const kept = held.get(name)
      const member = kept?.members.get(user_id)
      return kept && (member || kept.members.has(user_id)) ? { room: kept.room, member } : load(name, user_id)
    },
    hold(name) {
      changes++ // a read that began before may have missed what was said before
      if (!held.has(name)) held.set(name, undefined)
    },
    release(name) {
      changes++
      held.delete(name)
    },
    heard(name, { action }) {
      if (TOUCHING.has(action)) forget(name)
    },
    forget,
  }
}
