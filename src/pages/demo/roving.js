/** One stop for the Tab key in a long list; from there the arrows lead on. */

const STEPS = { ArrowUp: -1, ArrowDown: 1, Home: Number.NEGATIVE_INFINITY, End: Number.POSITIVE_INFINITY }

/** @param {HTMLElement} container @param {string} selector what one can stop at @returns what to call when the list has changed */
export function roving(container, selector) {
  const stops = () => [...container.querySelectorAll(selector)]

  function stopAt(wanted) {
    for (const one of stops()) one.tabIndex = one === wanted ? 0 : -1
  }

  container.addEventListener('keydown', (event) => {
    const all = stops()
    const at = all.indexOf(document.activeElement)
    const step = STEPS[event.key]
    if (at === -1 || !step) return
    event.preventDefault()
    const next = all[Math.min(Math.max(at + step, 0), all.length - 1)]
    stopAt(next)
    next.focus()
  })

  return () => stopAt(stops().includes(document.activeElement) ? document.activeElement : stops().at(-1))
}
