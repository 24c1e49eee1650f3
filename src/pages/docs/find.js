/** Leaves of the page only what has all the words in it that one is looking for. */

/**
 * @param {HTMLInputElement} field
 * @param {HTMLElement} nothing shown where nothing is left
 * @returns {() => void} shows all again
 */
export function finding(field, nothing) {
  const cards = [...document.querySelectorAll('.card')].map((card) => ({ card, text: card.textContent.toLowerCase() }))
  const links = new Map(
    [...document.querySelectorAll('[data-for]')].map((link) => [link.dataset.for, link.parentElement]),
  )
  const others = [...document.querySelectorAll('#start, #refusals, #shapes')]
  const holders = [...document.querySelectorAll('.group, #said > section')].filter((holder) => !others.includes(holder))

  function find() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean)
    for (const { card, text } of cards) {
      card.hidden = !words.every((word) => text.includes(word))
      links.get(card.id).hidden = card.hidden
    }
    for (const holder of holders) holder.hidden = !holder.querySelector('.card:not([hidden])')
    for (const other of others) other.hidden = words.length > 0
    nothing.hidden = cards.some(({ card }) => !card.hidden)
  }

  field.addEventListener('input', find)
  addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.target instanceof HTMLInputElement) return
    event.preventDefault()
    field.focus()
  })
  find()
  return () => {
    field.value = ''
    find()
  }
}
