/** What all that stands upon an engine needs of one of its connections, whichever engine that is. */
import type { Failure } from '../protocol/failure.ts'
import type { Client } from './client.ts'
import type { HandshakeRequest, RawData } from './upstream.ts'

/** What is known of who it is: nothing yet, that it brought no token, that it brought one, that it was let in. */
export type Standing = 'new' | 'tokenless' | 'bearing' | 'admitted'

export interface Link {
  readonly id: string
  readonly request: HandshakeRequest
  readonly readyState: string
  /** Of Socket.IO's `handshake.address`. */
  readonly remoteAddress: string
  readonly network: string
  readonly transport: { readonly name: string; readonly writable: boolean }
  /** Bytes that wait for its reader, as far as is known. */
  readonly bufferedAmount: number
  standing: Standing
  /** Who takes its messages; without one they are told as the event `data`. */
  client: Client | undefined
  write(data: RawData): unknown
  /** Tells why, where there is someone to tell, and closes: the client comes back if it is worth it. */
  end(failure: Failure): void
  close(why?: string): void
}
