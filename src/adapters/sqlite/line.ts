// An entry as one value of a row: what its room and its number do not tell already.
import type { Entry } from '../../protocol/entry.ts'
import { madeAt } from '../../protocol/ids.ts'
import { decode, encode, encodeBinary, holdsBinary } from './encoding.ts'

/** What the entries of a log have in common. */
export interface Common {
  readonly epoch: string
  readonly tenant_id: string | undefined
  readonly room_id: string | undefined
}

interface Rest {
  body?: unknown
  audience?: readonly string[]
  expires_at?: number
  device_id?: string
  redacted_at?: number
  /** It touches the room. */
  room?: true
  tenant_id?: string
  room_id?: string
}

type Line = [id: string, key: string, action: string, kept: unknown, rest: Rest]

export interface Lined {
  readonly entry: Entry
  readonly key: string
  readonly touchesRoom: boolean
}

/** Text where it is JSON, to be written as UTF-8; bytes where binary is inside. */
export function lineOf({ entry, key, touchesRoom }: Lined, common: Omit<Common, 'epoch'>): string | Uint8Array {
  const rest: Rest = {}
  if (entry.body !== undefined) rest.body = entry.body
  if (entry.audience !== undefined) rest.audience = entry.audience
  if (entry.expires_at !== undefined) rest.expires_at = entry.expires_at
  if (entry.device_id !== undefined) rest.device_id = entry.device_id
  if (touchesRoom) rest.room = true
  if (entry.tenant_id !== common.tenant_id) rest.tenant_id = entry.tenant_id
  if (entry.room_id !== common.room_id) rest.room_id = entry.room_id
  const line: Line = [entry.id, key, entry.action, entry.kept, rest]
  return holdsBinary(entry.body) || holdsBinary(entry.kept) ? encodeBinary(line) : JSON.stringify(line)
}

export function readLine(bytes: Uint8Array, seq: number, common: Common): Lined {
  const [id, key, action, kept, rest] = decode(bytes) as Line
  const entry: Entry = {
    id,
    epoch: common.epoch,
    seq,
    at: madeAt(id) as number,
    tenant_id: rest.tenant_id ?? common.tenant_id ?? '',
    room_id: rest.room_id ?? common.room_id ?? '',
    action,
    kept,
    body: rest.body,
    audience: rest.audience,
    expires_at: rest.expires_at,
    device_id: rest.device_id,
    redacted_at: rest.redacted_at,
  }
  return { entry, key, touchesRoom: rest.room === true }
}

/** The same line without its body, and until when it would have had one. */
export function withoutBody(bytes: Uint8Array, redacted_at: number | undefined) {
  const [id, key, action, kept, { body: _, ...rest }] = decode(bytes) as Line
  const line: Line = [id, key, action, kept, redacted_at === undefined ? rest : { ...rest, redacted_at }]
  return { bytes: encode(line), expires_at: rest.expires_at }
}

/** Expiry is for every reader from its time on, whether or not the body was taken away by then. */
export const asOf = (entry: Entry, now: number): Entry =>
  entry.body !== undefined && (entry.expires_at ?? Number.POSITIVE_INFINITY) <= now
    ? { ...entry, body: undefined }
    : entry

/** Whether the body was there and is gone. */
export const isTaken = ({ body, redacted_at, expires_at }: Entry): boolean =>
  redacted_at !== undefined || (expires_at !== undefined && body === undefined)
