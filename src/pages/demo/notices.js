/** What the page has to say for itself: how the connection is, and what went wrong. */
import { byId, make } from './dom.js'
import { explain } from './words.js'

const SHOWN_MS = 6000
const PATIENCE_MS = 400

/** @type {Partial<Record<import('../../client/client.ts').State, string>>} those that are not here leave what is said */
const banners = {
  idle: 'Connecting…',
  waiting: 'No connection. What you write is kept, and sent as soon as there is one.',
  offline: 'You are offline. What you write is kept, and sent as soon as there is a network.',
  draining: 'The service is being restarted. Back in a moment.',
  ready: '',
  closed: '',
}

let late

/** A connection that is back at once is not worth a word. @param {import('../../client/client.ts').State} state */
export function showConnection(state) {
  const banner = byId('banner')
  document.documentElement.dataset.connection = state
  const words = banners[state]
  if (words === undefined) return
  clearTimeout(late)
  if (words === '') banner.hidden = true
  else late = setTimeout(() => show(banner, words), PATIENCE_MS)
}

function show(banner, words) {
  banner.textContent = words
  banner.hidden = false
}

/** @param {string | Error} what */
export function notice(what) {
  const words = typeof what === 'string' ? what : explain(what)
  const element = make('p.notice', {}, words)
  byId('notices').append(element)
  setTimeout(() => element.remove(), SHOWN_MS)
}

/** Runs what a button stands for, and says so when it fails. */
export const attempt = (what) => Promise.resolve().then(what).catch(notice)
