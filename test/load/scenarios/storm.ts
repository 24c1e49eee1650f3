import { closeAll, openAll } from '../crowd.ts'
import { admit, doors, people } from '../gathering.ts'
import type { Options } from '../options.ts'
import { meter } from '../processes.ts'
import type { Running } from '../running.ts'
import { Histogram } from '../statistics.ts'
import { circumstances, type Sample, type Scenario } from './scenario.ts'

const CONNECTIONS = 5_000
const WARMING = 300

/** All connect in the same moment; ready is who takes part (signed in and synced, where there is something to sign in to). */
async function measure(server: Running, { connections = CONNECTIONS }: Options): Promise<Sample> {
  const guests = people(connections + WARMING).map((user) => ({ user, rooms: [] }))
  closeAll(await admit(server, guests.slice(connections)))
  const prepared = await doors(server, guests.slice(0, connections))
  const spent = meter(server.pid)
  const connected = await openAll(prepared, connections)
  const { ms, serverCpuMs, clientShare, disturbedShare } = spent()
  const latency = new Histogram()
  for (const { ready } of connected) latency.add(await ready.promise)
  closeAll(connected)
  return {
    trouble: [],
    values: {
      p50_ms: latency.percentile(0.5),
      p99_ms: latency.percentile(0.99),
      all_ms: ms,
      cpu_us: (serverCpuMs * 1000) / connections,
      client_pct: clientShare * 100,
      disturbed_pct: disturbedShare * 100,
    },
  }
}

export const storm: Scenario = {
  name: 'storm',
  about: ({ connections = CONNECTIONS }) => `${connections} connects at once, from the connect to readiness`,
  columns: [
    { key: 'p50_ms', title: 'p50 ms', digits: 0, compared: true },
    { key: 'p99_ms', title: 'p99 ms', digits: 0, compared: true },
    { key: 'all_ms', title: 'all in ms', digits: 0 },
    { key: 'cpu_us', title: 'CPU µs a connect', digits: 0, compared: true },
    ...circumstances,
  ],
  targets: [],
  measure,
}
