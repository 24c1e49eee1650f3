import { Registry } from 'prom-client'
import type { Meter } from '../../ports/meter.ts'
import { exposeNumbers } from './exposed.ts'
import { exposeCounts, exposeDurations, type Numbers, numbers } from './numbers.ts'
import { exposeProcess } from './process.ts'

interface Metered {
  /** The registry's names: only these have labels of their own. */
  readonly commands: readonly string[]
  readonly events: readonly string[]
  readonly server: { readonly id: string; readonly region: string; readonly version: string }
}

/** Time in ms that never goes back, and a beat that does not keep the process alive. */
export interface Beat {
  now(): number
  every(ms: number, then: () => void): () => void
}

const BEAT_MS = 50

/** Each service has numbers of its own: two in one process do not add up. */
export function prometheusMeter({ commands, events, server }: Metered, beat = realBeat): Meter & { close(): void } {
  const registry = new Registry()
  const all = numbers(commands, events)
  exposeNumbers(registry, 'gauge', { name: 'parley_info', help: 'What runs here.' }, () => [[{ ...server }, 1]])
  exposeCounts(registry, all)
  exposeDurations(registry, all)
  exposeProcess(registry)

  return {
    ...counting(all),
    gauge(name, about, read) {
      registry.removeSingleMetric(`parley_${name}`)
      exposeNumbers(registry, 'gauge', { name: `parley_${name}`, help: about }, () => [[{}, read()]])
    },
    render: () => registry.metrics(),
    summary: () => ({
      connections: sumOf(all.websocket.of) + sumOf(all.polling.of),
      messages: all.commands.accepted('message:send'),
      events: sumOf(all.told.of),
      errors: all.commands.refused() + sumOf(all.failed.of),
      latency_ms: all.commands.lately.quantiles(),
    }),
    close: pulse(all, beat),
  }
}

type Counting = Omit<Meter, 'gauge' | 'render' | 'summary'>

function counting(all: Numbers): Counting {
  return {
    command: all.commands.add,
    told: all.told.add,
    connection(transport, from, to) {
      const states = transport === 'websocket' ? all.websocket : all.polling
      if (from !== undefined) states.add(from, -1)
      if (to === undefined) return
      states.add(to)
      all.entered.add(to)
    },
    upgraded(state) {
      all.polling.add(state, -1)
      all.websocket.add(state)
    },
    closed: (reason) => all.closed.add(reason),
    ping(outcome, ms) {
      all.pings.add(outcome)
      if (ms !== undefined) all.rtts.observe(ms)
    },
    quality(from, to) {
      if (from !== undefined) all.qualities.add(from, -1)
      if (to !== undefined) all.qualities.add(to)
    },
    gap: all.gaps.add,
    checked(rooms) {
      all.checks.add('checks')
      all.checks.add('rooms', rooms)
    },
    committed(entries, ms) {
      all.batches.observe(entries)
      all.commits.observe(ms)
    },
    failed: (where) => all.failed.add(where),
    suspicious: all.suspicious.add,
  }
}

/** How late the beat comes is how long whatever else was due had to wait: runtimes' own measures are not to be trusted. */
function pulse(all: Numbers, { now, every }: Beat): () => void {
  let due = now() + BEAT_MS
  return every(BEAT_MS, () => {
    const at = now()
    all.delays.observe(Math.max(0, at - due))
    all.commands.lately.roll(at)
    due = at + BEAT_MS
  })
}

const realBeat: Beat = {
  now: () => performance.now(),
  every(ms, then) {
    const timer = setInterval(then, ms)
    timer.unref()
    return () => clearInterval(timer)
  },
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  let sum = 0
  for (const count of counts.values()) sum += count
  return sum
}
