/** Where each room is to begin for a connection: where its client stood, if the log goes on from there, else now. */
import type { Context } from '../../features/feature.ts'
import { caps } from '../../features/rooms/caps.ts'
import type { Log } from '../../ports/log.ts'
import type { Joined } from '../../ports/store.ts'
import type { Position } from '../../protocol/entry.ts'
import { Failure } from '../../protocol/failure.ts'
import { roomKey } from '../../protocol/ids.ts'
import type { Recent } from '../telling/recent.ts'
import { isCut, type Positions, positionsIn, type Stand } from './returns.ts'

/** What is known of a client that comes back. */
interface Known {
  /** As it says itself. */
  readonly positions: Positions | undefined
  /** As the service knows it of its device. */
  readonly stand: Stand | undefined
}

interface Plan {
  readonly begins: ReadonlyMap<string, Position | undefined>
  /** Nothing is missing when it is carried out. */
  readonly recovered: boolean
}

export type Planning = (ctx: Context, joined: readonly Joined[], known: Known) => Promise<Plan>

export function planning(log: Pick<Log, 'heads'>, recent: Pick<Recent, 'read'>): Planning {
  /** Whether the log continues from there without a hole. */
  async function continues(room: string, from: Position, known: Position | undefined): Promise<boolean> {
    const isKnown = known && known.epoch === from.epoch && from.seq <= known.seq
    const [head] = isKnown ? [known] : await log.heads([room])
    if (!head || head.epoch !== from.epoch || from.seq > head.seq) return false
    if (from.seq === head.seq) return true
    const [next] = await recent.read(room, from)
    return next?.seq === from.seq + 1
  }

  return async function plan(ctx, joined, { positions, stand }) {
    const begins = new Map<string, Position | undefined>(joined.map(({ room }) => [room.room_id, undefined]))
    const heads = new Map(joined.map(({ room, epoch, last_seq }) => [room.room_id, { epoch, seq: last_seq }]))
    const filled = stand && isFilledUp(positions) ? stand : undefined
    const all = positionsIn(filled?.positions, positions)
    const proven = await Promise.all(
      Object.entries(all).map(async ([room_id, from]) => {
        const isFor = begins.has(room_id) || (await mayHear(ctx, room_id))
        if (!isFor) return !Object.hasOwn(positions ?? {}, room_id) // of a room that is theirs no more nothing is missing
        const goesOn = await continues(roomKey(ctx.caller.tenant_id, room_id), from, heads.get(room_id))
        if (goesOn) begins.set(room_id, from)
        return goesOn
      }),
    )
    const others = joined.filter(({ room }) => all[room.room_id] === undefined)
    const isKnown = filled !== undefined || Object.keys(positions ?? {}).length > 0
    return { begins, recovered: isKnown && proven.every(Boolean) && (!filled || covers(filled, others)) }
  }
}

/**
 * A client that sets its positions once sends the same for ever, without the rooms that it came into since: those are
 * added. One that has as many as a handshake takes brings the others by `state:sync`, and one that has none begins anew.
 */
function isFilledUp(positions: Positions | undefined): boolean {
  const count = Object.keys(positions ?? {}).length
  return positions === undefined || (count > 0 && count < caps.positions)
}

/** Whether rooms that are not in it were entered since, or nothing was said in them since. */
function covers(stand: Stand, others: readonly Joined[]): boolean {
  const { at, last } = stand
  const moved = isCut(stand) ? others.filter(({ updated_at }) => updated_at >= at) : []
  const entered = last ? [] : others.filter(({ member }) => (member?.joined_at ?? 0) >= at)
  return moved.length === 0 && entered.length === 0
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
