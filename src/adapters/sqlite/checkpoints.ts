// A checkpoint as it is stored: thousands are written every few seconds, so what their positions have in common is said once.
import type { Checkpoint } from '../../ports/store.ts'
import type { Position } from '../../protocol/entry.ts'

/** `[epoch, room_id, seq, room_id, seq, …]` for each epoch: most rooms have it in common. */
type Grouped = [epoch: string, ...rest: (string | number)[]]

export function encodeCheckpoint({ positions, ...rest }: Checkpoint): string {
  const byEpoch = new Map<string, Grouped>()
  for (const room_id in positions) {
    const { epoch, seq } = positions[room_id] as Position
    const list = byEpoch.get(epoch)
    if (list) list.push(room_id, seq)
    else byEpoch.set(epoch, [epoch, room_id, seq])
  }
  return JSON.stringify({ ...rest, positions: [...byEpoch.values()] })
}

export function decodeCheckpoint(text: string): Checkpoint {
  const { positions, ...rest } = JSON.parse(text) as Omit<Checkpoint, 'positions'> & { positions: Grouped[] }
  const entries = positions.flatMap(([epoch, ...rest]) =>
    Array.from(
      { length: rest.length / 2 },
      (_, i) => [rest[2 * i], { epoch, seq: rest[2 * i + 1] as number }] as const,
    ),
  )
  return { ...rest, positions: Object.fromEntries(entries) }
}
