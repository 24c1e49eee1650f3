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
 * @property {string} epoch
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
 * @property {Map<number, {action: string, data: any}>} ahead entries that came before others that are missing
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
      ...blank(info),
      room_id: info.room_id,
    }
    rooms.set(room.room_id, room)
    invitations.delete(room.room_id)
    return room
  }

  const blank = ({ epoch, attach_seq }) => ({
    epoch,
    seq: attach_seq,
    messages: [],
    notes: [],
    from: attach_seq + 1,
    hasOlder: attach_seq > 0,
    looked: false,
    ahead: new Map(),
  })

  /**
   * Takes in where a room's live stream begins. What one has of it stays, unless its numbers mean something else now.
   * @returns {{ room: Room, behind: boolean, anew: boolean }}
   */
  function attach(info) {
    const room = rooms.get(info.room_id) ?? begin(info)
    const anew = room.epoch !== info.epoch
    if (anew) Object.assign(room, blank(info))
    Object.assign(room, known(info))
    if (info.unread !== undefined) room.counted = { unread: info.unread, seq: info.attach_seq }
    changed(room.room_id)
    return { room, behind: room.seq < info.attach_seq, anew }
  }

  /** Forgets what was said in a room, as if one came new. */
  function restart(room, info) {
    Object.assign(room, blank(info))
    return attach({ room_id: room.room_id, ...info })
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
    /** One's places in these logs are no good any more: they are taken anew at the next return. */
    unsettle(room_id) {
      for (const room of rooms.values()) if (!room_id || room.room_id === room_id) room.epoch = ''
    },
    drop(room_id) {
      rooms.delete(room_id)
      changed(room_id)
    },
    /** What a returning connection says it has: of the rooms that were most lately spoken in, as many as it may. */
    positions() {
      const lately = [...rooms.values()]
        .filter(({ epoch }) => epoch)
        .sort((one, other) => other.updated_at - one.updated_at)
        .slice(0, 100)
      return Object.fromEntries(lately.map(({ room_id, epoch, seq }) => [room_id, { epoch, seq }]))
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
