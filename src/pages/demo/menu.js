/** What can be done with a message, beside the message. */
import { byId, make } from './dom.js'
import { icon } from './icon.js'

const EMOJIS = ['👍', '❤️', '😂', '🎉', '😮', '🙏']
const GAP_PX = 6

/**
 * @param {HTMLElement} near
 * @param {{ reactions: {emoji: string, mine: boolean}[] | false, items: {icon: string, words: string, grave?: boolean, run(): void}[] }} offered
 * @param {(emoji: string, add: boolean) => void} react
 */
export function openMenu(near, { reactions, items }, react) {
  const menu = byId('menu')
  const chosen = (run) => () => {
    menu.hidePopover()
    run()
  }
  const hasMine = (emoji) => reactions.some((one) => one.emoji === emoji && one.mine)
  const emojis = EMOJIS.map((emoji) => {
    const label = `${hasMine(emoji) ? 'Take back' : 'React with'} ${emoji}`
    const pressed = hasMine(emoji)
    return make(
      'button.emoji',
      {
        type: 'button',
        role: 'menuitem',
        'aria-label': label,
        'data-mine': pressed,
        onclick: chosen(() => react(emoji, !pressed)),
      },
      emoji,
    )
  })
  const rows = items.map(({ icon: sign, words, grave, run }) =>
    make(
      'button.item',
      { type: 'button', role: 'menuitem', 'data-grave': grave, onclick: chosen(run) },
      icon(sign),
      words,
    ),
  )
  menu.replaceChildren(...(reactions ? [make('div.emojis', {}, ...emojis)] : []), ...rows)
  menu.showPopover()
  beside(menu, near)
  menu.onkeydown = (event) => move(event, [...menu.querySelectorAll('button')])
  menu.querySelector('button')?.focus()
}

function beside(menu, near) {
  const at = near.getBoundingClientRect()
  const { width, height } = menu.getBoundingClientRect()
  const below = at.bottom + GAP_PX
  const top = below + height > innerHeight - GAP_PX ? Math.max(GAP_PX, at.top - height - GAP_PX) : below
  const left = Math.min(Math.max(GAP_PX, at.right - width), innerWidth - width - GAP_PX)
  menu.style.top = `${top}px`
  menu.style.left = `${left}px`
}

const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }

function move(event, buttons) {
  const step = STEPS[event.key]
  if (!step) return
  event.preventDefault()
  const at = buttons.indexOf(document.activeElement)
  buttons[(at + step + buttons.length) % buttons.length].focus()
}
