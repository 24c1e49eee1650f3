/** What the engine finds out about how its connections get through: told to each, noted for all servers, and counted. */
import type { Meter } from '../../ports/meter.ts'
import type { Changing } from '../../ports/roster.ts'
import type { ServerConnection } from './connection.ts'
import { answered, isInDoubt, lossOf, missed, newPulse, type Pulse, rttOf } from './quality.ts'

interface World {
  readonly meter: Pick<Meter, 'ping' | 'quality'>
  /** Under one of the engine's. */
  connectionOf(conn: object): ServerConnection | undefined
  note(connection: ServerConnection, change: Partial<Changing>): void
}

/** A time that changed by less is no news: half of it, and this. */
const NEWS_MS = 20

export function pulses({ meter, connectionOf, note }: World) {
  function look(connection: ServerConnection, pulse: Pulse, before: Pulse['quality']) {
    const { quality } = pulse
    const rtt_ms = rttOf(pulse)
    if (quality !== before) meter.quality(before, quality)
    if (quality === before && Math.abs(rtt_ms - pulse.noted_ms) < pulse.noted_ms / 2 + NEWS_MS) return
    pulse.noted_ms = rtt_ms
    note(connection, { quality, rtt_ms })
    if (quality !== (before ?? 'good')) connection.say('connection_quality', { quality, rtt_ms, loss: lossOf(pulse) })
  }

  return {
    /** True where another ping is wanted soon. */
    onPong(conn: object, rtt_ms: number): boolean {
      meter.ping('answered', rtt_ms)
      const connection = connectionOf(conn)
      if (!connection?.caller) return false
      connection.pulse ??= newPulse()
      const { pulse, transport } = connection
      const before = pulse.quality
      answered(pulse, rtt_ms, transport)
      look(connection, pulse, before)
      return isInDoubt(pulse)
    },
    onLate(conn: object) {
      meter.ping('late')
      const connection = connectionOf(conn)
      if (!connection?.caller) return
      connection.pulse ??= newPulse()
      const { pulse } = connection
      const before = pulse.quality
      missed(pulse)
      look(connection, pulse, before)
    },
    left({ pulse, left }: ServerConnection) {
      if (left === 'ping timeout') meter.ping('unanswered')
      if (pulse?.quality) meter.quality(pulse.quality, undefined)
    },
  }
}
