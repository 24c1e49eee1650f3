import type { Connection, Listener } from '../connection.ts'
import { closeAll, open } from '../crowd.ts'
import { admit, doors, planRooms } from '../gathering.ts'
import type { Options } from '../options.ts'
import { meter } from '../processes.ts'
import type { Running } from '../running.ts'
import { Histogram } from '../statistics.ts'
import { circumstances, type Sample, type Scenario } from './scenario.ts'

const CONNECTIONS = 10_000
const MEMBERS = 10
/** Of a room those who come and go; the others see it. */
const CHURNING = 5
const CHURN_A_SECOND = 0.05
const SECONDS = 20
/** So many seconds' worth of changes are away at a time. */
const AWAY_SECONDS = 4
const SUBSCRIBING_AT_ONCE = 200
const SETTLING_MS = 10_000
const STEP_MS = 5
/** The goodbye is on its way before the connection ends. */
const GOODBYE_MS = 500

type Status = 'online' | 'offline'

interface Person {
  readonly user: string
  readonly room: string
  connection: Connection
  /** What they did last and when, until all who stay in the room have seen it. */
  change: { readonly status: Status; readonly at: number; seen: number } | undefined
}

interface Told {
  readonly user_id: string
  readonly status: string
  readonly changed?: readonly Told[]
}

/** What those who stay see of those who come and go. */
class Sights implements Listener {
  readonly latency = { online: new Histogram(), offline: new Histogram(), all: new Histogram() }
  readonly reasons = new Set<string>()
  events = 0
  readonly #people: ReadonlyMap<string, Person>

  constructor(people: readonly Person[]) {
    this.#people = new Map(people.map((person) => [person.user, person]))
  }

  told(text: string, now: number) {
    if (!/^\["(user_presence|presence_summary)"/.test(text)) return
    this.events++
    const { data } = JSON.parse(text)[1].payload as { data: Told }
    for (const { user_id, status } of data.changed ?? [data]) this.#see(user_id, status, now)
  }

  #see(user_id: string, status: string, now: number) {
    const change = this.#people.get(user_id)?.change
    if (change?.status !== status) return
    change.seen++
    this.latency[change.status].add(now - change.at)
    this.latency.all.add(now - change.at)
  }

  delivery() {}
  acknowledged() {}
  lost(reason: string) {
    this.reasons.add(`a connection was lost: ${reason}`)
  }
}

async function subscribe(people: readonly Person[]): Promise<void> {
  for (let n = 0; n < people.length; n += SUBSCRIBING_AT_ONCE)
    await Promise.all(people.slice(n, n + SUBSCRIBING_AT_ONCE).map(watch))
}

const watch = ({ connection, room }: Person) => connection.request('presence:subscribe', { room_id: room })

async function gather(server: Running, rooms: number): Promise<Person[]> {
  const plan = planRooms(rooms, MEMBERS)
  await server.driver.prepare(server.port, plan)
  const guests = plan.flatMap(({ id, members }) => members.map((user) => ({ user, rooms: [id] })))
  const connections = await admit(server, guests)
  const people = guests.map(({ user, rooms: [room = ''] }, n) => {
    const connection = connections[n] as Connection
    return { user, room, connection, change: undefined }
  })
  await subscribe(people)
  return people
}

/** One of each room after the other, so that no room changes more than the others. */
function inTurns(people: readonly Person[], rooms: number): Person[] {
  const slots = Array.from({ length: CHURNING }, (_, slot) => slot)
  return slots.flatMap((slot) => Array.from({ length: rooms }, (_, room) => people[room * MEMBERS + slot] as Person))
}

interface Churn {
  readonly sights: Sights
  readonly missed: string[]
  readonly doors: ReadonlyMap<Person, Parameters<typeof open>[0]>
}

