import { closeAll } from '../crowd.ts'
import { gather, planRooms } from '../gathering.ts'
import type { Options } from '../options.ts'
import { closedLoop, type Loop } from '../pace.ts'
import { meter } from '../processes.ts'
import type { Running } from '../running.ts'
import { Traffic } from '../traffic.ts'
import { circumstances, type Sample, type Scenario } from './scenario.ts'

const MEMBERS = 1_000
const MESSAGES = 4_000
/** Enough that the rate is measured, and not how long one message takes. */
const OUTSTANDING = 64
const WARMING = 300

/** One member speaks, a thousand hear it; the next message leaves when one of those under way is with everybody. */
async function measure(
  server: Running,
  { messages = MESSAGES, outstanding = OUTSTANDING, size }: Options,
): Promise<Sample> {
  const rooms = await gather(server, planRooms(1, MEMBERS))
  const loop: Loop = { messages, outstanding, done: ({ complete, answered }) => Math.min(complete, answered) }
  const early = await closedLoop(new Traffic(rooms, size), { ...loop, messages: WARMING })
  const traffic = new Traffic(rooms, size)
  const spent = meter(server.pid)
  const trouble = await closedLoop(traffic, loop)
  const { serverCpuMs, clientShare, disturbedShare } = spent()
  closeAll(rooms.flatMap(({ members }) => members))
  const { delivered, deliveredBytes, deliveryLatency } = traffic
  return {
    trouble: [...early, ...trouble],
    values: {
      deliveries_s: (delivered / (traffic.lastAt - traffic.startedAt)) * 1000,
      cpu_us: (serverCpuMs * 1000) / delivered,
      p50_ms: deliveryLatency.percentile(0.5),
      p99_ms: deliveryLatency.percentile(0.99),
      frame_bytes: deliveredBytes / delivered,
      client_pct: clientShare * 100,
      disturbed_pct: disturbedShare * 100,
    },
  }
}

export const fanout: Scenario = {
  name: 'fanout',
  about: ({ messages = MESSAGES, outstanding = OUTSTANDING }) =>
    `1 room of ${MEMBERS}, one of them speaks: ${messages} messages, ${outstanding} under way at a time`,
  columns: [
    { key: 'deliveries_s', title: 'deliveries/s', digits: 0, compared: true },
    { key: 'cpu_us', title: 'CPU µs each', digits: 2, compared: true },
    { key: 'p50_ms', title: 'p50 ms', digits: 1 },
    { key: 'p99_ms', title: 'p99 ms', digits: 1 },
    { key: 'frame_bytes', title: 'frame bytes', digits: 0 },
    ...circumstances,
  ],
  targets: [
    { key: 'deliveries_s', against: 'raw', atLeast: 0.85 },
    { key: 'deliveries_s', against: 'bare', atLeast: 3.5 },
  ],
  measure,
}
