/** One message on the screen, from a plain description of all that shows. */
import { person } from './avatar.js'
import { make } from './dom.js'
import { icon } from './icon.js'
import { pictureUrl } from './picture.js'
import { tick } from './receipts.js'
import { gist } from './title.js'
import { clockTime, exactTime } from './words.js'

/** @param {{ room: import('./book.js').Room, me: string, find(message_id: string): import('./book.js').Message | undefined }} parts */
export function describe(message, { room, me, find }) {
  const { content, metadata, reactions = {} } = message
  const mine = message.sender_id === me
  const replied = message.reply_to ? find(message.reply_to) : undefined
  const isPicture = content?.type === 'image'
  return {
    key: message.client_id && mine ? message.client_id : message.message_id,
    message_id: message.message_id,
    seq: message.seq,
    at: message.created_at,
    sender: message.sender_id,
    mine,
    text: content?.text ?? '',
    deleted: !content,
    edited: message.edited_at !== undefined && message.edited_at !== null && Boolean(content),
    picture: isPicture ? (pictureUrl({ data: content.data, mime: metadata?.mime }) ?? 'none') : undefined,
    width: Number(metadata?.width) || undefined,
    height: Number(metadata?.height) || undefined,
    reply: message.reply_to
      ? { id: message.reply_to, from: replied?.sender_id, words: replied ? gist(replied) : 'An earlier message' }
      : undefined,
    reactions: Object.entries(reactions)
      .filter(([, users]) => users.length > 0)
      .map(([emoji, users]) => ({ emoji, users, mine: users.includes(me) })),
    tick: mine && content ? tick(room, message) : undefined,
  }
}

/** @param {import('./outbox.js').Pending} one */
export function describePending(one, { me, find }) {
  const seen = describe(
    { ...one, message_id: undefined, sender_id: me, created_at: one.at },
    { room: { members: new Map() }, me, find },
  )
  const words = { waiting: 'Waiting to be sent', sent: 'Sent', failed: `Not sent. ${one.why ?? ''}` }[one.state]
  return { ...seen, pending: one.state, tick: { state: one.state, words } }
}

const symbols = { waiting: 'waiting', sent: 'sent', delivered: 'delivered', read: 'delivered', failed: 'failed' }

const tickSign = ({ state, words }) =>
  make('span.tick', { role: 'img', 'data-state': state, 'aria-label': words, title: words }, icon(symbols[state]))

function pictureOf({ picture, width, height, text }) {
  if (picture === 'none') return make('p.missing', {}, 'A picture that cannot be shown')
  const link = { href: picture, target: '_blank', rel: 'noopener' }
  return make(
    'a.picture',
    link,
    make('img', { src: picture, width, height, alt: text ? `Picture: ${text}` : 'Picture' }),
  )
}

const quoteOf = ({ reply }, { reveal }) =>
  make(
    'button.quote',
    { type: 'button', onclick: () => reveal(reply.id) },
    make('strong', {}, reply.from ?? 'Reply'),
    make('span', {}, reply.words),
  )

const reactionsOf = ({ reactions, message_id }, { react }) =>
  make(
    'div.reactions',
    {},
    ...reactions.map(({ emoji, users, mine }) =>
      make(
        'button.reaction',
        {
          type: 'button',
          'aria-pressed': String(mine),
          title: users.join(', '),
          onclick: () => react(message_id, emoji, !mine),
        },
        emoji,
        make('span', {}, String(users.length)),
      ),
    ),
  )

const metaOf = ({ at, edited, tick: state }) =>
  make(
    'span.meta',
    {},
    edited && make('span', {}, 'edited'),
    make('time', { datetime: new Date(at).toISOString(), title: exactTime(at) }, clockTime(at)),
    state && tickSign(state),
  )

/** @param {ReturnType<typeof describe> & { first: boolean, pending?: string }} seen */
export function bubble(seen, actions) {
  const { sender, mine, text, deleted, picture, reply, reactions, first, pending } = seen
  const about = `Actions for the message from ${mine ? 'you' : sender}: ${text.slice(0, 40) || 'picture'}`
  const onclick = (event) => actions.menu(seen, event.currentTarget)
  return [
    !mine && first && person(sender),
    make(
      'div.bubble',
      {},
      !mine && first && make('p.sender', {}, sender),
      reply && !deleted && quoteOf(seen, actions),
      picture && !deleted && pictureOf(seen),
      make('p.text', {}, deleted ? 'Message deleted' : text, metaOf(seen)),
    ),
    (!deleted || pending === 'failed') &&
      make('button.more', { type: 'button', 'aria-label': about, 'aria-haspopup': 'menu', onclick }, icon('more')),
    reactions.length > 0 && !deleted && reactionsOf(seen, actions),
  ].filter(Boolean)
}