function turn({ sights, missed, doors }: Churn, person: Person, status: Status) {
  if (person.change && person.change.seen < MEMBERS - CHURNING) missed.push(person.user)
  person.change = { status, at: performance.now(), seen: 0 }
  if (status === 'offline') return leave(person)
  person.connection = open(doors.get(person) as Parameters<typeof open>[0])
  const { connection } = person
  connection.ready.promise.then(() => watch(person)).catch((error) => sights.reasons.add(String(error)))
}

function leave({ connection }: Person) {
  connection.emit('41')
  setTimeout(() => connection.close(), GOODBYE_MS)
}

/** Once enough are away, as many sign in as sign out, and who went first comes first. */
async function churn(course: Churn, people: readonly Person[], rate: number, seconds: number): Promise<void> {
  const [here, away] = [[...people], [] as Person[]]
  const next = (turns: number) => {
    const comes = turns % 2 === 1 && away.length > rate * AWAY_SECONDS
    const [from, to] = comes ? [away, here] : [here, away]
    const person = from.shift() as Person
    to.push(person)
    turn(course, person, comes ? 'online' : 'offline')
  }
  const start = performance.now()
  for (let done = 0; done < rate * seconds; ) {
    const due = Math.min(rate * seconds, Math.floor(((performance.now() - start) * rate) / 1_000))
    while (done < due) next(done++)
    await Bun.sleep(STEP_MS)
  }
  await Bun.sleep(SETTLING_MS)
}

async function measure(server: Running, options: Options): Promise<Sample> {
  const { connections = CONNECTIONS, seconds = SECONDS } = options
  const rooms = Math.floor(connections / MEMBERS)
  const people = await gather(server, rooms)
  const churning = inTurns(people, rooms)
  const sights = new Sights(people)
  const staying = people.filter((_, n) => n % MEMBERS >= CHURNING)
  for (const { connection } of staying) connection.listener = sights
  const guests = churning.map(({ user, room }) => ({ user, rooms: [room] }))
  const prepared = await doors(server, guests)
  const course = { sights, missed: [], doors: new Map(churning.map((one, n) => [one, prepared[n] as never])) }
  const spent = meter(server.pid)
  const rate = Math.round(connections * CHURN_A_SECOND)
  await churn(course, churning, rate, seconds)
  const { serverCpuMs, clientShare, disturbedShare } = spent()
  const unseen = churning.filter(({ change }) => change && change.seen < MEMBERS - CHURNING).length
  closeAll(people.map(({ connection }) => connection))
  const { all, online, offline } = sights.latency
  const missing = unseen + course.missed.length
  return {
    trouble: [missing > 0 ? `${missing} changes were not seen by all` : '', ...sights.reasons].filter(Boolean),
    values: {
      p50_ms: all.percentile(0.5),
      p99_ms: all.percentile(0.99),
      in_p99_ms: online.percentile(0.99),
      out_p99_ms: offline.percentile(0.99),
      sights: all.total,
      events: sights.events,
      cpu_us: (serverCpuMs * 1_000) / (rate * seconds),
      client_pct: clientShare * 100,
      disturbed_pct: disturbedShare * 100,
    },
  }
}

export const presence: Scenario = {
  name: 'presence',
  only: ['parley'],
  about: ({ connections = CONNECTIONS, seconds = SECONDS }) =>
    `${connections} users in rooms of ${MEMBERS} who watch each other; ${CHURN_A_SECOND * 100} % of them sign out or in ` +
    `a second, for ${seconds} s; from the deed (of a sign-in: the connect) to when each who stays sees it`,
  columns: [
    { key: 'p50_ms', title: 'p50 ms', digits: 0 },
    { key: 'p99_ms', title: 'p99 ms', digits: 0 },
    { key: 'in_p99_ms', title: 'p99 ms, sign-in', digits: 0 },
    { key: 'out_p99_ms', title: 'p99 ms, sign-out', digits: 0 },
    { key: 'sights', title: 'sights', digits: 0 },
    { key: 'events', title: 'events', digits: 0 },
    { key: 'cpu_us', title: 'CPU µs a change', digits: 0 },
    ...circumstances,
  ],
  targets: [{ key: 'p99_ms', atMost: 500 }],
  measure,
}
