/** What happens between a sign-in and a connection that is up to date: its rooms, what it missed, and where it stands. */
import type { Caller } from '../../features/caller.ts'
import type { Context } from '../../features/feature.ts'
import { isOut } from '../../features/rooms/rules.ts'
import { stateOf } from '../../features/sessions/sync.ts'
import type { Viewer } from '../../pipeline/telling.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Joined, Store } from '../../ports/store.ts'
import type { Position } from '../../protocol/entry.ts'
import type { Handshake } from '../arriving/signing.ts'
import type { ServerConnection } from '../connection/connection.ts'
import type { Checkpoints } from './checkpoints.ts'
import type { Planning } from './planning.ts'

interface World {
  readonly store: Store
  readonly clock: Clock
  readonly checkpoints: Pick<Checkpoints, 'find' | 'begin' | 'synced'>
  readonly plan: Planning
  /** What a command of this caller would see. */
  contextOf(caller: Caller): Context
  authenticated(connection: ServerConnection, recovered: boolean): Record<string, unknown>
}

type Given = Pick<Handshake, 'positions' | 'pid'>

const AT_ONCE = 50
/** Where it took longer to enter the rooms, they are asked for anew. */
const FRESH_MS = 1_000

export function welcoming({ store, clock, checkpoints, plan, contextOf, authenticated }: World) {
  return async function welcome(connection: ServerConnection, caller: Caller, given: Given = {}) {
    const { positions } = given
    connection.become('assigning_rooms')
    const ctx = contextOf(caller)
    const askedAt = clock.now()
    const stand = await checkpoints.find(connection, given.pid)
    const joined = await store.roomsOf(caller.tenant_id, caller.user_id)
    const { begins, recovered } = await plan(ctx, joined, { positions, stand })
    if (!connection.hearsRooms) return
    checkpoints.begin(connection, given.pid, recovered ? placesOf(begins) : undefined)
    connection.say('authenticated', authenticated(connection, recovered))
    connection.become('syncing')
    const seen = viewers(ctx, joined)
    const rooms = [...begins]
    for (let n = 0; n < rooms.length; n += AT_ONCE)
      await Promise.all(
        rooms.slice(n, n + AT_ONCE).map(([room_id, from]) => enter(connection, room_id, [from, seen.get(room_id)])),
      )
    const isFresh = clock.now() - askedAt < FRESH_MS && [...connection.rooms].every((room_id) => begins.has(room_id))
    const { devices } = connection
    connection.devices = undefined
    const heard = joined.filter(({ room }) => connection.heard(room.room_id))
    const state = await stateOf(ctx, undefined, isFresh ? { joined: heard, devices } : {})
    if (!connection.hearsRooms) return
    connection.say('state_sync', state)
    checkpoints.synced(connection)
    connection.become('active')
  }
}

const placesOf = (begins: ReadonlyMap<string, Position | undefined>) =>
  Object.fromEntries([...begins].flatMap(([room_id, from]) => (from ? [[room_id, from]] : [])))

/** What of each of these rooms is for the caller. */
const viewers = (ctx: Context, joined: readonly Joined[]): ReadonlyMap<string, Viewer> =>
  new Map(
    joined.map(({ room, member }) => {
      const from_seq = ctx.log.visibleFrom({ room, member, role: member?.role })
      return [room.room_id, { user_id: ctx.userId, from_seq }]
    }),
  )

async function enter(connection: ServerConnection, room_id: string, where: [Position | undefined, Viewer | undefined]) {
  try {
    await connection.enter(room_id, ...where)
  } catch (error) {
    if (!isOut(error)) throw error
  }
}
