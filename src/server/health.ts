/** How this server is, and what it has done: for readiness and for operators. */
import type { Health, Stats } from '../features/feature.ts'
import type { Clock } from '../ports/clock.ts'
import type { Meter } from '../ports/meter.ts'

interface World {
  readonly clock: Clock
  readonly meter: Pick<Meter, 'summary'>
  dependencies(): Record<string, unknown>
  draining(): boolean
  counts(): Pick<Stats, 'connections' | 'users' | 'rooms'>
}

export function healthOf({ clock, meter, dependencies: ask, draining, counts }: World) {
  const began = clock.now()

  function health(): Health {
    const dependencies = ask()
    const states = Object.values(dependencies) as { status?: string }[]
    const well = states.every(({ status }) => status === 'ok')
    const status = draining() ? 'draining' : well ? 'ok' : 'degraded'
    const uptime_s = Math.floor((clock.now() - began) / 1_000)
    return { status, uptime_s, connections: counts().connections, dependencies }
  }

  function stats(): Stats {
    const { messages, events, errors, latency_ms } = meter.summary()
    const { rss: rss_bytes, heapUsed: heap_used_bytes } = process.memoryUsage()
    return { ...counts(), messages, events, errors, latency_ms, memory: { rss_bytes, heap_used_bytes } }
  }

  return { health, stats }
}
