/** What waits to be sent, as the page shows it: the client keeps it, and sends it. */
import { explain } from './words.js'

/**
 * @typedef {object} Waiting
 * @property {string} client_id
 * @property {{type?: string, text?: string, data?: Uint8Array}} content
 * @property {any} [metadata]
 * @property {string} [reply_to]
 * @property {number} at
 * @property {'waiting' | 'sent' | 'failed'} state
 * @property {string} [why]
 */

/** @param {{ client: import('../../client/client.ts').Client, book: any, changed(room_id?: string): void }} parts */
export function outbox({ client, book, changed }) {
  /** Acknowledged, and not heard in the room yet. @type {Map<string, Waiting & { room_id: string }>} */
  const sent = new Map()

  const shown = ({ client_id, at, data, failed }) => {
    const { room_id, content, metadata, reply_to } = data
    const state = failed ? 'failed' : 'waiting'
    return { client_id, at, room_id, content, metadata, reply_to, state, why: failed && explain(failed) }
  }

  client.outbox.onChange(() => changed())

  return {
    /** @returns {Waiting[]} */
    of: (room_id) => [...sent.values(), ...client.outbox.pending.map(shown)].filter((one) => one.room_id === room_id),
    add(room_id, { content, metadata, reply_to }) {
      const sending = client.send(room_id, content, { metadata, reply_to })
      const one = client.outbox.pending.findLast(({ data }) => data.room_id === room_id)
      const acknowledged = ({ message_id }) => {
        const room = book.rooms.get(room_id)
        if (room && !book.find(room, message_id)) sent.set(one.client_id, { ...shown(one), state: 'sent' })
        changed(room_id)
      }
      sending.then(acknowledged, () => {}) // a refusal shows where the message does
    },
    again: client.outbox.again,
    remove: client.outbox.discard,
    /** It is in the log now. */
    arrived: ({ client_id }) => sent.delete(client_id),
  }
}
