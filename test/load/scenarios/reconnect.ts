import type { Connection, Listener } from '../connection.ts'
import { closeAll, open, openAll } from '../crowd.ts'
import { type Guest, planRooms } from '../gathering.ts'
import type { Options } from '../options.ts'
import { meter } from '../processes.ts'
import type { Running } from '../running.ts'
import { Histogram } from '../statistics.ts'
import { circumstances, type Sample, type Scenario } from './scenario.ts'

const ROOMS = 500
const MEMBERS = 10
const MISSED = 5
const OPENING_AT_ONCE = 200
const SETTLING_MS = 10_000

interface Person extends Guest {
  readonly room: string
  /** The last number it has. */
  lastSeq: number
}

/** What one hears after it came back: each number once where it brought its position; else some of them again, but none left out. */
class Hearing implements Listener {
  last: number
  missing = 0
  doubled = 0
  lostFor: string | undefined

  constructor(last: number) {
    this.last = last
  }

  delivery(_: Connection, seq: number) {
    if (seq <= this.last) this.doubled++
    if (seq > this.last + 1) this.missing += seq - this.last - 1
    this.last = Math.max(this.last, seq)
  }

  acknowledged() {}

  lost(reason: string) {
    this.lostFor = reason
  }
}

interface Course {
  readonly server: Running
  readonly people: readonly Person[]
}

/** They are there, and each hears a message. */
async function begin({ server, people }: Course): Promise<Connection[]> {
  const doors = await doorsOf({ server, people }, () => ({}))
  return openAll(doors, OPENING_AT_ONCE)
}

const doorsOf = ({ server: { driver, port }, people }: Course, more: (person: Person) => object) =>
  Promise.all(
    people.map(async (person) => ({
      port,
      readyOn: driver.readyOn,
      auth: { ...((await driver.auth(person.user, person.rooms)) as object), device_id: 'device', ...more(person) },
    })),
  )

/** The owner of all rooms says something in each of them, so many times. */
async function talk({ driver, port }: Running, rooms: readonly string[], times: number): Promise<void> {
  const auth = await driver.auth('admin', [])
  const admin = open({ port, auth, readyOn: driver.readyOn })
  await admin.ready.promise
  for (let n = 0; n < times; n++)
    await Promise.all(rooms.map((room_id) => admin.request('message:send', { room_id, content: { text: 'missed' } })))
  admin.close()
}

interface Returned {
  readonly latency: Histogram
  readonly reads: number
  readonly missing: number
  readonly doubled: number
  readonly cpu_us: number
  readonly circumstances: Readonly<Record<string, number>>
  readonly trouble: readonly string[]
}

