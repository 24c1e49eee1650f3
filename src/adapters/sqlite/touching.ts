// What last touched what: the room as its log knows it, a message by the number of an edit or its deletion.
import type { Along } from '../../ports/log.ts'
import { madeAt, seqOf } from '../../protocol/ids.ts'
import type { Batch } from './batch.ts'
import type { Core } from './core.ts'
import type { RoomLog } from './rooms.ts'

const TOUCHED = 'SELECT touched FROM messages WHERE log = ? AND seq = ?'

export function touching({ reading, committer }: Pick<Core, 'reading' | 'committer'>) {
  /** What is numbered but not committed: by log and message, the last number. */
  const pending = new Map<string, number>()

  function lastOf(room: RoomLog, message_id: string): number {
    const waiting = pending.get(keyOf(room, message_id))
    if (waiting !== undefined) return waiting
    const seq = seqOf(message_id)
    const [touched = 0] = reading.row(TOUCHED, room.log, seq) ?? []
    return Math.max(seq, touched as number)
  }

  return {
    add(batch: Batch, room: RoomLog, subjects: readonly string[], seq: number) {
      for (const subject of subjects) {
        if (subject === 'room') room.touched = seq
        if (madeAt(subject) === undefined) continue
        const key = keyOf(room, subject)
        const forget = () => void (pending.get(key) === seq && pending.delete(key))
        pending.set(key, seq)
        batch.committed.push(forget)
        batch.undone.push(forget)
        batch.ops.push(['touch', room.log, seqOf(subject), seq])
      }
    },

    /**
     * Where something touched it since: when that can be read. A room that was touched less than the caller saw is
     * another one, made after that one was dropped.
     */
    stale(room: RoomLog, { since, epoch }: Along): Promise<void> | undefined {
      if (epoch !== undefined && epoch !== room.epoch) return committer.settled()
      if (!since) return undefined
      for (const subject in since) {
        const seen = since[subject] as number
        if (subject === 'room' ? room.touched !== seen : madeAt(subject) !== undefined && lastOf(room, subject) > seen)
          return committer.settled()
      }
      return undefined
    },
  }
}

const keyOf = ({ log }: RoomLog, subject: string) => `${log} ${subject}`
