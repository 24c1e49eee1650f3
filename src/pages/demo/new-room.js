/** Begins a conversation: with one person, in a group, on a channel, or in an open room that is there already. */
import { roomSign } from './avatar.js'
import { closeDialog, openDialog } from './dialog.js'
import { make } from './dom.js'
import { attempt } from './notices.js'
import { addressOf } from './room-list.js'
import { count } from './words.js'

const namesIn = (text) => [
  ...new Set(
    text
      .split(/[,\n]/)
      .map((name) => name.trim())
      .filter(Boolean),
  ),
]

const field = (label, props, hint) =>
  make(
    'label',
    {},
    label,
    make('input', { autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', maxlength: 128, ...props }),
    hint && make('small', {}, hint),
  )

const choice = (name, value, words, more, checked) =>
  make(
    'label.choice',
    {},
    make('input', { type: 'radio', name, value, checked }),
    make('span', {}, make('strong', {}, words), make('small', {}, more)),
  )

const kinds = {
  direct: () => [field('Whom do you want to talk to?', { name: 'user', required: true, placeholder: 'Their name' })],
  group: () => [
    field('Name of the group', { name: 'name', required: true }),
    field(
      'Members',
      { name: 'members', maxlength: 4000, placeholder: 'ada, grace' },
      'Names with commas between them. You can invite more later.',
    ),
    make(
      'fieldset.choices',
      {},
      make('legend', {}, 'Who may join'),
      choice('visibility', 'public', 'Anyone', 'in this workspace', true),
      choice('visibility', 'private', 'By invitation', 'a private group'),
    ),
  ],
  channel: () => [field('Name of the channel', { name: 'name', required: true }, 'You write, everyone else reads.')],
}

/** What is asked of the service, from what was filled in. */
function wanted(kind, form) {
  const given = new FormData(form)
  const text = (name) => String(given.get(name) ?? '').trim()
  if (kind === 'direct') return { kind, members: [text('user')] }
  const visibility = kind === 'channel' ? 'public' : text('visibility')
  return { kind, name: text('name'), visibility, members: namesIn(text('members')) }
}

export function newRoom({ client, log, book }) {
  const fields = make('div.stack')
  const form = make(
    'form.stack',
    { onsubmit: submitted },
    tabs(),
    fields,
    make('button.primary', { type: 'submit' }, 'Begin'),
  )
  const open = make('section.open-rooms', { 'aria-label': 'Open rooms' })
  let kind = 'direct'

  function tabs() {
    const words = { direct: 'Person', group: 'Group', channel: 'Channel' }
    const radios = Object.entries(words).map(([value, label]) =>
      make(
        'label',
        {},
        make('input', {
          type: 'radio',
          name: 'kind',
          value,
          checked: value === 'direct',
          onchange: () => choose(value),
        }),
        make('span', {}, label),
      ),
    )
    return make('div.tabs', { role: 'radiogroup', 'aria-label': 'What kind of conversation' }, ...radios)
  }

  function choose(next) {
    kind = next
    fields.replaceChildren(...kinds[kind]())
  }

  function submitted(event) {
    event.preventDefault()
    void attempt(async () => {
      const { room } = await client.request('room:create', wanted(kind, form))
      await enter(room.room_id)
    })
  }

  async function enter(room_id) {
    if (!book.rooms.has(room_id)) await log.join(room_id)
    closeDialog()
    location.hash = addressOf(room_id)
  }

  async function showOpen() {
    const { rooms } = await client.request('room:list', { public: true, limit: 50 })
    const others = rooms.filter((room) => !book.rooms.has(room.room_id) && room.kind !== 'direct' && !room.archived)
    if (others.length === 0) return
    const rows = others.map((room) =>
      make(
        'li',
        {},
        roomSign(room, room.name || room.room_id),
        make(
          'span.who',
          {},
          make('strong', {}, room.name || room.room_id),
          make('small', {}, count(room.member_count, 'member')),
        ),
        make('button.small', { type: 'button', onclick: () => attempt(() => enter(room.room_id)) }, 'Join'),
      ),
    )
    open.replaceChildren(make('h3', {}, 'Or join an open room'), make('ul.people', {}, ...rows))
  }

  choose('direct')
  openDialog('New conversation', form, open)
  fields.querySelector('input')?.focus()
  void attempt(showOpen)
}
