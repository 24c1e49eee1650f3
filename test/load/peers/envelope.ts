// What both peers say: the service's envelopes, filled with as little work as they can be.
import type { Envelope } from '../../../src/protocol/envelope.ts'

export interface Command {
  readonly room_id: string
  readonly content: { readonly text: string }
  readonly client_id: string
}

const TENANT = 'load'
const lastSeq = new Map<string, number>()

const said = (type: Envelope['type'], id: string, at: number, action: string, data: unknown): Envelope => ({
  type,
  id,
  tenant_id: TENANT,
  timestamp: at,
  payload: { action, data },
})

/** Numbers the message, and gives what its room hears and what its sender is answered. */
export function relay(sender: string, { room_id, content, client_id }: Command): { told: Envelope; answer: Envelope } {
  const seq = (lastSeq.get(room_id) ?? 0) + 1
  lastSeq.set(room_id, seq)
  const at = Date.now()
  const id = Bun.randomUUIDv7()
  const message = {
    message_id: id,
    client_id,
    room_id,
    seq,
    sender_id: sender,
    sender_device_id: null,
    content: { type: 'text', ...content },
    created_at: at,
    version: 1,
    reactions: {},
  }
  const receipt = { message_id: id, room_id, seq, created_at: at, duplicate: false, durability: 'log' }
  return {
    told: said('message', id, at, 'message_new', { room_id, seq, message }),
    answer: said('ack', Bun.randomUUIDv7(), at, 'message:send', receipt),
  }
}
