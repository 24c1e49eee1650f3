/** The one dialog of the page: what is asked in it changes. */
import { byId, make } from './dom.js'
import { icon } from './icon.js'

/** @param {string} title @param {...(Node | string | false | null | undefined)} content */
export function openDialog(title, ...content) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('dialog'))
  const close = make(
    'button.round',
    { type: 'button', 'aria-label': 'Close', onclick: () => dialog.close() },
    icon('close'),
  )
  const heading = make('header', {}, make('h2', { id: 'dialog-title' }, title), close)
  dialog.replaceChildren(heading, ...content.filter(Boolean))
  dialog.onclick = ({ target }) => {
    if (target === dialog) dialog.close()
  }
  if (!dialog.open) dialog.showModal()
  return dialog
}

export const closeDialog = () => /** @type {HTMLDialogElement} */ (byId('dialog')).close()
