/** Who types where, and what their rooms were told of it: of those who began here. Given the time. */
export const LAPSE_MS = 6_000
export const RELAY_MS = 3_000

export interface Typist {
  readonly user_id: string
  types: boolean
  /** By which they said so last. */
  connection_id: string | undefined
  /** Whether they said so since the room was told. */
  said: boolean
  /** Whether the room believes that they type, and when it was last told so. */
  told: boolean
  toldAt: number
}

export interface TypingRoom {
  readonly room_id: string
  /** Who did something last comes last. */
  readonly typists: Map<string, Typist>
  toldAt: number
  /** When it is told next, and how that is called off. */
  dueAt: number
  stop: () => void
}

/** When a typist who does nothing more is looked after: to lapse, or to be forgotten. */
interface Due {
  readonly room: TypingRoom
  readonly typist: Typist
  readonly at: number
}

export interface State {
  readonly rooms: Map<string, TypingRoom>
  /** The first to be due first. */
  readonly due: Map<Typist, Due>
  sweeping: boolean
}

export const newState = (): State => ({ rooms: new Map(), due: new Map(), sweeping: false })

export function roomOf({ rooms }: State, room_id: string): TypingRoom {
  const known = rooms.get(room_id)
  if (known) return known
  const due = { toldAt: Number.NEGATIVE_INFINITY, dueAt: Number.POSITIVE_INFINITY, stop() {} }
  const room = { room_id, typists: new Map<string, Typist>(), ...due }
  rooms.set(room_id, room)
  return room
}

const never = (user_id: string): Typist => ({
  user_id,
  types: false,
  connection_id: undefined,
  said: false,
  told: false,
  toldAt: Number.NEGATIVE_INFINITY,
})

/** A typist as from now on: the last of their room, and looked after when nothing more comes. */
export function turn(state: State, room: TypingRoom, user_id: string, now: number, to: Partial<Typist>): Typist {
  const typist = Object.assign(room.typists.get(user_id) ?? never(user_id), to)
  room.typists.delete(user_id)
  room.typists.set(user_id, typist)
  state.due.delete(typist)
  state.due.set(typist, { room, typist, at: now + LAPSE_MS })
  return typist
}

/** Takes out those who are due; who had stopped is forgotten, with the room where they were the last. */
export function takeDue(state: State, now: number): Due[] {
  const due: Due[] = []
  for (const one of state.due.values()) {
    if (one.at > now) break
    due.push(one)
  }
  for (const { room, typist } of due) {
    state.due.delete(typist)
    if (!typist.types) room.typists.delete(typist.user_id)
    if (room.typists.size === 0) state.rooms.delete(room.room_id)
  }
  return due.filter(({ typist }) => typist.types)
}

/** What a room is to be told, once for all. */
interface News {
  readonly last: Typist | undefined
  /** Whether it is of nobody else. */
  readonly alone: boolean
  /** When there is more to tell. */
  readonly next: number
}

export function takeNews({ typists }: TypingRoom, now: number): News {
  let last: Typist | undefined
  let alone = true
  let next = Number.POSITIVE_INFINITY
  for (const typist of typists.values()) {
    const isNews = typist.types ? typist.said : typist.told
    if (!isNews) continue
    const early = typist.types && now - typist.toldAt < RELAY_MS
    if (early) next = Math.min(next, typist.toldAt + RELAY_MS)
    else {
      alone = last === undefined
      last = tell(typist, now)
    }
  }
  return { last, alone, next }
}

function tell(typist: Typist, now: number): Typist {
  if (typist.types) typist.toldAt = now
  return Object.assign(typist, { said: false, told: typist.types })
}