/** All at once; done when each has what it missed. */
async function comeBack(course: Course, more: (person: Person) => object): Promise<Returned> {
  const { server, people } = course
  const doors = await doorsOf(course, more)
  const hearing = people.map(({ lastSeq }) => new Hearing(lastSeq))
  const before = await readsOf(server)
  const spent = meter(server.pid)
  const connections = doors.map((door, n) => {
    const connection = open(door)
    connection.listener = hearing[n]
    return connection
  })
  const latency = new Histogram()
  for (const { ready } of connections) latency.add(await ready.promise)
  const { serverCpuMs, clientShare, disturbedShare } = spent()
  const wanted = people.map(({ lastSeq }) => lastSeq + MISSED)
  await untilEqual(hearing, wanted)
  const short = hearing.filter(({ last }, n) => last !== wanted[n]).length
  const lost = hearing.flatMap(({ lostFor }) => lostFor ?? [])
  people.forEach((person, n) => {
    person.lastSeq = hearing[n]?.last ?? 0
  })
  const reads = (await readsOf(server)) - before
  closeAll(connections)
  return {
    latency,
    reads,
    missing: sum(hearing.map(({ missing }) => missing)),
    doubled: sum(hearing.map(({ doubled }) => doubled)),
    cpu_us: (serverCpuMs * 1_000) / people.length,
    circumstances: { client_pct: clientShare * 100, disturbed_pct: disturbedShare * 100 },
    trouble: [short > 0 ? `${short} did not get all they missed` : '', ...lost.slice(0, 3)].filter(Boolean),
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

async function untilEqual(hearing: readonly Hearing[], wanted: readonly number[]) {
  const deadline = performance.now() + SETTLING_MS
  while (hearing.some(({ last }, n) => last !== wanted[n]) && performance.now() < deadline) await Bun.sleep(5)
}

async function readsOf({ port }: Running): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return Number(/^parley_replay_reads(?:\{.*\})? (\d+)$/m.exec(text)?.[1] ?? 0)
}

async function epochOf({ driver, port }: Running, room_id: string): Promise<string> {
  const admin = open({ port, auth: await driver.auth('admin', []), readyOn: driver.readyOn })
  await admin.ready.promise
  const { epoch } = (await admin.request('room:subscribe', { room_id })) as { epoch: string }
  admin.close()
  return epoch
}

async function measure(server: Running, { connections = ROOMS * MEMBERS }: Options): Promise<Sample> {
  const plan = planRooms(Math.ceil(connections / MEMBERS), MEMBERS)
  const rooms = plan.map(({ id }) => id)
  await server.driver.prepare(server.port, plan)
  const people: Person[] = plan.flatMap(({ id, members }) =>
    members.map((user) => ({ user, rooms: [id], room: id, lastSeq: 1 })),
  )
  const epoch = await epochOf(server, rooms[0] as string)
  const first = await begin({ server, people })
  closeAll(first)
  await talk(server, rooms, MISSED)
  const positions = ({ room, lastSeq }: Person) => ({ positions: { [room]: { epoch, seq: lastSeq } } })
  const dropped = await comeBack({ server, people }, positions)

  const staying = await begin({ server, people })
  await Bun.sleep(HEARD_MS)
  await server.restart()
  closeAll(staying)
  await talk(server, rooms, MISSED)
  const killed = await comeBack({ server, people }, () => ({}))
  return {
    trouble: [
      ...dropped.trouble,
      ...killed.trouble,
      dropped.missing + killed.missing > 0 ? `${dropped.missing + killed.missing} messages are missing` : '',
      dropped.doubled > 0 ? `${dropped.doubled} messages came twice to who brought a position` : '',
    ].filter(Boolean),
    values: {
      p50_ms: dropped.latency.percentile(0.5),
      p99_ms: dropped.latency.percentile(0.99),
      reads: dropped.reads / rooms.length,
      cpu_us: dropped.cpu_us,
      killed_p50_ms: killed.latency.percentile(0.5),
      killed_p99_ms: killed.latency.percentile(0.99),
      killed_reads: killed.reads / rooms.length,
      killed_cpu_us: killed.cpu_us,
      missing: dropped.missing + killed.missing,
      doubled: dropped.doubled,
      ...killed.circumstances,
    },
  }
}

/** Long enough for a ping to be answered, and for what that proves to be written. */
const HEARD_MS = 8_000

export const reconnect: Scenario = {
  name: 'reconnect',
  only: ['parley'],
  about: ({ connections = ROOMS * MEMBERS }) =>
    `${connections} in rooms of ${MEMBERS}, dropped at once, back at once after ${MISSED} messages a room: ` +
    'with their positions; and as devices that bring none, after the service was killed',
  columns: [
    { key: 'p50_ms', title: 'p50 ms', digits: 0 },
    { key: 'p99_ms', title: 'p99 ms', digits: 0 },
    { key: 'reads', title: 'reads a room', digits: 2 },
    { key: 'cpu_us', title: 'CPU µs each', digits: 0 },
    { key: 'killed_p50_ms', title: 'killed: p50 ms', digits: 0 },
    { key: 'killed_p99_ms', title: 'killed: p99 ms', digits: 0 },
    { key: 'killed_reads', title: 'killed: reads a room', digits: 2 },
    { key: 'killed_cpu_us', title: 'killed: CPU µs each', digits: 0 },
    { key: 'missing', title: 'missing', digits: 0 },
    { key: 'doubled', title: 'doubled', digits: 0 },
    ...circumstances,
  ],
  targets: [
    { key: 'p99_ms', atMost: 3_000 },
    { key: 'killed_p99_ms', atMost: 3_000 },
  ],
  measure,
}
