import * as v from 'valibot'
import { Name, newId } from '../protocol/ids.ts'

export interface Unwrapped {
  /** The command's; the client's own where it gave a good one. */
  readonly id: string
  /** The client gave an id that is none. */
  readonly badId?: true
  readonly data: unknown
  /** What an envelope says of itself; nothing where bare data was sent. */
  readonly action?: unknown
  readonly tenant_id?: unknown
}

/** A client sends either an envelope or just its data; from here on there is one form. */
export function unwrap(argument: unknown): Unwrapped {
  if (!isEnvelope(argument)) return { id: newId(), data: argument ?? {} }
  const { id = newId(), payload, tenant_id } = argument
  const given = { data: payload.data ?? {}, action: payload.action, tenant_id }
  return v.is(Name, id) ? { id, ...given } : { id: newId(), badId: true, ...given }
}

interface Wrapped {
  id?: unknown
  tenant_id?: unknown
  payload: { action?: unknown; data?: unknown }
}

function isEnvelope(argument: unknown): argument is Wrapped {
  if (typeof argument !== 'object' || argument === null || !Object.hasOwn(argument, 'payload')) return false
  const { payload } = argument as { payload?: unknown }
  return (
    typeof payload === 'object' &&
    payload !== null &&
    (Object.hasOwn(payload, 'data') || Object.hasOwn(payload, 'action'))
  )
}
