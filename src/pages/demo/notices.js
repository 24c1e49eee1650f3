/** What the page has to say for itself: how the connection is, and what went wrong. */
import { byId, make } from './dom.js'

const SHOWN_MS = 6000
const PATIENCE_MS = 400

const banners = {
  connecting: 'Connecting…',
  away: 'No connection. What you write is kept, and sent as soon as there is one.',
  draining: 'The service is being restarted. Back in a moment.',
}

let late

/** A connection that is back at once is not worth a word. */
export function showConnection(state) {
  const banner = byId('banner')
  clearTimeout(late)
  document.documentElement.dataset.connection = state
  const words = banners[state]
  if (!words) {
    banner.hidden = true
    return
  }
  late = setTimeout(() => {
    banner.textContent = words
    banner.hidden = false
  }, PATIENCE_MS)
}

/** @param {string | Error} what */
export function notice(what) {
  const words = typeof what === 'string' ? what : what.message
  const element = make('p.notice', {}, words)
  byId('notices').append(element)
  setTimeout(() => element.remove(), SHOWN_MS)
}

/** Runs what a button stands for, and says so when it fails. */
export const attempt = (what) => Promise.resolve().then(what).catch(notice)
