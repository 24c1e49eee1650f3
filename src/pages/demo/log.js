/** Takes in what a room's log says: each entry once, in order. What is missing is asked for before what follows it is shown. */

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

const PAGE = 100
/** Where a page did not come through, a smaller one may: the network is slow, or there are many pictures on it. */
const SMALL_PAGE = 10

export function roomLog({ book, session, took }) {
  const catching = new Set()
  const learning = new Set()
  const left = new Set()

  /** The next entry of the log, and those that waited for it. */
  function take(room, action, data, at) {
    if (data.seq <= room.seq) return
    if (data.seq > room.seq + 1) return room.ahead.set(data.seq, { action, data, at })
    room.seq = data.seq
    effects[action]?.({ room, data, at, book })
    took(room, action, data)
    const next = room.ahead.get(room.seq + 1)
    for (const seq of room.ahead.keys()) if (seq <= room.seq + 1) room.ahead.delete(seq)
    if (next) take(room, next.action, next.data, next.at)
  }

  /** Asks for what is missing, until nothing is. */
  async function catchUp(room) {
    if (catching.has(room)) return
    catching.add(room)
    try {
      while (await nextPage(room));
    } catch (refusal) {
      if (['not_found', 'forbidden'].includes(refusal.code)) leave(room.room_id)
    } finally {
      catching.delete(room)
    }
  }

  async function nextPage(room) {
    const { room_id } = room
    const limit = (again) => (again ? SMALL_PAGE : PAGE)
    const after = (again) => ({ rooms: [{ room_id, epoch: room.epoch, after_seq: room.seq }], limit: limit(again) })
    const { rooms } = await session.command('message:sync', after)
    const from = room.seq
    const [answer] = rooms
    if (!answer || answer.reset) return startAnew(room)
    for (const { payload, timestamp } of answer.events) take(room, payload.action, payload.data, timestamp)
    book.changed(room_id)
    const wanting = answer.has_more || room.ahead.size > 0
    return wanting && room.seq === from ? startAnew(room) : wanting
  }

  /** The log no longer continues from where one stands. */
  async function startAnew(room) {
    book.restart(room, await join(room.room_id))
    took(room, 'restarted', {})
    return false
  }

  async function join(room_id) {
    const { room, epoch, attach_seq, read_seq } = await session.command('room:join', { room_id })
    return { ...room, updated_at: undefined, epoch, attach_seq, read_seq }
  }

  /** Something was said in a room that one was not told of. */
  async function learn(room_id) {
    if (learning.has(room_id) || left.has(room_id)) return
    learning.add(room_id)
    try {
      enter(await join(room_id))
    } finally {
      learning.delete(room_id)
    }
  }

  function enter(info) {
    left.delete(info.room_id)
    const { room, behind, anew } = book.attach(info)
    if (behind) void catchUp(room)
    if (anew) took(room, 'restarted', {})
    return room
  }

  function leave(room_id) {
    left.add(room_id)
    book.drop(room_id)
  }

  return {
    enter,
    leave,
    async join(room_id) {
      return enter(await join(room_id))
    },
    /** @param {string} action @param {any} data an entry of a room's log, live */
    hear(action, data, at) {
      const room = book.rooms.get(data.room_id)
      if (!room) return void learn(data.room_id).catch(() => left.add(data.room_id))
      take(room, action, data, at)
      if (room.ahead.size > 0) void catchUp(room)
      book.changed(room.room_id)
    },
    /** As many as fit on a page of what was said before what one has. */
    async older(room, limit = 40) {
      const { room_id, messages: list } = room
      const before = (again) => ({ room_id, before_seq: room.from, limit: again ? SMALL_PAGE : limit })
      const { messages, has_more } = await session.command('message:history', before)
      if (room.messages !== list) return // it was begun anew meanwhile
      for (const message of messages) book.place(room, message)
      // a page can be empty and not the last: what was on it was for others
      room.from = Math.max(1, messages.length > 0 ? room.messages[0].seq : room.from - SMALL_PAGE)
      room.hasOlder = has_more && room.from > 1
      room.looked = true
      book.changed(room_id)
    },
  }
}
