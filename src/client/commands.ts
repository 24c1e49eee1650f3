/** Commands, asked until they are answered: under one id, so that the service does once what it is asked twice. */
import type { FailureData } from '../protocol/failure.ts'
import { newId } from '../protocol/uuid.ts'
import { delay } from './backoff.ts'
import { type Clock, pause, within } from './clock.ts'
import type { Connection } from './connection.ts'
import { Refusal } from './refusal.ts'

export interface Asking {
  /** By which the service knows it again. */
  readonly id?: string
  /** How many refusals that may be retried are taken before it is given up. */
  readonly tries?: number
  /** From the asking to the answer, with the time that there is no connection; for ever where it is not given. */
  readonly timeoutMs?: number | undefined
  /** Nobody waits for it any more: it is not asked again, and refused as `timeout`. */
  gone?(): boolean
}

export type Command = <Reply>(
  name: string,
  data: unknown | ((again: boolean) => unknown),
  how?: Asking,
) => Promise<Reply>

interface Parts {
  readonly clock: Clock
  readonly link: Pick<Connection, 'signedIn' | 'ask' | 'refusal'>
  chance(): number
}

const ANSWER_MS = 10_000
const PAUSES = { first_ms: 250, most_ms: 15_000 }
const TRIES = 4
/** Nobody waits for it. */
const GONE = Refusal.of('timeout', 'This was called off.')

export function commands({ clock, chance, link }: Parts): Command {
  async function untilAnswered<Reply>(name: string, data: unknown, { id, tries, gone }: Asked): Promise<Reply> {
    for (let asked = 0, refused = 0; ; asked++) {
      await link.signedIn()
      if (link.refusal) throw link.refusal
      if (gone()) throw GONE
      const stamp = { type: 'event', id, timestamp: clock.now() }
      const payload = { action: name, data: typeof data === 'function' ? data(asked > 0) : data }
      const reply = await link.ask(name, { ...stamp, payload }, ANSWER_MS)
      if (reply?.type === 'ack') return reply.payload.data as Reply
      const refusal = reply && new Refusal(reply.payload.data as FailureData)
      if (refusal && !(worthRetrying(refusal) && ++refused < tries)) throw refusal
      await pause(clock, delay(PAUSES, asked, chance(), refusal?.retryAfterMs))
    }
  }

  return async function command<Reply>(name: string, data: unknown, how: Asking = {}): Promise<Reply> {
    const { id = newId(clock.now()), tries = TRIES, timeoutMs, gone = () => false } = how
    let late = false
    const answer = untilAnswered<Reply>(name, data, { id, tries, gone: () => late || gone() })
    if (timeoutMs === undefined) return answer
    return within(clock, timeoutMs, answer, () => {
      late = true
      return Refusal.of('timeout', `${name} was not answered in time.`)
    })
  }
}

interface Asked {
  readonly id: string
  readonly tries: number
  gone(): boolean
}

/** Whoever is signed out meanwhile is signed in again by the connection, or that ends. */
const worthRetrying = ({ code, retryable }: Refusal) =>
  retryable || code === 'unauthenticated' || code === 'token_expired'
