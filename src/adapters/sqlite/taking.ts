// Taking bodies away: from the file, and at the same time from what is in memory.
import type { Batch } from './batch.ts'
import type { Core } from './core.ts'
import { itemAt } from './entries.ts'
import type { RoomLog } from './rooms.ts'
import { holds, markTaken, wordOf } from './runs.ts'

export function takings({ entries }: Pick<Core, 'entries'>) {
  return {
    /** With a time, because someone deleted it then. */
    take(batch: Batch, room: RoomLog, seq: number, redacted_at: number | undefined) {
      const place = entries.place(room, seq)
      if (!place) return
      room.batch = batch.number
      batch.ops.push(['take', room.log, seq, place.n, redacted_at ?? null])
      batch.committed.push(() => forget(room, seq, redacted_at))
    },
  }
}

function forget(room: RoomLog, seq: number, redacted_at: number | undefined) {
  const item = itemAt(room, seq)
  if (item) {
    item.entry = { ...item.entry, body: undefined, redacted_at: redacted_at ?? item.entry.redacted_at }
    item.word = wordOf(item.entry)
  } else if (room.run && holds(room.run, seq)) markTaken(room.run, seq)
}
