/** Who has got what, and who has read it: tells the service of oneself, and hears of the others. */

const DELIVERED_MS = 800
const READ_MS = 200
const MEMBER_PAGES = 5

export function receipts({ book, client, me }) {
  /** @type {Map<string, Set<string>>} */
  const planned = new Map()

  /** Receipts are cumulative: of many in a short while only the last is told. */
  function soon(action, room, ms, tell) {
    const waiting = planned.get(action) ?? new Set()
    planned.set(action, waiting)
    if (waiting.has(room.room_id)) return
    waiting.add(room.room_id)
    setTimeout(() => {
      waiting.delete(room.room_id)
      // the next one says it too, so that a lost one does no harm
      tell().catch((refusal) => console.info(`${action}:`, refusal.message))
    }, ms)
  }

  function delivered(room) {
    if (room.seq <= room.delivered_seq) return
    soon('message:delivered', room, DELIVERED_MS, async () => {
      const { delivered_seq } = await client.request('message:delivered', { room_id: room.room_id, seq: room.seq })
      room.delivered_seq = Math.max(room.delivered_seq, delivered_seq)
    })
  }

  function read(room) {
    const last = room.messages.at(-1)
    if (!last || last.seq <= room.read_seq) return
    soon('message:read', room, READ_MS, async () => {
      const { read_seq } = await client.request('message:read', {
        room_id: room.room_id,
        seq: room.messages.at(-1).seq,
      })
      room.read_seq = Math.max(room.read_seq, read_seq)
      room.delivered_seq = Math.max(room.delivered_seq, read_seq)
      book.changed(room.room_id)
    })
  }

  function heard({ room_id, receipts, ...receipt }) {
    const room = book.rooms.get(room_id)
    if (!room) return
    for (const one of receipts ?? [receipt]) note(room, one)
    book.changed(room_id)
  }

  function note(room, { user_id, read_seq = 0, delivered_seq = 0 }) {
    const member = room.members.get(user_id)
    for (const one of user_id === me ? [room, member] : [member]) {
      if (!one) continue
      one.read_seq = Math.max(one.read_seq, read_seq)
      one.delivered_seq = Math.max(one.delivered_seq, delivered_seq, read_seq)
    }
  }

  /** Who is in the room, and how far each has come; of a very large one only the first. */
  async function members(room) {
    let cursor
    for (let page = 0; page < MEMBER_PAGES; page++) {
      const asked = { room_id: room.room_id, cursor, limit: 200 }
      const answer = await client.request('room:members', asked, { timeoutMs: undefined })
      for (const member of answer.members)
        room.members.set(member.user_id, { read_seq: 0, delivered_seq: 0, ...member })
      cursor = answer.next_cursor
      if (!cursor) break
    }
    book.changed(room.room_id)
  }

  return { delivered, read, heard, members }
}

/**
 * How far a message of one's own has come: as far as with the last of those it was for.
 * @param {import('./book.js').Room} room
 * @param {import('./book.js').Message} message
 */
export function tick(room, message) {
  const others = [...room.members.values()].filter(
    ({ user_id, joined_at = 0 }) => user_id !== message.sender_id && joined_at <= message.created_at,
  )
  const read = others.filter(({ read_seq }) => read_seq >= message.seq).length
  const got = others.filter(({ read_seq, delivered_seq }) => Math.max(read_seq, delivered_seq) >= message.seq).length
  if (others.length === 0 || got === 0) return { state: 'sent', words: 'Sent' }
  const of = others.length > 1 ? ` (${read} of ${others.length})` : ''
  if (read === others.length) return { state: 'read', words: `Read${of}` }
  if (got === others.length) return { state: 'delivered', words: `Delivered; read by ${read} of ${others.length}` }
  return { state: 'sent', words: `Sent; delivered to ${got} of ${others.length}` }
}
