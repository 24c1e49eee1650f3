/** Takes in what a room's log says. The client tells each entry once, in order, with none missing. */

/**
 * What each entry does to a room.
 * @type {Record<string, (told: {room: import('./book.js').Room, data: any, at: number, book: any}) => void>}
 */
const effects = {
  message_new({ room, data, book }) {
    book.place(room, data.message)
    room.updated_at = data.message.created_at
  },
  message_updated({ room, data, book }) {
    if (book.find(room, data.message.message_id)) book.place(room, data.message)
  },
  message_deleted({ room, data, at, book }) {
    const message = book.find(room, data.message_id)
    if (message) Object.assign(message, { content: null, deleted_at: at })
  },
  message_reaction({ room, data: { message_id, user_id, emoji, op }, book }) {
    const message = book.find(room, message_id)
    if (!message) return
    const { [emoji]: before = [], ...others } = message.reactions ?? {}
    const after = before.filter((one) => one !== user_id)
    if (op === 'add') after.push(user_id)
    message.reactions = after.length > 0 ? { ...others, [emoji]: after } : others
  },
  room_updated({ room, data, at }) {
    const { name, kind, visibility, created_by } = data.room
    if (data.seq === 1) note(room, data.seq, at, `${created_by} made this ${kind === 'direct' ? 'conversation' : kind}`)
    if (data.seq > 1 && name && name !== room.name) note(room, data.seq, at, `This ${kind} is now called “${name}”`)
    Object.assign(room, { name: name || room.name, kind, visibility, created_by })
  },
  room_member_joined({ room, data: { user_id, role, seq }, at }) {
    if (!room.members.has(user_id)) note(room, seq, at, `${user_id} joined`)
    room.members.set(user_id, { user_id, role, read_seq: 0, delivered_seq: 0, joined_at: at })
  },
  room_member_left({ room, data: { user_id, reason, seq }, at }) {
    room.members.delete(user_id)
    note(room, seq, at, `${user_id} ${reason === 'kicked' ? 'was removed' : 'left'}`)
  },
}

const note = (room, seq, at, text) => room.notes.push({ seq, at, text })

/** Where a page holds nothing that is for us, one looks so much further back. */
const STEP = 10
/** For as long as it takes, with a connection or without. */
const PATIENTLY = { timeoutMs: undefined }

export function roomLog({ book, client, took }) {
  client.onAny((action, data, { type, timestamp }) => {
    const room = type === 'message' ? book.rooms.get(data.room_id) : undefined
    if (!room || data.seq <= room.seq) return // one came in after it
    room.seq = data.seq
    effects[action]?.({ room, data, at: timestamp, book })
    took(room, action, data)
    book.changed(room.room_id)
  })

  return {
    enter: (info) => book.attach(info),
    leave: book.drop,
    /** The log does not go on from where one stands: what one has of it is asked for anew. */
    restart: ({ room_id, seq }) => book.restart(room_id, seq),
    async join(room_id) {
      const { room, attach_seq, read_seq } = await client.request('room:join', { room_id })
      return book.attach({ ...room, updated_at: undefined, attach_seq, read_seq })
    },
    /** As many as fit on a page of what was said before what one has. */
    async older(room, limit = 40) {
      const { room_id, messages: list } = room
      const before = { room_id, before_seq: room.from, limit }
      const { messages, has_more } = await client.request('message:history', before, PATIENTLY)
      if (room.messages !== list) return // it was begun anew meanwhile
      for (const message of messages) book.place(room, message)
      // a page can be empty and not the last: what was on it was for others
      room.from = Math.max(1, messages.length > 0 ? room.messages[0].seq : room.from - STEP)
      room.hasOlder = has_more && room.from > 1
      room.looked = true
      book.changed(room_id)
    },
  }
}
