/** The open room: its head, its messages, the place to write, and what is done to a message. */
import { roomSign } from './avatar.js'
import { composer } from './composer.js'
import { showDetails } from './details.js'
import { byId, make } from './dom.js'
import { icon } from './icon.js'
import { openMenu } from './menu.js'
import { messageList } from './messages.js'
import { attempt, notice } from './notices.js'
import { partnerOf, subtitleOf, titleOf } from './title.js'
import { statusWords, typingWords } from './words.js'

export function conversation(parts) {
  const { book, client, log, outbox, people, receipts, me } = parts
  const pane = byId('conversation')
  const head = make('header.bar')
  const messages = messageList({ book, outbox, me, actions: { menu, react }, older: log.older, seen: receipts.read })
  const writing = composer({
    send,
    edit,
    lastOwn,
    drafted: (draft) => room && Object.assign(room, { draft }),
    typed: (still) => room && client.typing(room.room_id, still),
  })
  const silent = make('p.silent', { hidden: true }, 'Only those who publish here can write.')
  /** @type {import('./book.js').Room | undefined} */
  let room
  let headPrint = ''

  const mine = () => room.messages.filter(({ sender_id, content }) => sender_id === me && content)

  function lastOwn() {
    return room && mine().findLast(({ content }) => content.text)
  }

  function send({ text, picture, reply_to }) {
    const content = picture ? { type: 'image', text: text || undefined, data: picture.bytes } : { text }
    const { mime, width, height } = picture ?? {}
    outbox.add(room.room_id, { content, metadata: picture && { mime, width, height }, reply_to })
    messages.settleNew()
    messages.toEnd()
  }

  async function edit(message_id, text) {
    const { room_id } = room
    const { content, version } = book.find(room, message_id) ?? {}
    if (!content) throw new Error('This message is gone.')
    await client.request('message:edit', {
      room_id,
      message_id,
      content: { ...content, text },
      expected_version: version,
    })
  }

  function react(message_id, emoji, add) {
    const { room_id } = room
    void attempt(() => client.request('message:react', { room_id, message_id, emoji, op: add ? 'add' : 'remove' }))
  }

  function remove(message_id) {
    const { room_id } = room
    void attempt(() => client.request('message:delete', { room_id, message_id }))
  }

  function menu(seen, near) {
    if (seen.pending) return openMenu(near, { reactions: false, items: forPending(seen.key) })
    const { message_id, reactions } = seen
    openMenu(near, { reactions, items: forMessage(book.find(room, message_id)) }, (emoji, add) =>
      react(message_id, emoji, add),
    )
  }

  const forPending = (client_id) => [
    { icon: 'retry', words: 'Try again', run: () => outbox.again(client_id) },
    { icon: 'delete', words: 'Discard', grave: true, run: () => outbox.remove(client_id) },
  ]

  function forMessage(message) {
    const own = message.sender_id === me
    const keeps = room.kind !== 'direct' && ['owner', 'admin'].includes(room.members.get(me)?.role)
    const { text } = message.content
    return [
      mayWrite() && { icon: 'reply', words: 'Reply', run: () => writing.reply(message) },
      text &&
        navigator.clipboard && {
          icon: 'copy',
          words: 'Copy text',
          run: () => attempt(() => navigator.clipboard.writeText(text)),
        },
      own && { icon: 'edit', words: 'Edit', run: () => writing.edit(message) },
      (own || keeps) && { icon: 'delete', words: 'Delete', grave: true, run: () => remove(message.message_id) },
    ].filter(Boolean)
  }

  const mayWrite = () => room.members.get(me)?.role !== 'viewer'

  function showHead() {
    const title = titleOf(room, me)
    const seen = people.of(partnerOf(room, me))
    const quiet = seen ? statusWords(seen) : subtitleOf(room)
    const typing = room.typing > 0 && room.typers.length > 0
    const subtitle = typing ? typingWords(room.typers, room.typing) : quiet
    const print = JSON.stringify([room.room_id, title, subtitle, seen?.status])
    silent.hidden = mayWrite()
    writing.element.hidden = !mayWrite()
    if (print === headPrint) return
    headPrint = print
    const details = make(
      'button.round',
      {
        type: 'button',
        'aria-label': 'About this conversation',
        title: 'About this conversation',
        onclick: () => showDetails(room, parts),
      },
      icon('people'),
    )
    head.replaceChildren(
      backLink(),
      roomSign(room, title, seen?.status),
      make('span.who', {}, make('h1', {}, title), make('small', { 'data-typing': typing }, subtitle)),
      details,
    )
  }

  const backLink = () => make('a.round.back', { href: '#', 'aria-label': 'Back to the conversations' }, icon('back'))

  function empty(...content) {
    if (room) people.looksAt(undefined)
    room = undefined
    messages.close()
    headPrint = ''
    pane.replaceChildren(...content)
  }

  /** A private room is not shown to strangers; whoever was invited may join it all the same. */
  function closed(refusal) {
    if (refusal.code === 'forbidden') return { room: { name: 'A private room' } }
    throw refusal
  }

  /** A link to a room that one is not in. */
  async function offer(room_id) {
    empty(make('header.bar', {}, backLink()), make('p.empty', {}, 'Looking for this room…'))
    const { room: found } = await client.request('room:get', { room_id }).catch(closed)
    const join = make(
      'button.primary',
      { type: 'button', onclick: () => attempt(() => log.join(room_id).then(() => open(room_id))) },
      'Join',
    )
    empty(
      make('header.bar', {}, backLink()),
      make('div.empty', {}, make('h2', {}, found.name || room_id), make('p', {}, 'You are not in this room.'), join),
    )
  }

  function gone() {
    open(undefined)
    location.hash = ''
  }

  function open(room_id) {
    if (!room_id) {
      const words = make('p', {}, 'Choose a conversation, or begin a new one.')
      return empty(make('div.empty', {}, make('img', { src: '/demo/icon.svg', alt: '', width: 72, height: 72 }), words))
    }
    const next = book.rooms.get(room_id)
    if (!next)
      return void offer(room_id).catch((refusal) =>
        empty(make('header.bar', {}, backLink()), make('p.empty', {}, refusal.message)),
      )
    if (room !== next) show(next)
  }

  function show(next) {
    const unread = book.unread(next, me)
    room = next
    headPrint = ''
    showHead()
    pane.replaceChildren(head, ...messages.elements, silent, writing.element)
    writing.open(next.draft)
    messages.open(next, unread)
    if (matchMedia('(pointer: fine)').matches) writing.focus()
    people.looksAt(next)
    receipts.members(next).then(() => people.met(next), notice)
  }

  return {
    open,
    get room() {
      return room
    },
    render(room_id) {
      if (!room) return
      if (!book.rooms.has(room.room_id)) return gone()
      if (room_id !== undefined && room_id !== room.room_id) return
      showHead()
      messages.render()
    },
  }
}
