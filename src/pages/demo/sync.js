/** Brings the page up to date: what the service says at sign-in, and all that it says from then on. */
import { attempt } from './notices.js'

const LOOKED_AT_ONCE = 15
const PREVIEW = 20

export function syncing({ book, session, log, receipts, outbox, me }) {
  /** @type {Set<string>} those of one's rooms that the service has not named since the connection began */
  let unnamed = new Set()
  /** @type {() => void} */
  let begun
  const ready = new Promise((go) => {
    begun = go
  })

  async function rooms({ rooms: named, next_cursor }) {
    for (const info of named) {
      unnamed.delete(info.room_id)
      const room = log.enter(info)
      receipts.delivered(room)
    }
    if (next_cursor) return rooms(await session.command('state:sync', { cursor: next_cursor }))
    for (const room_id of unnamed) book.drop(room_id)
    unnamed.clear()
    begun()
    book.changed()
    for (const room of lately()) if (room.looked || room.kind === 'direct') await receipts.members(room)
    for (const room of lately()) if (!room.looked) await log.older(room, PREVIEW)
  }

  const lately = () =>
    [...book.rooms.values()].sort((one, other) => other.updated_at - one.updated_at).slice(0, LOOKED_AT_ONCE)

  const listeners = {
    authenticated() {
      unnamed = new Set(book.rooms.keys())
    },
    state_sync: (data) => void attempt(() => rooms(data)),
    room_joined({ room, epoch, attach_seq }) {
      const entered = log.enter({ ...room, updated_at: undefined, epoch, attach_seq })
      void attempt(() => receipts.members(entered))
    },
    room_invited(invitation) {
      book.invitations.set(invitation.room_id, invitation)
      book.changed()
    },
    room_deleted: ({ room_id }) => log.leave(room_id),
    message_receipt: receipts.heard,
    error({ code, details }) {
      if (code === 'resync_required') book.unsettle(details?.room_id)
    },
  }

  return {
    ready,
    heard(action, data, at) {
      if (typeof data.seq === 'number' && data.room_id) log.hear(action, data, at)
      listeners[action]?.(data)
    },
    /** What follows when an entry was taken in. */
    took(room, action, data) {
      if (action === 'restarted') return void attempt(() => log.older(room, PREVIEW))
      if (action === 'room_member_left' && data.user_id === me) return log.leave(room.room_id)
      if (action !== 'message_new') return
      if (data.message.sender_id === me) outbox.arrived(data.message)
      else receipts.delivered(room)
    },
  }
}
