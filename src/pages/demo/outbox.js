/** What was written and is not acknowledged yet. It outlives a lost connection and a reload, and goes out once, in order. */
import { newId } from './ids.js'

/**
 * @typedef {object} Pending
 * @property {string} client_id
 * @property {string} room_id
 * @property {{type?: string, text?: string, data?: Uint8Array}} content
 * @property {any} [metadata]
 * @property {string} [reply_to]
 * @property {number} at
 * @property {'waiting' | 'sent' | 'failed'} state
 * @property {boolean} tried whether the service may have it already
 * @property {string} [why]
 */

/** @param {{ session: any, owner: string, changed(room_id: string): void }} parts */
export function outbox({ session, owner, changed }) {
  const place = `parley.outbox.${owner}`
  /** @type {Pending[]} */
  let pending = restore(place)
  const posting = new Set()

  function keep(room_id) {
    const unsent = pending.filter(({ state }) => state !== 'sent')
    try {
      sessionStorage.setItem(place, JSON.stringify(unsent, packed))
    } catch (error) {
      console.warn('What waits to be sent would not outlive a reload:', error.message)
    }
    changed(room_id)
  }

  /** One after the other in each room: what is refused must not let a later one pass an earlier. */
  async function post(room_id) {
    if (posting.has(room_id)) return
    posting.add(room_id)
    for (let one = next(room_id); one; one = next(room_id)) await send(one)
    posting.delete(room_id)
  }

  const next = (room_id) => pending.find((one) => one.room_id === room_id && one.state === 'waiting')

  async function send(one) {
    const { room_id, content, metadata, reply_to, client_id } = one
    try {
      await session.command('message:send', body, { id: client_id, tries: Number.POSITIVE_INFINITY })
      one.state = 'sent'
    } catch (refusal) {
      Object.assign(one, { state: 'failed', why: refusal.message })
    }
    keep(room_id)

    function body() {
      const retry = one.tried || undefined
      if (!one.tried) {
        one.tried = true
        keep(room_id)
      }
      return { room_id, content, metadata, reply_to, client_id, retry }
    }
  }

  function remove(client_id) {
    const one = pending.find((candidate) => candidate.client_id === client_id)
    if (!one) return
    pending = pending.filter((other) => other !== one)
    keep(one.room_id)
  }

  return {
    of: (room_id) => pending.filter((one) => one.room_id === room_id),
    add(room_id, { content, metadata, reply_to }) {
      pending.push({
        client_id: newId(),
        room_id,
        content,
        metadata,
        reply_to,
        at: Date.now(),
        state: 'waiting',
        tried: false,
      })
      keep(room_id)
      void post(room_id)
    },
    again(client_id) {
      const one = pending.find((candidate) => candidate.client_id === client_id)
      if (!one) return
      one.state = 'waiting'
      keep(one.room_id)
      void post(one.room_id)
    },
    remove,
    /** It is in the log now. */
    arrived: (message) => remove(message.client_id),
    start() {
      for (const room_id of new Set(pending.map((one) => one.room_id))) void post(room_id)
    },
  }
}

const packed = (_, value) =>
  value instanceof Uint8Array
    ? { base64: btoa(Array.from(value, (byte) => String.fromCharCode(byte)).join('')) }
    : value

const unpacked = (_, value) =>
  typeof value?.base64 === 'string' ? Uint8Array.from(atob(value.base64), (one) => one.charCodeAt(0)) : value

const restore = (place) => JSON.parse(sessionStorage.getItem(place) ?? '[]', unpacked)
