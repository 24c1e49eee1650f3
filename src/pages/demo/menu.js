/** What can be chosen, beside what it is chosen for: most often what can be done with a message. */
import { byId, make } from './dom.js'
import { icon } from './icon.js'

const EMOJIS = ['👍', '❤️', '😂', '🎉', '😮', '🙏']
const GAP_PX = 6

/**
 * @param {HTMLElement} near
 * @param {{ reactions: {emoji: string, mine: boolean}[] | false, items: Item[], label?: string }} offered
 * @param {(emoji: string, add: boolean) => void} [react]
 *
 * @typedef {{icon: string, words: string, grave?: boolean, chosen?: boolean, status?: string, run(): void}} Item
 */
export function openMenu(near, { reactions, items, label = 'Message actions' }, react) {
  const menu = byId('menu')
  menu.setAttribute('aria-label', label)
  const chosen = (run) => () => {
    menu.hidePopover()
    run()
  }
  const emojiOf = (emoji) => {
    const pressed = reactions.some((one) => one.emoji === emoji && one.mine)
    const name = `${pressed ? 'Take back' : 'React with'} ${emoji}`
    const onclick = chosen(() => react(emoji, !pressed))
    const props = { type: 'button', role: 'menuitem', 'aria-label': name, 'data-mine': pressed, onclick }
    return make('button.emoji', props, emoji)
  }
  const rows = items.map((item) => rowOf(item, chosen(item.run)))
  menu.replaceChildren(...(reactions ? [make('div.emojis', {}, ...EMOJIS.map(emojiOf))] : []), ...rows)
  menu.showPopover()
  beside(menu, near)
  menu.onkeydown = (event) => move(event, [...menu.querySelectorAll('button')])
  menu.querySelector('button')?.focus()
}

function rowOf({ icon: sign, words, grave, chosen, status }, onclick) {
  const isChoice = chosen !== undefined
  const role = isChoice ? 'menuitemradio' : 'menuitem'
  const checked = isChoice ? String(chosen) : undefined
  const data = { 'data-grave': grave, 'data-status': status }
  return make('button.item', { type: 'button', role, 'aria-checked': checked, ...data, onclick }, icon(sign), words)
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
