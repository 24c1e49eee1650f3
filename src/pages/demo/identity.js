/** Who one is in this tab, and the token that says so. Kept per tab, so that two tabs can be two people. */

const KEPT = 'parley.identity'

/**
 * @typedef {{ user: string, tenant: string, token?: string }} Kept what is remembered; the token only where it was pasted
 * @typedef {{ user: string, tenant: string, device: string, token(): Promise<string>, renew(): boolean }} Identity
 */

/** @returns {Kept | undefined} */
export function remembered() {
  const kept = sessionStorage.getItem(KEPT)
  return kept ? JSON.parse(kept) : undefined
}

/** @param {Kept} kept */
export const remember = (kept) => sessionStorage.setItem(KEPT, JSON.stringify(kept))

export const forget = () => sessionStorage.removeItem(KEPT)

/** @param {Kept} kept @returns {Identity} */
export function identity({ user, tenant, token: pasted }) {
  /** @type {Promise<string> | undefined} */
  let asked

  /** A token is asked for once, and again only after `renew`; an answer that did not come is not kept. */
  function token() {
    if (pasted) return Promise.resolve(pasted)
    asked ??= ask(user, tenant).catch((error) => {
      asked = undefined
      throw error
    })
    return asked
  }

  return {
    user,
    tenant,
    device: deviceId(),
    token,
    /** Whether another token can be had: a pasted one is all there is. */
    renew() {
      asked = undefined
      return !pasted
    },
  }
}

async function ask(user, tenant) {
  const query = new URLSearchParams({ user_id: user, tenant_id: tenant })
  const answer = await fetch(`/dev/token?${query}`, { cache: 'no-store' })
  const body = await answer.json().catch(() => ({}))
  if (answer.ok) return body.token
  throw Object.assign(new Error(body.error?.message ?? 'No token was given.'), {
    refused: answer.status < 500,
    ...body.error,
  })
}

/** What a token says of its owner, unchecked: only to show a name before the service has answered. */
export function claims(token) {
  const [, payload = ''] = token.trim().split('.')
  const bytes = Uint8Array.from(atob(payload.replace(/-/g, '+').replace(/_/g, '/')), (one) => one.charCodeAt(0))
  return JSON.parse(new TextDecoder().decode(bytes))
}

function deviceId() {
  const kept = localStorage.getItem('parley.device')
  if (kept) return kept
  const made = `browser-${[...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(36)).join('')}`
  localStorage.setItem('parley.device', made)
  return made
}
