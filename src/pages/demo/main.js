/** Puts the page together: who one is, the connection, what is known of the rooms, and the two panes that show it. */
import { roomBook } from './book.js'
import { conversation } from './conversation.js'
import { byId, make } from './dom.js'
import { icon } from './icon.js'
import { forget, identity, remember, remembered } from './identity.js'
import { roomLog } from './log.js'
import { newRoom } from './new-room.js'
import { attempt, showConnection } from './notices.js'
import { outbox } from './outbox.js'
import { receipts } from './receipts.js'
import { roomList } from './room-list.js'
import { openSession } from './session.js'
import { askWho } from './sign-in.js'
import { syncing } from './sync.js'

const REFUSED = 'parley.refused'

const service = await (await fetch('/demo/service.json')).json()
const asked = new URLSearchParams(location.search)
const named =
  service.development && asked.get('user')
    ? { user: asked.get('user'), tenant: asked.get('tenant') ?? 'demo' }
    : undefined
const refused = sessionStorage.getItem(REFUSED) ?? undefined
sessionStorage.removeItem(REFUSED)

const who = refused ? undefined : (named ?? remembered())
if (who) remember(who)
begin(who ?? (await askWho({ development: service.development, suggested: named ?? remembered(), refused })))

function begin({ user, tenant, token }) {
  const changes = new Set()
  const book = roomBook(changed)
  const session = openSession({
    socketPath: service.socket_path,
    identity: identity({ user, tenant, token }),
    positions: book.positions,
    heard(action, data, at) {
      if (action === 'authenticated') known(data)
      sync.heard(action, data, at)
    },
    turned,
  })
  const told = receipts({ book, session, me: user })
  const log = roomLog({ book, session, took: (...entry) => sync.took(...entry) })
  const sending = outbox({ session, owner: `${tenant}/${user}`, changed })
  const sync = syncing({ book, session, log, receipts: told, outbox: sending, me: user })
  const talk = conversation({ book, session, log, outbox: sending, receipts: told, me: user })
  const list = roomList({ book, log, outbox: sending, me: { user, tenant }, isOpen: (room) => room === talk.room })

  /** However much comes at once, the panes are drawn once. */
  function changed(room_id) {
    if (changes.size === 0) queueMicrotask(draw)
    changes.add(room_id)
  }

  function draw() {
    const drawn = [...changes]
    changes.clear()
    list()
    if (!talk.room && opened() && drawn.includes(opened())) talk.open(opened())
    for (const room_id of drawn) talk.render(room_id)
  }

  function turned(state, refusal) {
    showConnection(state)
    if (state === 'over') startOver(refusal.message)
    if (state === 'online') sending.start()
  }

  /** The service reads a token its own way: whom it sees in it, one is. */
  function known({ user_id, tenant_id }) {
    if (!token || (user_id === user && tenant_id === tenant)) return
    remember({ user: user_id, tenant: tenant_id, token })
    location.reload()
  }

  const opened = () => decodeURIComponent(location.hash.slice(1))

  function navigate() {
    byId('app').dataset.pane = opened() ? 'conversation' : 'rooms'
    talk.open(opened())
    list()
  }

  byId('new-room').append(icon('compose'))
  byId('new-room').addEventListener('click', () => newRoom({ session, log, book }))
  byId('sign-out').append(icon('leave'))
  byId('sign-out').addEventListener('click', () => startOver(''))
  byId('no-rooms').replaceChildren(
    make('h2', {}, 'No conversations yet'),
    make('p', {}, 'Begin one with a person, make a group, or join an open room.'),
    make('button.primary', { type: 'button', onclick: () => newRoom({ session, log, book }) }, 'New conversation'),
  )
  addEventListener('hashchange', navigate)
  byId('app').hidden = false
  showConnection('connecting')
  sync.ready.then(() => attempt(navigate))
}

/** From a clean page: nothing of one person is left for the next. */
function startOver(why) {
  if (why) sessionStorage.setItem(REFUSED, why)
  else forget()
  location.replace('/')
}
