/** Who one is in this tab, and the token that says so. Kept per tab, so that two tabs can be two people. */
import { Refusal } from '../client/client.ts'

const KEPT = 'parley.identity'

/**
 * @typedef {{ user: string, tenant: string, token?: string }} Kept what is remembered; the token only where it was pasted
 */

/** @returns {Kept | undefined} */
export function remembered() {
  const kept = sessionStorage.getItem(KEPT)
  return kept ? JSON.parse(kept) : undefined
}

/** @param {Kept} kept */
export const remember = (kept) => sessionStorage.setItem(KEPT, JSON.stringify(kept))

export const forget = () => sessionStorage.removeItem(KEPT)

/** A pasted token is all there is; another is asked for whenever one is needed. @param {Kept} kept */
export const tokenOf = ({ user, tenant, token }) => token ?? (() => ask(user, tenant))

async function ask(user, tenant) {
  const query = new URLSearchParams({ user_id: user, tenant_id: tenant })
  const answer = await fetch(`/dev/token?${query}`, { cache: 'no-store' })
  const body = await answer.json().catch(() => ({}))
  if (answer.ok) return body.token
  const error = { code: 'unauthenticated', message: 'No token was given.', ...body.error }
  throw new Refusal({ ...error, retryable: answer.status >= 500 })
}

/** What a token says of its owner, unchecked: only to show a name before the service has answered. */
export function claims(token) {
  const [, payload = ''] = token.trim().split('.')
  const bytes = Uint8Array.from(atob(payload.replace(/-/g, '+').replace(/_/g, '/')), (one) => one.charCodeAt(0))
  return JSON.parse(new TextDecoder().decode(bytes))
}

export function deviceId() {
  const kept = localStorage.getItem('parley.device')
  if (kept) return kept
  const made = `browser-${[...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(36)).join('')}`
  localStorage.setItem('parley.device', made)
  return made
}
