/** What a room is called on this page. */

/** With whom one talks, where it is one person. @param {import('./book.js').Room} room */
export const partnerOf = (room, me) =>
  room.kind === 'direct' ? [...room.members.keys()].find((user) => user !== me) : undefined

/** @param {import('./book.js').Room} room */
export function titleOf(room, me) {
  if (room.kind !== 'direct') return room.name || 'Unnamed room'
  return partnerOf(room, me) ?? room.name ?? 'Direct conversation'
}

export function subtitleOf(room) {
  if (room.kind === 'direct') return 'Direct conversation'
  const kind = room.kind === 'channel' ? 'Channel' : `${room.visibility === 'private' ? 'Private' : 'Open'} group`
  const { size } = room.members
  return size > 0 ? `${kind} · ${size === 1 ? '1 member' : `${size} members`}` : kind
}

/** A message in a few words, as a list or a quotation shows it. */
export function gist({ content }) {
  if (!content) return 'Message deleted'
  if (content.text) return content.text
  return content.type === 'image' ? 'Picture' : 'Attachment'
}
