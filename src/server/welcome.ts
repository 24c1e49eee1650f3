/** What happens between a sign-in and a connection that is up to date: its rooms, what it missed, and where it stands. */
import type { Caller } from '../features/caller.ts'
import type { Context } from '../features/feature.ts'
import { caps } from '../features/rooms/caps.ts'
import { isOut } from '../features/rooms/rules.ts'
import { stateOf } from '../features/sessions/sync.ts'
import type { Log } from '../ports/log.ts'
import type { Joined, Store } from '../ports/store.ts'
import type { Position } from '../protocol/entry.ts'
import { Failure } from '../protocol/failure.ts'
import { roomKey } from '../protocol/ids.ts'
import type { ServerConnection } from './connection.ts'

interface World {
  readonly log: Log
  readonly store: Store
  /** What a command of this caller would see. */
  contextOf(caller: Caller): Context
  authenticated(connection: ServerConnection, recovered: boolean): Record<string, unknown>
}

type Positions = Readonly<Record<string, Position>>

const AT_ONCE = 50

export function welcoming({ log, store, contextOf, authenticated }: World) {
  /** Whether the log continues from there without a hole. */
  async function continues(room: string, from: Position): Promise<boolean> {
    const [head] = await log.heads([room])
    if (!head || head.epoch !== from.epoch || from.seq > head.seq) return false
    if (from.seq === head.seq) return true
    const [next] = await log.read(room, from, 1)
    return next?.seq === from.seq + 1
  }

  /** Where each room is to begin for this connection: at its position, where that holds, else now. */
  async function plan(ctx: Context, joined: readonly Joined[], positions: Positions) {
    const begins = new Map<string, Position | undefined>(joined.map(({ room }) => [room.room_id, undefined]))
    let recovered = Object.keys(positions).length > 0
    for (const [room_id, from] of Object.entries(positions)) {
      const isFor = begins.has(room_id) || (await mayHear(ctx, room_id))
      if (isFor && (await continues(roomKey(ctx.caller.tenant_id, room_id), from))) begins.set(room_id, from)
      else recovered = false
    }
    return { begins, recovered }
  }

  return async function welcome(connection: ServerConnection, caller: Caller, positions: Positions = {}) {
    connection.become('assigning_rooms')
    const ctx = contextOf(caller)
    const joined = await store.roomsOf(caller.tenant_id, caller.user_id)
    const { begins, recovered } = await plan(ctx, joined, positions)
    if (!connection.socket.connected) return
    connection.say('authenticated', authenticated(connection, recovered))
    connection.become('syncing')
    const rooms = [...begins]
    for (let n = 0; n < rooms.length; n += AT_ONCE)
      await Promise.all(rooms.slice(n, n + AT_ONCE).map(([room_id, from]) => enter(connection, room_id, from)))
    const state = await stateOf(ctx)
    if (!connection.socket.connected) return
    connection.say('state_sync', state)
    connection.become('active')
  }
}

async function enter(connection: ServerConnection, room_id: string, from: Position | undefined) {
  try {
    await connection.enter(room_id, from)
  } catch (error) {
    if (!isOut(error)) throw error
  }
}

/** Whether a room is for the caller: as a member, by a grant, or because it is public. */
export async function mayHear(ctx: Context, room_id: string): Promise<boolean> {
  try {
    const { room, role } = await ctx.standing(room_id)
    return role !== undefined || room.visibility === 'public'
  } catch (error) {
    if (error instanceof Failure && error.code === 'not_found') return false
    throw error
  }
}

/** At most so many positions; more go by `state:sync`. */
export function checkPositions(positions: Positions | undefined): Positions {
  const count = Object.keys(positions ?? {}).length
  if (count <= caps.positions) return positions ?? {}
  const message = `A handshake takes ${caps.positions} positions at most; send more with state:sync.`
  throw new Failure('validation_failed', message, { details: [{ path: 'positions', message }] })
}
