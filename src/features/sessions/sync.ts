import * as v from 'valibot'
import type { Device, Joined } from '../../ports/store.ts'
import type { Position } from '../../protocol/entry.ts'
import { Failure } from '../../protocol/failure.ts'
import { RoomId } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { caps } from '../rooms/caps.ts'
import { anyone, isOut } from '../rooms/rules.ts'
import { devicesOf } from './devices.ts'
import { PositionIn, Synced } from './session.ts'

const PAGE = 100
const UNREAD_MOST = 1_000
/** A time, and a room's id. */
const CURSOR_LENGTH = 32 + caps.id_length

export const sync = command({
  about: 'The next page of `state_sync`. Rooms whose position is given are brought up to date first.',
  input: v.object({
    cursor: v.optional(v.pipe(v.string(), v.maxLength(CURSOR_LENGTH))),
    positions: v.optional(v.pipe(v.record(RoomId, PositionIn), v.maxEntries(caps.positions))),
  }),
  output: Synced,
  allow: anyone,
  rate: { take: 60, every_ms: 60_000 },
  automatic: true,

  async handle(ctx: Context, { cursor, positions = {} }) {
    for (const [room_id, from] of Object.entries(positions)) await catchUp(ctx, room_id, from)
    return stateOf(ctx, cursor)
  },
})

/** A position that the log does not continue starts anew: the page then says where. A room is heard, or the connection ends. */
async function catchUp(ctx: Context, room_id: string, from: Position) {
  const { connection } = ctx.caller
  if (!connection?.heard(room_id)) return
  connection.leave(room_id, { comesBack: true })
  const again = (error: unknown) =>
    error instanceof Failure && error.code === 'resync_required' ? connection.enter(room_id) : Promise.reject(error)
  try {
    await connection.enter(room_id, from).catch(again)
  } catch (error) {
    if (!isOut(error)) connection.end(Failure.from(error))
  }
}

/** What was asked for just now. */
interface Known {
  readonly joined?: readonly Joined[] | undefined
  readonly devices?: readonly Device[] | undefined
}

/** A page of the caller's rooms, the most recently active first. */
export async function stateOf(
  ctx: Context,
  cursor?: string,
  { joined, devices }: Known = {},
): Promise<v.InferOutput<typeof Synced>> {
  const all = (joined ?? (await ctx.store.roomsOf(ctx.userId))).toSorted(byActivity)
  const begin = cursor === undefined ? 0 : all.findIndex((one) => isAfter(one, cursor))
  const page = begin === -1 ? [] : all.slice(begin, begin + PAGE)
  const last = page.at(-1)
  return {
    rooms: await Promise.all(page.map((joined) => viewOf(ctx, joined))),
    devices: await devicesOf(ctx, devices),
    calls: [],
    ...(last && begin + PAGE < all.length && { next_cursor: `${last.updated_at}/${last.room.room_id}` }),
  }
}

const byActivity = (one: Joined, other: Joined) =>
  other.updated_at - one.updated_at || (one.room.room_id < other.room.room_id ? -1 : 1)

/** Rooms that moved up since the page before are on no later page: their events were heard meanwhile. */
function isAfter({ updated_at, room }: Joined, cursor: string): boolean {
  const slash = cursor.indexOf('/')
  const at = Number(cursor.slice(0, slash))
  return updated_at < at || (updated_at === at && room.room_id > cursor.slice(slash + 1))
}

async function viewOf(ctx: Context, { room, member, epoch, last_seq, updated_at }: Joined) {
  const { room_id, kind, name } = room
  const { read_seq = 0, delivered_seq = 0 } = member ?? {}
  const { connection } = ctx.caller
  const heard = connection?.heard(room_id)
  const unread =
    read_seq < (heard?.seq ?? last_seq)
      ? await ctx.store.unread(ctx.place(room_id), ctx.userId, read_seq, UNREAD_MOST)
      : 0
  const isLive = heard !== undefined || connection === undefined
  return {
    room_id,
    kind,
    name,
    epoch: heard?.epoch ?? epoch,
    ...(isLive && { attach_seq: heard?.seq ?? last_seq }),
    read_seq,
    delivered_seq,
    unread,
    updated_at,
  }
}
