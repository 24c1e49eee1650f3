/** All that shows in a room, in order: what was said, what happened, what waits to be sent, and where a day or the unread begins. */
import { describe, describePending } from './message.js'
import { dayName, sameDay } from './words.js'

/** What one person says within so long needs no new heading. */
const RUN_MS = 5 * 60_000
const LOOK_AGAIN_MS = 60_000

/**
 * @param {object} parts
 * @param {import('./book.js').Room} parts.room
 * @param {import('./outbox.js').Pending[]} parts.pending
 * @param {string} parts.me
 * @param {(message_id: string) => import('./book.js').Message | undefined} parts.find
 * @param {number} parts.newFrom what comes after it was not read before
 */
export function linesOf({ room, pending, me, find, newFrom }) {
  const now = Date.now()
  const said = room.messages
    .filter(({ expires_at: at }) => !at || at > now)
    .map((one) => describe(one, { room, me, find }))
  const from = room.messages[0]?.seq ?? 0
  const happened = room.notes
    .filter(({ seq }) => seq >= from || !room.hasOlder)
    .map(({ seq, at, text }) => ({ key: `note ${seq}`, seq, at, note: text }))
  const waiting = pending.filter(({ client_id }) => !said.some(({ key }) => key === client_id))
  const logged = [...said, ...happened].sort((one, other) => one.seq - other.seq)
  return divided([...logged, ...waiting.map((one) => describePending(one, { me, find }))], newFrom)
}

function divided(all, newFrom) {
  const firstNew = all.find((line) => line.seq > newFrom && !line.mine && !line.note)
  return all.flatMap((line, at) => {
    const before = all[at - 1]
    const day = (!before || !sameDay(before.at, line.at)) && { key: `day of ${line.key}`, day: dayName(line.at) }
    const unread = line === firstNew && { key: 'new', unread: 'New' }
    const goesOn = !day && !unread && before.sender === line.sender && line.at - before.at < RUN_MS
    return [day, unread, { ...line, first: !goesOn }].filter(Boolean)
  })
}

/** In how many ms something shown is past its time. */
export function nextLapse({ messages }) {
  const now = Date.now()
  const times = messages.map(({ expires_at = 0 }) => expires_at - now).filter((ms) => ms > 0)
  return Math.min(LOOK_AGAIN_MS, ...times)
}
