/** Asks who one is: by name where the service makes tokens for development, by a token elsewhere. */
import { byId } from './dom.js'
import { claims, remember } from './identity.js'

const words = {
  named: 'A small chat on your own service. Pick a name; open a second window to be someone else.',
  token: 'Paste a token that your service accepts.',
}

/** @param {{ development: boolean, suggested?: {user?: string, tenant?: string}, refused?: string }} parts */
export function askWho({ development, suggested = {}, refused }) {
  const screen = byId('sign-in')
  const form = screen.querySelector('form')
  const { user, tenant, token } = form.elements
  byId('sign-in-lead').textContent = development ? words.named : words.token
  byId('sign-in-named').hidden = !development
  byId('sign-in-token').hidden = development
  user.required = tenant.required = development
  token.required = !development
  user.value = suggested.user ?? ''
  tenant.value = suggested.tenant ?? 'demo'
  showRefused(refused)
  screen.hidden = false
  ;(development ? user : token).focus()

  return new Promise((signedIn) => {
    form.onsubmit = (event) => {
      event.preventDefault()
      const who = development ? { user: user.value.trim(), tenant: tenant.value.trim() } : ownerOf(token.value.trim())
      if (!who) return showRefused('This is not a token: it should have three parts with dots between them.')
      remember(who)
      screen.hidden = true
      signedIn(who)
    }
  })
}

function showRefused(why = '') {
  byId('sign-in-refused').textContent = why
  byId('sign-in-refused').hidden = !why
}

/** The names are only shown; the service reads the token for itself. */
function ownerOf(token) {
  try {
    const { sub = 'me', tenant_id = '' } = claims(token)
    return { user: String(sub), tenant: String(tenant_id), token }
  } catch {
    return undefined // what cannot be read is told to whoever pasted it
  }
}
