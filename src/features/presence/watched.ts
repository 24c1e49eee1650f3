/** The rooms whose presence someone watches here: who is in them, and of whom their watchers are to be told. Pure, given the time. */
import { type Counts, inRoomSubject, type View } from './presence.ts'

/** With more members than this, a room is told in numbers. */
export const LARGE = 100
/** Of so many in one second each is told; of more at once, once a second. */
const EACH = 10
const EACH_MS = 1_000

export interface WatchedRoom {
  readonly room_id: string
  readonly subject: string
  readonly members: Set<string>
  /** Too many for each to be known: they are counted now and then. */
  vast: boolean
  /** Comes true when its members are known. */
  ready: Promise<void>
  /** Its members are being read; `stale` where they changed meanwhile. */
  reading: 'no' | 'yes' | 'stale'
  /** Who changed since its watchers were told, and what all of them know of them: nothing, of a new member. */
  readonly pending: Map<string, View | undefined>
  /** Its numbers are others, also where nobody in it changed. */
  moved: boolean
  /** Of a vast room: what it was counted as, when it may be counted again, and whether it will be. */
  counts: Counts
  countAt: number
  counting: boolean
  /** How many were told in the second that began then. */
  eachSince: number
  eachTold: number
  summedAt: number
}

export interface Watched {
  /** By their subjects. */
  readonly rooms: ReadonlyMap<string, WatchedRoom>
  /** Those whose watchers are to be told. */
  readonly stirred: Set<WatchedRoom>
  open(room_id: string): WatchedRoom
  forget(room: WatchedRoom): void
  /** All that are in it, or that they are too many. */
  fill(room: WatchedRoom, members: readonly string[] | 'vast'): void
  joined(room: WatchedRoom, user_id: string): void
  left(room: WatchedRoom, user_id: string): void
  changed(user_id: string, before: View): void
  /** Not all who watch know the same of them. */
  answered(user_id: string): void
}

export function newWatched(): Watched {
  const rooms = new Map<string, WatchedRoom>()
  const vast = new Set<WatchedRoom>()
  const stirred = new Set<WatchedRoom>()
  /** The watched rooms of a user. */
  const roomsOf = new Map<string, Set<WatchedRoom>>()

  function put(room: WatchedRoom, user_id: string) {
    room.members.add(user_id)
    roomsOf.set(user_id, (roomsOf.get(user_id) ?? new Set()).add(room))
  }

  function take(room: WatchedRoom, user_id: string) {
    room.members.delete(user_id)
    room.pending.delete(user_id)
    const others = roomsOf.get(user_id)
    others?.delete(room)
    if (others?.size === 0) roomsOf.delete(user_id)
  }

  function stir(room: WatchedRoom) {
    if (room.reading === 'yes') room.reading = 'stale'
    room.moved = true
    stirred.add(room)
  }

  return {
    rooms,
    stirred,
    open(room_id) {
      const room = begun(room_id)
      rooms.set(room.subject, room)
      return room
    },
    forget(room) {
      for (const user_id of [...room.members]) take(room, user_id)
      stirred.delete(room)
      vast.delete(room)
      if (rooms.get(room.subject) === room) rooms.delete(room.subject)
    },
    fill(room, members) {
      for (const user_id of [...room.members]) take(room, user_id)
      room.vast = members === 'vast'
      vast.delete(room)
      if (members === 'vast') vast.add(room)
      else for (const user_id of members) put(room, user_id)
    },
    joined(room, user_id) {
      if (room.members.has(user_id)) return
      put(room, user_id)
      room.pending.set(user_id, undefined)
      stir(room)
    },
    left(room, user_id) {
      take(room, user_id)
      stir(room)
    },
    changed(user_id, before) {
      for (const room of vast) stirred.add(room)
      for (const room of roomsOf.get(user_id) ?? []) {
        stirred.add(room)
        if (!room.pending.has(user_id)) room.pending.set(user_id, before)
      }
    },
    answered(user_id) {
      for (const { pending } of roomsOf.get(user_id) ?? []) if (pending.has(user_id)) pending.set(user_id, undefined)
    },
  }
}

const begun = (room_id: string): WatchedRoom => ({
  room_id,
  subject: inRoomSubject(room_id),
  members: new Set(),
  vast: false,
  ready: Promise.resolve(),
  reading: 'no',
  pending: new Map(),
  moved: false,
  counts: { online: 0, away: 0, dnd: 0, offline: 0 },
  countAt: 0,
  counting: false,
  eachSince: 0,
  eachTold: 0,
  summedAt: 0,
})

/** How a room's watchers are told of all who are pending: `later` where they were told in numbers just now. */
export function mannerOf(room: WatchedRoom, now: number): 'each' | 'summary' | 'later' {
  const { pending, members } = room
  if (now - room.eachSince >= EACH_MS) Object.assign(room, { eachSince: now, eachTold: 0 })
  if (members.size <= LARGE && room.eachTold + pending.size <= EACH) {
    room.eachTold += pending.size
    return 'each'
  }
  if (now - room.summedAt < EACH_MS) return 'later'
  room.summedAt = now
  room.eachTold = EACH
  return 'summary'
}
