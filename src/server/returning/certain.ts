/** What a client has for certain, in words that can be kept. */
import { caps } from '../../features/rooms/caps.ts'
import type { Position } from '../../protocol/entry.ts'
import { type Positions, positionsIn } from './returns.ts'

/** Of a room that a connection hears, or is on its way to hear. */
export interface Certain {
  readonly room_id: string
  /** Up to where its client has all; nothing where that cannot be said. */
  readonly position: Position | undefined
  /** Whether that is all that was told. */
  readonly whole: boolean
  /** The moment when it moved last. */
  readonly movedAt: number
}

/** The most recently active, where there are more than are kept; nothing where it cannot be said what its client has. */
export function positionsOf(all: readonly Certain[]): Positions | undefined {
  const named = all.length <= caps.positions ? all : mostRecent(all)
  if (!named || all.some(({ position }) => position === undefined)) return undefined
  const positions = positionsIn()
  for (const { room_id, position } of named) if (position) positions[room_id] = position
  return positions
}

/** Of a room that is left out all must have arrived: only what is said in it later can be found out. */
function mostRecent(all: readonly Certain[]): readonly Certain[] | undefined {
  const order = all.toSorted((one, other) => Number(one.whole) - Number(other.whole) || other.movedAt - one.movedAt)
  return order[caps.positions]?.whole ? order.slice(0, caps.positions) : undefined
}
