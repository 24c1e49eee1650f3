/** What an engine does about addresses that are suspected, and what it learns of them. */
import { Failure } from '../../protocol/failure.ts'
import type { Suspicion } from './suspicion.ts'

export type Outsiders = ReturnType<typeof outsiders>

export function outsiders(suspicion: Suspicion | undefined, networkOf: (address: string) => string | undefined) {
  return {
    networkOf,

    /** A credential by HTTP was no good. Where that was often so already, the answer waits. */
    refused(address: string, failure: unknown): Promise<void> | undefined {
      const network = networkOf(address)
      suspicion?.refused(network, failure)
      return suspicion?.wait(network)
    },

    /** Answers a newcomer from an address that is cut off. A stock client tries again by itself. */
    keepOut(address: string): Response | undefined {
      const retry_after_ms = suspicion?.cutOff(networkOf(address)) ?? 0
      return retry_after_ms > 0 ? refusal(retry_after_ms) : undefined
    },

    /** How a connection ended may say something of where it came from. */
    ended(address: string, why: string, signedIn: boolean) {
      if (why === 'parse error') suspicion?.noticed(networkOf(address), 'malformed')
      if (why === 'too_many_connections') suspicion?.noticed(networkOf(address), 'stranger')
      if (why === 'protocol_abuse') suspicion?.noticed(networkOf(address), signedIn ? 'malformed' : 'stranger')
    },
  }
}

function refusal(retry_after_ms: number): Response {
  const { data } = new Failure('rate_limited', 'Too much from this address was refused.', { retry_after_ms })
  const headers = { 'retry-after': String(Math.ceil(retry_after_ms / 1_000)) }
  return Response.json({ error: data }, { status: 429, headers })
}
