/** Who is in a room, inviting others, and leaving. */
import { person } from './avatar.js'
import { closeDialog, openDialog } from './dialog.js'
import { make } from './dom.js'
import { attempt, notice } from './notices.js'
import { subtitleOf, titleOf } from './title.js'

export function showDetails(room, { client, log, people: seen, receipts, me }) {
  const people = make('ul.people')
  const name = make('input', {
    name: 'user',
    required: true,
    maxlength: 128,
    placeholder: 'Their name',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    'aria-label': 'Whom to invite',
  })
  const invite = make('form.row', { onsubmit: invited }, name, make('button.primary', { type: 'submit' }, 'Invite'))
  const { room_id } = room

  function showPeople() {
    const all = [...room.members.values()]
    people.replaceChildren(
      ...all.map(({ user_id, role }) =>
        make(
          'li',
          {},
          person(user_id, seen.of(user_id)?.status),
          make(
            'span.who',
            {},
            make('strong', {}, user_id === me ? `${user_id} (you)` : user_id),
            make('small', {}, role),
          ),
        ),
      ),
    )
  }

  function invited(event) {
    event.preventDefault()
    const user_id = name.value.trim()
    void attempt(async () => {
      await client.request('room:invite', { room_id, user_ids: [user_id] })
      name.value = ''
      notice(`${user_id} is invited.`)
    })
  }

  async function leave() {
    await client.request('room:leave', { room_id })
    log.leave(room_id)
    closeDialog()
    location.hash = ''
  }

  const mine = room.members.get(me)?.role
  const mayInvite = room.kind !== 'direct' && mine !== 'viewer'
  const mayLeave = room.kind !== 'direct'
  showPeople()
  openDialog(
    titleOf(room, me),
    make('p.quiet', {}, subtitleOf(room)),
    people,
    mayInvite && invite,
    mayLeave && make('button.grave', { type: 'button', onclick: () => attempt(leave) }, `Leave this ${room.kind}`),
  )
  void attempt(async () => {
    await receipts.members(room)
    showPeople()
  })
}
