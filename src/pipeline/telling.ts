import type { Feature } from '../features/feature.ts'
import type { Entry } from '../protocol/entry.ts'
import { type Envelope, envelope } from '../protocol/envelope.ts'
import { isLogEvent, type LogEvent, logSkipped } from '../protocol/event.ts'

/** To whom; nobody in particular: as it is told to all at once. */
export interface Viewer {
  readonly user_id: string
  /** What comes before this number is not for them. */
  readonly from_seq?: number
}

export interface Telling {
  (entry: Entry, viewer?: Viewer): Envelope
  shown(entry: Entry, viewer: Viewer): boolean
}

/** What a room's log says on the wire. Live, sync and history all ask here, so they cannot differ. */
export function telling(features: readonly Feature[], now: () => number): Telling {
  const events = new Map<string, LogEvent>(
    features.flatMap(({ events }) => events.filter(isLogEvent).map((event) => [event.name, event] as const)),
  )

  const shown = ({ audience, seq }: Entry, { user_id, from_seq = 0 }: Viewer) =>
    seq >= from_seq && (!audience || audience.includes(user_id))

  function tell(entry: Entry, viewer?: Viewer): Envelope {
    const { id, tenant_id, room_id, seq, action, at, audience, expires_at } = entry
    if (viewer ? !shown(entry, viewer) : audience) {
      const stamp = { id, tenant_id, timestamp: at, action: logSkipped.name }
      return envelope('message', stamp, { room_id, seq })
    }
    const event = events.get(action)
    if (!event) throw new Error(`The log holds "${action}", which is no event of this version.`)
    const expired = expires_at !== undefined && expires_at <= now()
    const said = event.tell(expired ? { ...entry, body: undefined } : entry)
    return envelope('message', { id, tenant_id, timestamp: at, action }, said)
  }

  return Object.assign(tell, { shown })
}
