/** A round sign for a person or a room: the same one always has the same colour. */
import { icon, make } from './dom.js'

const TONES = 8

function toneOf(name) {
  let sum = 0
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)) % 65_521
  return sum % TONES
}

const initials = (name) => {
  const words = name.split(/[\s._-]+/).filter(Boolean)
  const letters = words.length > 1 ? [words[0], words.at(-1)].map((word) => [...word][0]) : [...name].slice(0, 1)
  return letters.join('').toUpperCase()
}

export const person = (name) =>
  make('span.avatar', { 'aria-hidden': 'true', 'data-tone': toneOf(name) }, initials(name))

export const roomSign = (room, title) =>
  room.kind === 'direct'
    ? person(title)
    : make('span.avatar.square', { 'aria-hidden': 'true', 'data-tone': toneOf(room.room_id) }, icon(room.kind === 'channel' ? 'channel' : 'people'))
