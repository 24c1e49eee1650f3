/** Whether the connection still lives, and whether another would be better. It only advises: `connection.ts` acts. */
import type { Clock } from './clock.ts'

export interface Pulse {
  /** A connection begins; the service is to be heard of this often. */
  begin(heartbeatMs: number): void
  alive(): void
  quality(quality: string): void
  end(): void
}

interface Parts {
  readonly clock: Clock
  /** It was quiet for too long: ask whether someone is there. */
  doubt(): void
  /** It has been poor for a while: a new one may take a better way. */
  giveUp(): void
}

/** So much later than expected, a heartbeat counts as missed. */
const LATE_MS = 5_000
const POOR_MS = 15_000
/** At most so often is a poor connection left for another, which may be as poor. */
const PATIENCE_MS = 120_000

export function pulse({ clock, doubt, giveUp }: Parts): Pulse {
  let lastAlive = 0
  let gaveUpAt = Number.NEGATIVE_INFINITY
  let stopLooking = () => {}
  let stopPoor: (() => void) | undefined

  /** One timer a connection, not one a heartbeat. */
  function lookAfter(ms: number, quietMs: number) {
    stopLooking = clock.after(ms, () => {
      lastAlive = Math.min(lastAlive, clock.now()) // the clock may have been set back
      const quiet = clock.now() - lastAlive
      if (quiet >= quietMs) doubt()
      lookAfter(quiet >= quietMs ? quietMs : quietMs - quiet, quietMs)
    })
  }

  function fine() {
    stopPoor?.()
    stopPoor = undefined
  }

  function poor() {
    if (stopPoor) return
    doubt()
    stopPoor = clock.after(POOR_MS, () => {
      stopPoor = undefined
      if (clock.now() - gaveUpAt < PATIENCE_MS) return
      gaveUpAt = clock.now()
      giveUp()
    })
  }

  return {
    begin(heartbeatMs) {
      stopLooking()
      lastAlive = clock.now()
      lookAfter(heartbeatMs + LATE_MS, heartbeatMs + LATE_MS)
    },
    alive() {
      lastAlive = clock.now()
    },
    quality: (quality) => (quality === 'poor' ? poor() : fine()),
    end() {
      stopLooking()
      fine()
    },
  }
}
