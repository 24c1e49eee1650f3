import { closeAll } from '../crowd.ts'
import { gather, planRooms } from '../gathering.ts'
import type { Options } from '../options.ts'
import { closedLoop, openLoop } from '../pace.ts'
import { meter, type Spent } from '../processes.ts'
import type { Running } from '../running.ts'
import { type Room, Traffic } from '../traffic.ts'
import { circumstances, type Sample, type Scenario } from './scenario.ts'

const ROOMS = 500
const MEMBERS = 4
/** Until the hot paths are compiled: a service that has run for a minute is what is measured. */
const WARMING = 40_000
const SECONDS = 3
const MESSAGES = 60_000
const OUTSTANDING = 256
const STEP = 1.2
const MOST_STEPS = 12
/** A rate is held where answers do not pile up: the slowest hundredth waits no longer than this. */
const HELD_MS = 500

interface Stretch extends Spent {
  readonly traffic: Traffic
  readonly trouble: readonly string[]
}

interface Course {
  readonly server: Running
  readonly rooms: readonly Room[]
  readonly options: Options
  readonly seconds: number
}

async function stretch(
  { server, rooms, options }: Course,
  run: (traffic: Traffic) => Promise<string[]>,
): Promise<Stretch> {
  const traffic = new Traffic(rooms, options.size)
  const spent = meter(server.pid)
  const trouble = await run(traffic)
  return { traffic, trouble, ...spent() }
}

const saturated = (course: Course, messages: number): Promise<Stretch> =>
  stretch(course, (traffic) =>
    closedLoop(traffic, {
      messages,
      outstanding: course.options.outstanding ?? OUTSTANDING,
      done: ({ answered }) => answered,
    }),
  )

const atRate = (course: Course, rate: number, seconds: number): Promise<Stretch> =>
  stretch(course, (traffic) => openLoop(traffic, rate, seconds))

const perSecond = ({ traffic }: Stretch): number => (traffic.sent / (traffic.lastAt - traffic.startedAt)) * 1000

const cpuEach = ({ traffic, serverCpuMs }: Stretch): number => (serverCpuMs * 1000) / traffic.sent

/** Climbs from a rate in steps until one is not held, twice over; the answer is the last that was. */
async function highestRate(course: Course, from: number): Promise<{ rate: number; trouble: readonly string[] }> {
  let held = 0
  for (let rate = from, misses = 0, steps = 0; misses < 2 && steps < MOST_STEPS; steps++) {
    const { traffic, trouble } = await atRate(course, rate, course.seconds / 2)
    if (trouble.length > 0) return { rate: held, trouble }
    if (traffic.ackLatency.percentile(0.99) > HELD_MS) {
      // One step may fall into a moment in which somebody else had the core.
      misses++
      continue
    }
    misses = 0
    held = rate
    rate *= STEP
  }
  return { rate: held, trouble: [] }
}

async function measure(server: Running, options: Options): Promise<Sample> {
  const { messages = MESSAGES, seconds = SECONDS, rate } = options
  const rooms = await gather(server, planRooms(ROOMS, MEMBERS))
  const course: Course = { server, rooms, options, seconds }
  const warmed = await saturated(course, WARMING)
  const closed = await saturated(course, messages)
  const paced = await atRate(course, rate, seconds)
  const highest = await highestRate(course, perSecond(closed) * 0.5)
  const half = await atRate(course, Math.max(1, highest.rate / 2), seconds)
  closeAll(rooms.flatMap(({ members }) => members))
  const { traffic } = closed
  return {
    trouble: [warmed, closed, paced, highest, half].flatMap(({ trouble }) => trouble),
    values: {
      messages_s: perSecond(closed),
      cpu_us: cpuEach(closed),
      p50_ms: traffic.ackLatency.percentile(0.5),
      p99_ms: traffic.ackLatency.percentile(0.99),
      paced_cpu_us: cpuEach(paced),
      paced_p50_ms: paced.traffic.ackLatency.percentile(0.5),
      paced_p99_ms: paced.traffic.ackLatency.percentile(0.99),
      highest_s: highest.rate,
      half_p99_ms: half.traffic.ackLatency.percentile(0.99),
      half_cpu_us: cpuEach(half),
      frame_bytes: traffic.deliveredBytes / traffic.delivered,
      ack_bytes: traffic.ackBytes / traffic.acked,
      client_pct: closed.clientShare * 100,
      disturbed_pct: Math.max(closed.disturbedShare, paced.disturbedShare, half.disturbedShare) * 100,
    },
  }
}

export const rooms: Scenario = {
  name: 'rooms',
  about: ({ messages = MESSAGES, outstanding = OUTSTANDING, rate, seconds = SECONDS }) =>
    `${ROOMS} rooms of ${MEMBERS}, send with acknowledgement: ${messages} messages with ${outstanding} under way (full); ` +
    `${rate}/s for ${seconds} s (paced); a rising rate, and ${seconds} s at half the highest that was held (half)`,
  columns: [
    { key: 'messages_s', title: 'full: messages/s', digits: 0, compared: true },
    { key: 'cpu_us', title: 'full: CPU µs each', digits: 1, compared: true },
    { key: 'p50_ms', title: 'full: p50 ms', digits: 1 },
    { key: 'p99_ms', title: 'full: p99 ms', digits: 1 },
    { key: 'paced_cpu_us', title: 'paced: CPU µs each', digits: 1, compared: true },
    { key: 'paced_p50_ms', title: 'paced: p50 ms', digits: 1 },
    { key: 'paced_p99_ms', title: 'paced: p99 ms', digits: 1 },
    { key: 'highest_s', title: 'highest rate/s', digits: 0, compared: true },
    { key: 'half_p99_ms', title: 'half: p99 ms', digits: 1 },
    { key: 'half_cpu_us', title: 'half: CPU µs each', digits: 1 },
    { key: 'frame_bytes', title: 'frame bytes', digits: 0 },
    { key: 'ack_bytes', title: 'ack bytes', digits: 0 },
    ...circumstances,
  ],
  targets: [
    { key: 'cpu_us', against: 'bare', atMost: 1 },
    { key: 'paced_cpu_us', against: 'bare', atMost: 1 },
    { key: 'half_p99_ms', atMost: 100 },
  ],
  measure,
}
