/** Puts the page together: who one is, the client, what is known of the rooms, and the two panes that show it. */
import { browserStorage, parley } from '../client/client.ts'
import { roomBook } from './book.js'
import { conversation } from './conversation.js'
import { byId, make } from './dom.js'
import { icon } from './icon.js'
import { deviceId, forget, remember, remembered, tokenOf } from './identity.js'
import { roomLog } from './log.js'
import { ownSign } from './me.js'
import { newRoom } from './new-room.js'
import { attempt, showConnection } from './notices.js'
import { outbox } from './outbox.js'
import { people } from './people.js'
import { receipts } from './receipts.js'
import { roomList } from './room-list.js'
import { askWho } from './sign-in.js'
import { syncing } from './sync.js'
import { explain } from './words.js'

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
  const client = parley(location.origin, {
    token: tokenOf({ user, tenant, token }),
    device_id: deviceId(),
    device_name: 'Demo page',
    platform: 'web',
    storage: browserStorage(`${tenant}/${user}`),
    resume: false, // what was said before is fetched, and not kept here
    socket: { path: service.socket_path },
  })
  const told = receipts({ book, client, me: user })
  const others = people({ book, client, me: user })
  const log = roomLog({ book, client, took: (...entry) => sync.took(...entry) })
  const sending = outbox({ client, book, changed })
  const parts = { book, client, log, outbox: sending, receipts: told, people: others }
  const sync = syncing({ ...parts, me: user })
  const talk = conversation({ ...parts, me: user })
  const list = roomList({ ...parts, me: { user, tenant }, isOpen: (room) => room === talk.room })
  const own = ownSign({ client, people: others, me: { user, tenant } })

  /** However much comes at once, the panes are drawn once. */
  function changed(room_id) {
    if (changes.size === 0) queueMicrotask(draw)
    changes.add(room_id)
  }

  function draw() {
    const drawn = [...changes]
    changes.clear()
    list()
    own()
    if (!talk.room && opened() && drawn.includes(opened())) talk.open(opened())
    for (const room_id of drawn) talk.render(room_id)
  }

  client.on('authenticated', known)
  client.onState((state) => {
    showConnection(state)
    if (state === 'closed') startOver(leaving ? '' : explain(client.refusal))
  })

  let leaving = false
  function signOut() {
    leaving = true
    void client.close()
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
  byId('new-room').addEventListener('click', () => newRoom(parts))
  byId('sign-out').append(icon('leave'))
  byId('sign-out').addEventListener('click', signOut)
  byId('no-rooms').replaceChildren(
    make('h2', {}, 'No conversations yet'),
    make('p', {}, 'Begin one with a person, make a group, or join an open room.'),
    make('button.primary', { type: 'button', onclick: () => newRoom(parts) }, 'New conversation'),
  )
  addEventListener('hashchange', navigate)
  byId('app').hidden = false
  showConnection(client.state)
  sync.ready.then(() => attempt(navigate))
}

/** From a clean page: nothing of one person is left for the next. */
function startOver(why) {
  if (why) sessionStorage.setItem(REFUSED, why)
  else forget()
  location.replace('/')
}
