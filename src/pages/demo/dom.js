/** Makes elements. What people said gets in as text only: nothing here, or elsewhere, reads a string as HTML. */

/**
 * @param {string} tag a name with classes, as `button.round`
 * @param {Record<string, unknown>} [props] `onclick` and the like are listened to, all else are attributes
 * @param {...(Node | string | false | null | undefined)} children
 */
export function make(tag, props = {}, ...children) {
  const [name, ...classes] = tag.split('.')
  const element = document.createElement(name)
  element.classList.add(...classes)
  for (const [key, value] of Object.entries(props)) give(element, key, value)
  element.append(...children.filter((child) => child !== undefined && child !== null && child !== false))
  return element
}

function give(element, key, value) {
  if (value === undefined || value === null || value === false) return
  if (typeof value === 'function') element.addEventListener(key.slice(2), value)
  else element.setAttribute(key, value === true ? '' : String(value))
}

/** @param {string} id @returns {HTMLElement} */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id))

/** Makes `parent` hold exactly `children`, moving only what is not in its place, so that focus and scroll stay. */
export function settle(parent, children) {
  const wanted = new Set(children)
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove()
  children.forEach((child, at) => {
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null)
  })
}
