/** Oneself: the name, how one is seen and wants to be seen, and how well the connection gets through. */
import { person } from './avatar.js'
import { byId, make } from './dom.js'
import { openMenu } from './menu.js'
import { attempt } from './notices.js'
import { statuses } from './words.js'

const qualities = { good: '', fair: 'slow connection', poor: 'poor connection' }

/** @param {{ client: import('../../client/client.ts').Client, people: any, me: {user: string, tenant: string} }} parts */
export function ownSign({ client, people, me }) {
  const { user, tenant } = me
  let quality = 'good'
  let print = ''

  client.on('authenticated', () => judge('good'))
  client.on('connection_quality', (told) => judge(told.quality))

  function judge(next) {
    quality = next
    show()
  }

  const choices = () =>
    Object.entries({ ...statuses, offline: 'Invisible' }).map(([status, words]) => ({
      icon: status,
      words,
      status,
      chosen: people.of(user)?.status === status,
      run: () => attempt(() => client.presence.set({ status })),
    }))

  function show() {
    const status = people.of(user)?.status
    const more = [tenant, qualities[quality]].filter(Boolean).join(' · ')
    if (print === `${status} ${more}`) return
    print = `${status} ${more}`
    const named = make('span.who', {}, make('strong', {}, user), make('small', {}, more))
    const label = `${user}, ${tenant}. Your status: ${statuses[status] ?? 'unknown'}. Change it`
    const onclick = ({ currentTarget }) =>
      openMenu(currentTarget, { reactions: false, items: choices(), label: 'Your status' })
    const props = { type: 'button', 'aria-haspopup': 'menu', 'aria-label': label, title: 'Your status', onclick }
    byId('me').replaceChildren(make('button.own', props, person(user, status), named))
  }

  show()
  return show
}
