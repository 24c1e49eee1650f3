/** Brings the page up to date: what the service says at sign-in, and all that it says from then on. */
import { attempt } from './notices.js'

const LOOKED_AT_ONCE = 15
const PREVIEW = 20

export function syncing({ book, client, log, receipts, people, outbox, me }) {
  /** @type {Set<string>} those of one's rooms that the service has not named since the connection began */
  let unnamed = new Set()
  /** @type {() => void} */
  let begun
  const ready = new Promise((go) => {
    begun = go
  })

  async function named({ rooms, next_cursor }) {
    for (const info of rooms) {
      unnamed.delete(info.room_id)
      if (info.attach_seq !== undefined) receipts.delivered(log.enter(info))
    }
    if (next_cursor) return // the client asks for the next page
    for (const room_id of unnamed) book.drop(room_id)
    unnamed.clear()
    begun()
    book.changed()
    for (const room of lately()) if (room.looked || room.kind === 'direct') await meet(room)
    for (const room of lately()) if (!room.looked) await log.older(room, PREVIEW)
  }

  async function meet(room) {
    await receipts.members(room)
    people.met(room)
  }

  const lately = () =>
    [...book.rooms.values()].sort((one, other) => other.updated_at - one.updated_at).slice(0, LOOKED_AT_ONCE)

  client.on('authenticated', () => {
    unnamed = new Set(book.rooms.keys())
  })
  client.on('state_sync', (data) => void attempt(() => named(data)))
  client.on('room_joined', ({ room, attach_seq }) => {
    const entered = log.enter({ ...room, updated_at: undefined, attach_seq })
    void attempt(() => meet(entered))
  })
  client.on('room_invited', (invitation) => {
    book.invitations.set(invitation.room_id, invitation)
    book.changed()
  })
  client.on('message_receipt', receipts.heard)
  client.onReset((at) => {
    const room = log.restart(at)
    if (room) void attempt(() => log.older(room, PREVIEW))
  })

  return {
    ready,
    /** What follows when an entry was taken in. */
    took(room, action, data) {
      if (action === 'room_deleted') return log.leave(room.room_id)
      if (action === 'room_member_left' && data.user_id === me) return log.leave(room.room_id)
      if (action !== 'message_new') return
      people.wrote(room, data.message.sender_id)
      if (data.message.sender_id === me) outbox.arrived(data.message)
      else receipts.delivered(room)
    },
  }
}
