/** The token: asked for when one is needed, kept while it is good, and never sent when it is about to end. */
import { type Clock, pause } from './clock.ts'
import { Refusal } from './refusal.ts'

/** A token, or where to get one. What it throws is tried again, but for a `Refusal` that is not to be retried. */
export type TokenSource = string | (() => string | Promise<string>)

export interface Session {
  token(): Promise<string>
  /** The service took the token: it is good for so long from now. */
  accepted(goodForMs: number): void
  /** The service did not take it. Whether another can be had. */
  refused(): boolean
  /** Gets a newer token and hands it over, before the one in use ends; nothing where there is no other. */
  renew(renewal: Renewal): Promise<void>
}

export interface Renewal {
  readonly goodForMs: number
  /** Whether the connection that it is for still is. */
  wanted(): boolean
  /** For how long the newer one is good; nothing where it was not taken. */
  handOver(token: string): Promise<number | undefined>
}

/** With less than this left, a token is not begun with. */
const EARLY_MS = 60_000
/** Who was asked for one and says nothing for so long is asked again. */
const PATIENCE_MS = 20_000
const RENEWALS = 3
const SPREAD_MS = 10_000
const AGAIN_MS = 5_000

interface Parts {
  readonly source: TokenSource
  readonly clock: Clock
  chance(): number
}

export function session({ source, clock, chance }: Parts): Session {
  let held: Promise<string> | undefined
  let until = Number.POSITIVE_INFINITY
  let renewals = 0

  async function fresh(): Promise<string> {
    const given = typeof source === 'string' ? source : await source()
    if (typeof given === 'string' && given !== '') return given
    throw Refusal.of('unauthenticated', 'No token was given.')
  }

  function token(): Promise<string> {
    if (held && clock.now() < until - EARLY_MS) return held
    until = clock.now() + EARLY_MS + PATIENCE_MS
    const asked = fresh()
    held = asked
    const isHeld = () => held === asked
    asked.then(
      () => {
        if (isHeld()) until = Number.POSITIVE_INFINITY
      },
      () => {
        if (isHeld()) held = undefined
      },
    )
    return asked
  }

  function accepted(goodForMs: number) {
    renewals = 0
    until = clock.now() + goodForMs
  }

  return {
    token,
    accepted,
    refused() {
      held = undefined
      return typeof source !== 'string' && renewals++ < RENEWALS
    },
    async renew({ goodForMs, wanted, handOver }) {
      if (typeof source === 'string') return
      const end = clock.now() + goodForMs
      await pause(clock, Math.min(chance() * SPREAD_MS, goodForMs / 2))
      while (clock.now() < end && wanted()) {
        held = undefined
        const more = await token().then(handOver, () => undefined) // a provider that is away is asked again
        if (more !== undefined) return accepted(more)
        await pause(clock, AGAIN_MS)
      }
    },
  }
}
