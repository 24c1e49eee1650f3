import type { Failure, FailureData } from './failure.ts'

/** The one argument of everything the service says. */
export interface Envelope<Data = unknown> {
  type: 'message' | 'event' | 'ack' | 'error'
  id: string
  tenant_id: string
  timestamp: number
  payload: { action: string; data: Data }
}

/** Who speaks, about what, and when: what every envelope has in common. */
export interface Stamp {
  id: string
  tenant_id: string
  timestamp: number
  action: string
}

export function envelope<Data>(type: Envelope['type'], stamp: Stamp, data: Data): Envelope<Data> {
  const { id, tenant_id, timestamp, action } = stamp
  return { type, id, tenant_id, timestamp, payload: { action, data } }
}

export const refusal = (stamp: Stamp, failure: Failure): Envelope<FailureData> => envelope('error', stamp, failure.data)
