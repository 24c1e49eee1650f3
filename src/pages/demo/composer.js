/** Where one writes: new messages, replies, edits, and a small picture with them. */
import { make } from './dom.js'
import { icon } from './icon.js'
import { attempt } from './notices.js'
import { pictureUrl, shrink } from './picture.js'
import { gist } from './title.js'

const MOST_ROWS_PX = 160

/**
 * @param {object} parts
 * @param {(written: {text: string, picture?: any, reply_to?: string}) => void} parts.send
 * @param {(message_id: string, text: string) => Promise<void>} parts.edit
 * @param {() => import('./book.js').Message | undefined} parts.lastOwn
 * @param {(draft: string) => void} parts.drafted
 * @param {(still: boolean) => void} parts.typed at every keystroke; whether anything is left of it
 */
export function composer({ send, edit, lastOwn, drafted, typed }) {
  const field = make('textarea', {
    rows: 1,
    placeholder: 'Write a message',
    'aria-label': 'Write a message',
    oninput: written,
    onkeydown: keyed,
    onpaste: pasted,
    enterkeyhint: 'send',
  })
  const file = make('input', {
    type: 'file',
    accept: 'image/*',
    hidden: true,
    'aria-label': 'Picture',
    onchange: () => take(file.files[0]),
  })
  const clip = make(
    'button.round',
    { type: 'button', 'aria-label': 'Add a picture', title: 'Add a picture', onclick: () => file.click() },
    icon('picture'),
  )
  const go = make('button.round.primary', { type: 'submit', 'aria-label': 'Send', title: 'Send' }, icon('send'))
  const above = make('div.above', { hidden: true })
  const form = make('form.composer', { onsubmit: submitted }, above, make('div.line', {}, clip, file, field, go))

  /** @type {{ reply?: any, edit?: any, picture?: any }} */
  let with_ = {}

  function written() {
    grow()
    if (!with_.edit) typed(field.value !== '')
  }

  function grow() {
    field.style.height = 'auto'
    field.style.height = `${Math.min(field.scrollHeight, MOST_ROWS_PX)}px`
    if (!with_.edit) drafted(field.value)
  }

  /** On a keyboard of glass Enter makes a new line, as people expect there. */
  function keyed(event) {
    if (event.key === 'Escape' && (with_.edit || with_.reply)) return clear()
    if (event.key === 'ArrowUp' && !field.value && lastOwn()) {
      event.preventDefault()
      return rewrite(lastOwn())
    }
    const sends =
      event.key === 'Enter' && !event.shiftKey && !event.isComposing && matchMedia('(pointer: fine)').matches
    if (!sends) return
    event.preventDefault()
    form.requestSubmit()
  }

  function pasted(event) {
    const picture = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'))
    if (!picture) return
    event.preventDefault()
    take(picture)
  }

  function take(picture) {
    file.value = ''
    if (!picture) return
    void attempt(async () => {
      const small = await shrink(picture).catch(() => {
        throw new Error('This file is not a picture that can be sent.')
      })
      set({ ...with_, edit: undefined, picture: small })
    })
  }

  function submitted(event) {
    event.preventDefault()
    const text = field.value.trim()
    const { edit: edited, reply, picture } = with_
    if (!text && !picture) return
    if (edited) void attempt(() => edit(edited.message_id, text))
    else send({ text, picture, reply_to: reply?.message_id })
    clear()
  }

  function set(next) {
    with_ = next
    const { reply, edit: edited, picture } = next
    form.dataset.mode = edited ? 'edit' : 'write'
    clip.hidden = Boolean(edited)
    above.replaceChildren(
      ...[
        picture &&
          make('img', { src: pictureUrl({ data: picture.bytes, mime: picture.mime }), alt: 'The picture to be sent' }),
        (reply || edited) &&
          make(
            'p',
            {},
            make('strong', {}, edited ? 'Edit your message' : `Reply to ${reply.sender_id}`),
            make('span', {}, gist(reply ?? edited)),
          ),
        make('button.round.small', { type: 'button', 'aria-label': 'Cancel', onclick: clear }, icon('close')),
      ].filter(Boolean),
    )
    above.hidden = !(reply || edited || picture)
    field.focus()
  }

  function clear() {
    field.value = ''
    set({})
    grow()
  }

  function rewrite(message) {
    field.value = message.content.text ?? ''
    set({ edit: message })
    grow()
    field.setSelectionRange(field.value.length, field.value.length)
  }

  return {
    element: form,
    focus: () => field.focus(),
    reply: (message) => set({ picture: with_.edit ? undefined : with_.picture, reply: message }),
    edit: rewrite,
    open(draft) {
      with_ = {}
      above.hidden = true
      field.value = draft
      requestAnimationFrame(grow)
    },
  }
}
