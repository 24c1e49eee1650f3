import * as v from 'valibot'
import type { Entry } from './entry.ts'
import { RoomId, Seq } from './ids.ts'

/** What the service may say. A `message` is told from a room's log and has a `seq`; an `event` may be lost. */
export interface ServerEvent<Data extends v.GenericSchema = v.GenericSchema> {
  readonly name: string
  readonly type: 'message' | 'event'
  readonly about: string
  readonly data: Data
}

/** An event of a room's log: what the log holds of it, and `tell` makes of it what is said. */
export interface LogEvent<Kept = any, Body = any, Data extends v.GenericSchema = v.GenericSchema>
  extends ServerEvent<Data> {
  readonly type: 'message'
  /** `entry.body` is undefined where it was taken away by deletion or expiry. */
  tell(entry: Entry<Kept, Body>): v.InferInput<Data>
}

export const event = <const Name extends string, Data extends v.GenericSchema>(
  name: Name,
  { about, data }: { about: string; data: Data },
): ServerEvent<Data> & { name: Name; type: 'event' } => ({ name, type: 'event', about, data })

export const logEvent =
  <Kept, Body = undefined>() =>
  <const Name extends string, Data extends v.GenericSchema>(
    name: Name,
    parts: Pick<LogEvent<Kept, Body, Data>, 'about' | 'data' | 'tell'>,
  ): LogEvent<Kept, Body, Data> & { name: Name } => ({ name, type: 'message', ...parts })

export const isLogEvent = (event: ServerEvent): event is LogEvent => event.type === 'message' && 'tell' in event

/** Told in an entry's place, so that whom it is not for sees no hole. */
export const logSkipped = {
  name: 'log_skipped',
  type: 'message',
  about: "An entry of the room's log that is not for you.",
  data: v.object({ room_id: RoomId, seq: Seq }),
} as const
