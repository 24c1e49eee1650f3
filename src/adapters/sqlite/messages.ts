// Messages as they are now: their entries, and what later entries made of them.
import type { HistoryWhere, Message } from '../../ports/store.ts'
import type { Entry } from '../../protocol/entry.ts'
import { seqOf } from '../../protocol/ids.ts'
import type { Core } from './core.ts'
import { decode } from './encoding.ts'
import { tailFrom } from './entries.ts'
import { isTaken } from './line.ts'
import type { Row } from './reading.ts'
import type { RoomLog } from './rooms.ts'
import { endOf, filterOf, isNewsTo, isRestricted, isThere, mayBeFor, placeIn, senderHash } from './runs.ts'

const WITHIN = 'log = ? AND seq >= ? AND seq <= ?'
const OVERLAYS = `SELECT seq, touched, version, edited_at, deleted, body FROM messages WHERE ${WITHIN}`
const EDITS = `SELECT seq, edit FROM edits WHERE ${WITHIN} ORDER BY edit`
const REACTIONS = `SELECT seq, emoji, user_id FROM reactions WHERE ${WITHIN} ORDER BY reaction`

/** So many entries for each that is wanted. */
const APART = 64

interface Overlay {
  row?: Row
  edits?: number[]
  reactions?: Map<string, string[]>
}

export function messagesOf({ reading, entries, clock }: Core) {
  /** What was made of the messages between two numbers; most were left as they are. */
  function overlays({ log }: RoomLog, from: number, to: number): Map<number, Overlay> {
    const found = new Map<number, Overlay>()
    const of = (seq: number) => {
      const overlay = found.get(seq) ?? {}
      found.set(seq, overlay)
      return overlay
    }
    for (const row of reading.rows(OVERLAYS, log, from, to)) of(row[0] as number).row = row
    for (const [seq, edit] of reading.rows(EDITS, log, from, to)) {
      const overlay = of(seq as number)
      overlay.edits = [...(overlay.edits ?? []), edit as number]
    }
    for (const [seq, emoji, user_id] of reading.rows(REACTIONS, log, from, to)) {
      const overlay = of(seq as number)
      overlay.reactions ??= new Map()
      const users = overlay.reactions.get(emoji as string)
      if (users) users.push(user_id as string)
      else overlay.reactions.set(emoji as string, [user_id as string])
    }
    return found
  }

  function messages(room: RoomLog, found: readonly Entry[]): Message[] {
    const [first, last] = [found[0], found.at(-1)]
    if (!first || !last) return []
    // where much was passed over between them, what was made of that is not theirs
    const apart = last.seq - first.seq > APART * found.length
    const whole = apart ? new Map<number, Overlay>() : overlays(room, first.seq, last.seq)
    const made = apart ? ({ seq }: Entry) => overlays(room, seq, seq).get(seq) : ({ seq }: Entry) => whole.get(seq)
    return found.map((entry) => messageOf(entry, made(entry) ?? {}, clock.now()))
  }

  function unreadInRuns(room: RoomLog, { user_id, after_seq, most }: Unread): number {
    const [sender, filter] = [senderHash(user_id), filterOf(user_id)]
    const isForThem = (n: number) => {
      const lined = entries.nth(room, n)
      return lined !== undefined && isNews(lined.entry, user_id)
    }
    let count = 0
    for (const run of entries.runs(room, Math.max(after_seq + 1, room.tailSeq), tailFrom(room) - 1))
      for (let seq = Math.max(after_seq + 1, room.tailSeq, run.first); seq <= endOf(run); seq++) {
        if (count >= most) return count
        const { n, word } = placeIn(run, seq)
        const news = isRestricted(word)
          ? isThere(word) && mayBeFor(word, filter) && isForThem(n)
          : isNewsTo(word, sender)
        if (news) count++
      }
    return count
  }

  return {
    one(room: RoomLog, message_id: string): Message | undefined {
      const entry = entries.at(room, seqOf(message_id))
      if (entry?.id !== message_id || entry.action !== 'message_new') return undefined
      return messages(room, [entry])[0]
    },

    history(room: RoomLog, { before_seq, after_seq, limit, for: reader }: HistoryWhere): Message[] {
      const to = Math.min(room.committed, (before_seq ?? Number.POSITIVE_INFINITY) - 1)
      const wanted = { from: (after_seq ?? 0) + 1, to, limit, reader, messagesOnly: true }
      return reading.within(() =>
        messages(room, after_seq === undefined ? entries.last(room, wanted) : entries.first(room, wanted)),
      )
    },

    unread(room: RoomLog, unread: Unread): number {
      const { user_id, after_seq, most } = unread
      const count = after_seq + 1 < tailFrom(room) ? reading.within(() => unreadInRuns(room, unread)) : 0
      const fresh = room.tail.filter(({ entry }) => entry.seq > after_seq && entry.seq <= room.committed)
      return Math.min(most, count + fresh.filter(({ entry }) => isNews(entry, user_id)).length)
    },
  }
}

interface Unread {
  readonly user_id: string
  readonly after_seq: number
  readonly most: number
}

function isNews(entry: Entry, user_id: string): boolean {
  const { action, kept, audience } = entry
  if (action !== 'message_new' || isTaken(entry)) return false
  return (kept as { sender_id?: unknown } | null)?.sender_id !== user_id && (audience?.includes(user_id) ?? true)
}

function messageOf(entry: Entry, { row, edits = [], reactions = new Map() }: Overlay, now: number): Message {
  const [, touched = 0, version = 1, edited_at = null, deleted = 0, body = null] = row ?? []
  const gone = deleted === 1 || entry.redacted_at !== undefined || (entry.expires_at ?? Number.POSITIVE_INFINITY) <= now
  const edited = edited_at === null ? entry.body : body === null ? undefined : decode(body as Uint8Array)
  return {
    entry,
    body: gone ? undefined : edited,
    version: version as number,
    edited_at: (edited_at as number | null) ?? undefined,
    reactions,
    edits,
    touched: Math.max(entry.seq, touched as number),
  }
}
