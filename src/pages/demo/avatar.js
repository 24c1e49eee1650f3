/** A round sign for a person or a room: the same one always has the same colour. */
import { make } from './dom.js'
import { icon } from './icon.js'

const TONES = 8

function toneOf(name) {
  let mixed = 0x811c9dc5
  for (const letter of name) mixed = Math.imul(mixed ^ letter.codePointAt(0), 0x01000193)
  return (mixed >>> 16) % TONES
}

const initials = (name) => {
  const words = name.split(/[\s._-]+/).filter(Boolean)
  const letters = words.length > 1 ? [words[0], words.at(-1)].map((word) => [...word][0]) : [...name].slice(0, 1)
  return letters.join('').toUpperCase()
}

/** @param {string} name @param {string} [status] as how they are seen, where that is known */
export const person = (name, status) =>
  make('span.avatar', { 'aria-hidden': 'true', 'data-tone': toneOf(name), 'data-status': status }, initials(name))

export const roomSign = (room, title, status) =>
  room.kind === 'direct'
    ? person(title, status)
    : make(
        'span.avatar.square',
        { 'aria-hidden': 'true', 'data-tone': toneOf(room.room_id) },
        icon(room.kind === 'channel' ? 'channel' : 'people'),
      )
