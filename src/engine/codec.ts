/** How packets of Socket.IO are written and read: head first, so that what is refused can still be answered, unparsed. */
import type { PacketType } from 'socket.io-parser'
import { Failure } from '../protocol/failure.ts'
import type { Packet, RawData } from './upstream.ts'

export interface Head {
  type: PacketType
  readonly nsp: string
  readonly id: number | undefined
  /** Binary frames that follow. */
  readonly attachments: number
  /** Where the payload begins, and that there is one. */
  readonly at: number
}

export interface Codec {
  readonly encoder: { encode(packet: Packet): RawData[] }
  head(frame: string | Buffer, from: number): Head
  /** Whether it is nested deeper than what may be walked. Never walks deeper itself. */
  isDeep(frame: string | Buffer, head: Head): boolean
  payload(frame: string | Buffer, head: Head): unknown
}

/** Nobody who follows the protocol sends this, so the connection ends. */
export const malformed = (what: string): Failure => new Failure('protocol_abuse', `Not a packet of Socket.IO: ${what}.`)

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whether something binary is in it. What nests too deep could not be walked by others either, so it is not sent. */
export function holdsBinary(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) throw new Failure('validation_failed', 'What is to be sent is nested too deep.')
  if (Array.isArray(value)) return value.some((one) => holdsBinary(one, levels - 1))
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return true
  const record = value as Record<string, unknown> & { toJSON?: () => unknown }
  if (typeof record.toJSON === 'function') return holdsBinary(record.toJSON(), levels - 1)
  for (const key in record) {
    const one = record[key]
    if (typeof one === 'object' && one !== null && holdsBinary(one, levels - 1)) return true
  }
  return false
}
