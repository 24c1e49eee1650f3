/** The messages of the open room: kept in place as they change, older ones fetched as one scrolls up. */
import { make, settle } from './dom.js'
import { icon } from './icon.js'
import { linesOf, nextLapse } from './lines.js'
import { bubble } from './message.js'
import { notice } from './notices.js'
import { roving } from './roving.js'

const NEAR_PX = 80
const EARLY_PX = 400

export function messageList({ book, outbox, me, actions, older, seen }) {
  const list = make('ol.messages')
  const early = make('p.early', { role: 'status' })
  const scroll = make(
    'div.scroll',
    { role: 'log', 'aria-label': 'Messages', tabindex: '0', onscroll: scrolled },
    early,
    list,
  )
  const badge = make('span.badge')
  const settleStops = roving(list, '.more')
  const jump = make(
    'button.jump.round',
    { type: 'button', 'aria-label': 'To the newest message', hidden: true, onclick: toEnd },
    icon('down'),
    badge,
  )
  /** @type {Map<string, {element: HTMLElement, print: string}>} */
  let shown = new Map()
  /** @type {import('./book.js').Room | undefined} */
  let room
  let newFrom = Number.POSITIVE_INFINITY
  let fetching = false
  let atEnd = true
  let top = 0
  let endSeq = 0
  let lapse = 0

  const isAtEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_PX
  const find = (message_id) => room && book.find(room, message_id)

  function toEnd() {
    atEnd = true
    scrollTo(scroll.scrollHeight)
    mark()
  }

  function scrollTo(place) {
    scroll.scrollTop = place
    top = scroll.scrollTop
  }

  /** Where one is by now, also when the browser has not told of the scrolling yet. */
  function look() {
    if (scroll.scrollTop === top) return
    top = scroll.scrollTop
    atEnd = isAtEnd()
  }

  function scrolled() {
    look()
    mark()
    if (scroll.scrollTop < EARLY_PX) void fetchOlder()
  }

  /** What is on the screen is read, when someone can be looking. */
  function mark() {
    if (!room) return
    const last = room.messages.at(-1)?.seq ?? 0
    if (atEnd) endSeq = last
    const below = room.messages.filter(({ seq, sender_id }) => seq > endSeq && sender_id !== me).length
    jump.hidden = atEnd
    badge.textContent = below > 0 ? String(below) : ''
    badge.hidden = below === 0
    if (atEnd && room.looked && document.visibilityState === 'visible') seen(room)
  }

  async function fetchOlder() {
    if (!room || fetching || (room.looked && !room.hasOlder)) return
    const from = room
    fetching = true
    scroll.setAttribute('aria-busy', 'true')
    early.textContent = 'Fetching earlier messages…'
    const refused = await older(from).then(() => false, notice)
    fetching = false
    render()
    scroll.removeAttribute('aria-busy')
    if (refused === false && (room !== from || scroll.scrollTop < EARLY_PX)) void fetchOlder()
  }

  function elementOf(line, known) {
    const print = JSON.stringify(line)
    if (known?.print === print) return known
    const element = known?.element ?? make('li')
    const focused = element.contains(document.activeElement)
    dress(element, line)
    if (focused) element.querySelector('.more')?.focus({ preventScroll: true })
    return { element, print }
  }

  function dress(element, line) {
    if (line.day || line.unread || line.note) {
      element.className = line.note ? 'note' : line.unread ? 'divider unread' : 'divider'
      return element.replaceChildren(make('span', {}, line.day ?? line.unread ?? line.note))
    }
    element.className = ['message', line.mine && 'mine', line.first && 'first', line.deleted && 'deleted', line.pending]
      .filter(Boolean)
      .join(' ')
    Object.assign(element.dataset, { seq: line.seq ?? '', client: line.key })
    element.replaceChildren(...bubble(line, { ...actions, reveal }))
  }

  function reveal(message_id) {
    const message = find(message_id)
    const element = message && list.querySelector(`[data-seq="${message.seq}"]`)
    if (!element) return scroll.scrollTo({ top: 0 })
    element.scrollIntoView({ block: 'center' })
    element.classList.remove('flash')
    requestAnimationFrame(() => element.classList.add('flash'))
  }

  /** What one looks at stays where it is, whatever comes above or below. */
  function render() {
    if (!room) return
    look()
    const anchor = [...list.querySelectorAll('.message')].find(
      (one) => one.offsetTop + one.offsetHeight > scroll.scrollTop,
    )
    const offset = anchor ? anchor.offsetTop - scroll.scrollTop : 0
    const lines = linesOf({ room, pending: outbox.of(room.room_id), me, find, newFrom })
    const next = new Map(lines.map((line) => [line.key, elementOf(line, shown.get(line.key))]))
    shown = next
    settle(
      list,
      [...next.values()].map(({ element }) => element),
    )
    early.textContent = wordsAbove()
    settleStops()
    if (atEnd) scrollTo(scroll.scrollHeight)
    else if (anchor?.isConnected) scrollTo(anchor.offsetTop - offset)
    mark()
    clearTimeout(lapse)
    lapse = setTimeout(render, nextLapse(room))
  }

  function wordsAbove() {
    if (!room.looked || fetching) return 'Fetching messages…'
    if (room.hasOlder) return ''
    return room.messages.length === 0 ? 'Nothing has been said here yet. Say hello.' : 'This is where it began.'
  }

  document.addEventListener('visibilitychange', mark)
  // a keyboard of glass, or a longer draft, takes away from below
  new ResizeObserver(() => atEnd && toEnd()).observe(scroll)

  return {
    elements: [scroll, jump],
    render,
    toEnd,
    open(next, unread) {
      room = next
      list.classList.toggle('direct', next.kind === 'direct')
      shown = new Map()
      list.replaceChildren()
      newFrom = unread > 0 ? next.read_seq : Number.POSITIVE_INFINITY
      atEnd = true
      render()
      void fetchOlder()
    },
    close() {
      room = undefined
    },
    /** Whoever answers has seen what is new. */
    settleNew() {
      newFrom = Number.POSITIVE_INFINITY
    },
  }
}
