/** Times, counts and refusals, in words. */

const hour = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short' })
const date = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const longDate = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' })
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

const DAY_MS = 86_400_000

const daysAgo = (at, now) =>
  Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / DAY_MS)

export const clockTime = (at) => hour.format(at)
export const exactTime = (at) => full.format(at)
export const sameDay = (one, other) => daysAgo(one, other) === 0

/** In a list: as short as it can be and still be right. */
export function shortTime(at, now = Date.now()) {
  const days = daysAgo(at, now)
  if (days <= 0) return clockTime(at)
  return days < 7 ? weekday.format(at) : date.format(at)
}

export function dayName(at, now = Date.now()) {
  const days = daysAgo(at, now)
  if (days > 1 || days < 0) return longDate.format(at)
  const words = relative.format(-days, 'day')
  return words[0].toUpperCase() + words.slice(1)
}

export const count = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`

export const statuses = { online: 'Online', away: 'Away', dnd: 'Do not disturb', offline: 'Offline' }

/** How someone is: what they say of themselves, else since when they are away. */
export function statusWords({ status, text, emoji, last_active_at }) {
  const said = [emoji, text].filter(Boolean).join(' ')
  if (said) return `${statuses[status]} · ${said}`
  if (status === 'offline' && last_active_at) return `Last here ${shortTime(last_active_at)}`
  return statuses[status]
}

/** @param {string[]} typers some of them @param {number} all how many there are */
export function typingWords(typers, all) {
  const names = typers.slice(0, 2)
  const rest = all - names.length
  if (rest > 0) return `${[...names, count(rest, 'other')].join(', ')} are typing…`
  return `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} typing…`
}

const refusals = {
  forbidden: 'You may not do that here.',
  not_found: 'There is no such room or message, or it is not open to you.',
  conflict: 'Someone was faster. Look again, and try once more.',
  rate_limited: 'That was a bit fast. Wait a moment, and try again.',
  payload_too_large: 'That is too large to send.',
  unavailable: 'The service cannot take this right now.',
  timeout: 'The service did not answer in time.',
  internal: 'Something failed on the service’s side.',
  unauthenticated: 'The service does not accept this sign-in.',
  token_expired: 'This sign-in has run out.',
  session_revoked: 'This sign-in was ended from elsewhere.',
  too_many_devices: 'You are signed in on too many devices.',
}

/** @param {{code?: string, message?: string}} refusal */
export function explain({ code, message }) {
  return refusals[code] ?? message ?? 'That did not work.'
}
