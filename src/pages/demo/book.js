/** The rooms one is in: where one stands in each one's log, and what was said there. Nothing here knows the screen. */

/**
 * @typedef {object} Message as the service says it
 * @property {string} message_id
 * @property {string} client_id
 * @property {string} room_id
 * @property {number} seq
 * @property {string} sender_id
 * @property {{type?: string, text?: string, data?: any} | null} content
 * @property {string} [reply_to]
 * @property {any} [metadata]
 * @property {number} created_at
 * @property {number} [edited_at]
 * @property {number} [deleted_at]
 * @property {number} [expires_at]
 * @property {number} version
 * @property {Record<string, string[]>} [reactions]
 *
 * @typedef {{ seq: number, at: number, text: string }} Note something that happened, between the messages
 *
 * @typedef {object} Member
 * @property {string} user_id
 * @property {string} role
 * @property {number} read_seq
 * @property {number} delivered_seq
 * @property {number} [joined_at]
 *
 * @typedef {object} Room
 * @property {string} room_id
 * @property {'direct' | 'group' | 'channel'} kind
 * @property {string} [name]
 * @property {number} seq the last entry of the log that was taken in
 * @property {number} read_seq one's own
 * @property {number} delivered_seq one's own
 * @property {{ unread: number, seq: number }} counted how many were unread at a place in the log
 * @property {number} updated_at
 * @property {Message[]} messages in order, with none missing between the first and `seq`
 * @property {Note[]} notes
 * @property {number} from what was said before this one is not here yet
 * @property {boolean} hasOlder
 * @property {boolean} looked whether its last messages were asked for
 * @property {Map<string, Member>} members
 * @property {string[]} typers others who are writing in it; `typing` is how many
 * @property {number} typing
 * @property {string} draft
 */

const KNOWN = ['kind', 'name', 'visibility', 'created_by', 'read_seq', 'delivered_seq', 'updated_at']

const known = (info) =>
  Object.fromEntries(
    KNOWN.filter((key) => info[key] !== undefined && info[key] !== null).map((key) => [key, info[key]]),
  )

/** @param {(room_id?: string) => void} changed */
export function roomBook(changed) {
  /** @type {Map<string, Room>} */
  const rooms = new Map()
  /** @type {Map<string, {room_id: string, name?: string, kind: string, by: string}>} */
  const invitations = new Map()

  /** @returns {Room} */
  function begin(info) {
    const room = {
      kind: 'group',
      read_seq: 0,
      delivered_seq: 0,
      counted: { unread: 0, seq: info.attach_seq },
      updated_at: Date.now(),
      members: new Map(),
      draft: '',
      typers: [],
      typing: 0,
      ...blank(info.attach_seq),
      room_id: info.room_id,
    }
    rooms.set(room.room_id, room)
    invitations.delete(room.room_id)
    return room
  }

  const blank = (seq) => ({ seq, messages: [], notes: [], from: seq + 1, hasOlder: seq > 0, looked: false })

  /** Takes in what the service says of a room. Where one is in it already, what one has of it stays. @returns {Room} */
  function attach(info) {
    const room = rooms.get(info.room_id) ?? begin(info)
    Object.assign(room, known(info))
    if (info.unread !== undefined) room.counted = { unread: info.unread, seq: info.attach_seq }
    changed(room.room_id)
    return room
  }

  /** Forgets what was said in a room, as if one came new. */
  function restart(room_id, seq) {
    const room = rooms.get(room_id)
    if (!room) return undefined
    changed(room_id)
    return Object.assign(room, blank(seq))
  }

  /** Adds a message where its number puts it; one that is there already takes its new form. */
  function place(room, message) {
    const { messages } = room
    let at = messages.length
    while (at > 0 && messages[at - 1].seq > message.seq) at--
    const before = messages[at - 1]
    if (before?.message_id === message.message_id) messages[at - 1] = message
    else messages.splice(at, 0, message)
  }

  return {
    rooms,
    invitations,
    attach,
    restart,
    place,
    changed,
    drop(room_id) {
      rooms.delete(room_id)
      changed(room_id)
    },
    find: (room, message_id) => room.messages.find((message) => message.message_id === message_id),
    /** What of others one has not read: counted by the service up to a place, and here from there on. */
    unread({ counted, messages, read_seq }, me) {
      const since = Math.max(counted.seq, read_seq)
      const here = messages.filter(({ seq, sender_id, content }) => seq > since && sender_id !== me && content)
      return (read_seq >= counted.seq ? 0 : counted.unread) + here.length
    },
  }
}
