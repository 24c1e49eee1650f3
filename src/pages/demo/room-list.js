/** The list of one's rooms: the most lately spoken in first, each with its last words and what is unread. */
import { roomSign } from './avatar.js'
import { byId, make, settle } from './dom.js'
import { attempt } from './notices.js'
import { gist, partnerOf, titleOf } from './title.js'
import { count, shortTime } from './words.js'

export const addressOf = (room_id) => `#${encodeURIComponent(room_id)}`

export function roomList({ book, log, outbox, people, me, isOpen }) {
  const list = byId('room-list')
  /** @type {Map<string, {element: HTMLElement, print: string}>} */
  const shown = new Map()

  function entryOf(room) {
    const last = outbox.of(room.room_id).at(-1) ?? room.messages.at(-1)
    const from = last?.sender_id === me.user || last?.client_id === undefined || last?.state ? 'You' : last?.sender_id
    return {
      room_id: room.room_id,
      kind: room.kind,
      title: titleOf(room, me.user),
      status: people.of(partnerOf(room, me.user))?.status,
      at: last?.created_at ?? last?.at ?? room.updated_at,
      words: last ? gist(last) : 'Nothing said yet',
      from: last && (from === 'You' || room.kind !== 'direct') ? from : '',
      unread: isOpen(room) ? 0 : book.unread(room, me.user),
      open: isOpen(room),
    }
  }

  function draw(entry) {
    const { room_id, title, status, at, words, from, unread } = entry
    const link = make(
      'a.room',
      { href: addressOf(room_id), 'aria-current': entry.open && 'page', 'data-room': room_id },
      roomSign(entry, title, status),
      make('span.room-title', {}, title),
      make('time', { datetime: new Date(at).toISOString() }, shortTime(at)),
      make('span.room-words', {}, from && make('span.from', {}, `${from}: `), words),
      unread > 0 &&
        make('span.badge', { 'aria-label': count(unread, 'unread message') }, unread > 99 ? '99+' : String(unread)),
    )
    return link
  }

  function elementOf(entry) {
    const print = JSON.stringify(entry)
    const known = shown.get(entry.room_id) ?? { element: make('li'), print: '' }
    if (known.print !== print) {
      const focused = known.element.contains(document.activeElement)
      const link = draw(entry)
      known.element.replaceChildren(link)
      if (focused) link.focus()
    }
    shown.set(entry.room_id, { element: known.element, print })
    return known.element
  }

  function invitation({ room_id, name, by }) {
    return make(
      'div.invitation',
      {},
      make('p', {}, make('strong', {}, by), ' invites you to ', make('strong', {}, name || 'a room')),
      make('button.primary.small', { type: 'button', onclick: () => attempt(() => accept(room_id)) }, 'Join'),
      make('button.small', { type: 'button', onclick: () => decline(room_id) }, 'Not now'),
    )
  }

  async function accept(room_id) {
    await log.join(room_id)
    location.hash = addressOf(room_id)
  }

  function decline(room_id) {
    book.invitations.delete(room_id)
    book.changed()
  }

  return function render() {
    const entries = [...book.rooms.values()].map(entryOf).sort((one, other) => other.at - one.at)
    settle(list, entries.map(elementOf))
    for (const room_id of shown.keys()) if (!book.rooms.has(room_id)) shown.delete(room_id)
    byId('invitations').replaceChildren(...[...book.invitations.values()].map(invitation))
    byId('no-rooms').hidden = entries.length > 0
    const unread = entries.reduce((sum, entry) => sum + entry.unread, 0)
    document.title = unread > 0 ? `(${unread}) Parley` : 'Parley'
  }
}
