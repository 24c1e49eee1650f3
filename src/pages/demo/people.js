/** How others are, and who of them is writing. */
import { partnerOf } from './title.js'

/** @param {{ book: any, client: import('../../client/client.ts').Client, me: string }} parts */
export function people({ book, client, me }) {
  /** Those one looks at all the time. @type {Set<string>} */
  const watched = new Set()
  /** The room whose members are looked at. @type {string | undefined} */
  let open

  // what cannot be seen is not shown: that is no fault of the page's, and nothing to bother anyone with
  const unseen = (refusal) => console.info('presence:', refusal.message)

  function watch(user_id) {
    if (watched.has(user_id)) return
    watched.add(user_id)
    client.presence.subscribe({ user_ids: [user_id] }).catch(unseen)
  }

  client.presence.onChange(() => book.changed())
  client.on('user_typing', ({ room_id, typers, count }) => {
    const room = book.rooms.get(room_id)
    if (!room) return
    room.typers = typers.filter((user_id) => user_id !== me)
    room.typing = count - (typers.length - room.typers.length)
    book.changed(room_id)
  })
  client.onState((state) => {
    if (state !== 'waiting' && state !== 'offline') return
    for (const room of book.rooms.values()) Object.assign(room, { typers: [], typing: 0 })
  })
  watch(me)

  return {
    /** @returns {{ status: string, text?: string, emoji?: string, last_active_at: number | null } | undefined} */
    of: client.presence.of,
    /** The members of a room are known. */
    met(room) {
      const other = partnerOf(room, me)
      if (other) watch(other)
    },
    /** The members of a room are looked at for as long as it is open. */
    looksAt(room) {
      if (open) client.presence.unsubscribe({ room_id: open }).catch(unseen)
      open = room && room.kind !== 'direct' ? room.room_id : undefined
      if (open) client.presence.subscribe({ room_id: open }).catch(unseen)
    },
    /** Whoever has said something is not writing it any more. */
    wrote(room, user_id) {
      if (!room.typers.includes(user_id)) return
      room.typers = room.typers.filter((other) => other !== user_id)
      room.typing -= 1
    },
  }
}
