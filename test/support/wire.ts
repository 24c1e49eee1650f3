/** A client, and by hand: the time, the network, and the service at the other end of each of its connections. */
import { type Client, type Options, parley } from '../../src/client/client.ts'
import type { Signal } from '../../src/client/signals.ts'
import { memoryStorage } from '../../src/client/storage.ts'
import type { WireEvents } from '../../src/client/wire.ts'
import type { Envelope } from '../../src/protocol/envelope.ts'
import { type FailureCode, failures } from '../../src/protocol/failure.ts'
import { cleanUp } from './cleaning.ts'
import { fakeClock, settled } from './clock.ts'

interface Asked {
  readonly name: string
  readonly id: string
  readonly data: any
  answer(data: object): Promise<void>
  refuse(code: FailureCode, more?: object): Promise<void>
  /** No answer came in time. */
  lose(): Promise<void>
  /** It could not be sent. */
  fail(error: Error): Promise<void>
}

export interface Line {
  readonly auth: any
  readonly asked: Asked[]
  /** How the client let go of it. */
  readonly left: 'leave' | 'cut' | undefined
  /** What was asked under a name, the latest last; a test fails where there is nothing. */
  last(name: string): Asked
  all(name: string): Asked[]
  say(action: string, data: object, type?: Envelope['type']): Promise<void>
  /** An entry of a room's log. */
  tell(room_id: string, ...seqs: number[]): Promise<void>
  alive(): void
  /** Lets the client in, up to `authenticated`. */
  greet(more?: object): Promise<void>
  /** And names its rooms. */
  letIn(rooms?: Record<string, number>, more?: object): Promise<void>
  end(how?: { meant?: boolean; code?: FailureCode; retry_after_ms?: number }): Promise<void>
}

export const EPOCH = 'first'

const failure = (code: FailureCode, more: object = {}) => ({
  code,
  message: code,
  retryable: failures[code].retryable,
  ...more,
})

export const roomsOf = (heads: Record<string, number>, epoch = EPOCH) =>
  Object.entries(heads).map(([room_id, attach_seq]) => ({ room_id, epoch, attach_seq }))

export function byHand(options: Partial<Options> & { time?: ReturnType<typeof fakeClock> } = {}) {
  const { time = fakeClock(), ...given } = options
  const lines: Line[] = []
  const reported: unknown[] = []
  const network = { online: true, chance: 1, signal: (_: Signal) => {} }

  function open(auth: Record<string, unknown>, events: WireEvents) {
    const { line, wire } = lineOf(auth, events, time.clock.now)
    lines.push(line)
    return wire
  }

  function begin(more: Partial<Options> = {}): Client {
    const client = parley('http://parley.test', {
      token: 'a token',
      clock: time.clock,
      chance: () => network.chance,
      signals: {
        isOnline: () => network.online,
        listen(heard) {
          network.signal = heard
          return () => {}
        },
      },
      storage,
      open,
      report: (error) => reported.push(error),
      ...given,
      ...more,
    })
    cleanUp(() => client.close())
    return client
  }

  const storage = given.storage ?? memoryStorage()
  return {
    begin,
    storage,
    network,
    reported,
    pass: time.pass,
    setBack: time.setBack,
    clock: time.clock,
    lines,
    /** The newest connection, once what is under way has settled. */
    async line(): Promise<Line> {
      await settled()
      return lines.at(-1) as Line
    },
  }
}

function lineOf(auth: Record<string, unknown>, events: WireEvents, now: () => number) {
  const asked: Asked[] = []
  let left: 'leave' | 'cut' | undefined
  let over = false
  const stamp = () => ({ id: `id ${asked.length}`, tenant_id: 'acme', timestamp: now() })

  function ask(name: string, argument: unknown): Promise<Envelope | undefined> {
    if (over) return Promise.resolve(undefined)
    const { id, payload } = argument as { id: string; payload?: { data: unknown } }
    return new Promise((reply, reject) => {
      const say = (type: 'ack' | 'error', data: unknown) => {
        reply({ ...stamp(), type, payload: { action: name, data } })
        return settled()
      }
      asked.push({
        name,
        id,
        data: payload?.data,
        answer: (data) => say('ack', data),
        refuse: (code, more) => say('error', failure(code, more)),
        lose() {
          reply(undefined)
          return settled()
        },
        fail(error) {
          reject(error)
          return settled()
        },
      })
    })
  }

  function say(action: string, data: object, type: Envelope['type'] = 'event') {
    events.heard(action, { ...stamp(), type, payload: { action, data } })
    return settled()
  }

  function leave(how: 'leave' | 'cut') {
    left ??= how
    over = true
    for (const one of asked) void one.lose()
  }

  const line: Line = {
    auth,
    asked,
    get left() {
      return left
    },
    last(name) {
      const found = asked.findLast((one) => one.name === name)
      if (!found) throw new Error(`${name} was not asked; ${asked.map((one) => one.name).join(', ')} was.`)
      return found
    },
    all: (name) => asked.filter((one) => one.name === name),
    say,
    async tell(room_id, ...seqs) {
      for (const seq of seqs) void say('message_new', entryData(room_id, seq), 'message')
      await settled()
    },
    alive: events.alive,
    async greet(more = {}) {
      events.begun(25_000)
      events.opened()
      await say('authenticated', {
        user_id: 'ada',
        tenant_id: 'acme',
        expires_at: null,
        recovered: false,
        limits: {},
        ...more,
      })
    },
    async letIn(rooms = {}, more = {}) {
      await line.greet(more)
      await say('state_sync', { rooms: roomsOf(rooms) })
    },
    async end({ meant = false, code, ...more } = {}) {
      over = true
      for (const one of asked) void one.lose()
      events.ended({ meant, refusal: code && failure(code, more) })
      await settled()
    },
  }
  return { line, wire: { ask, leave: () => leave('leave'), cut: () => leave('cut') } }
}

const entryData = (room_id: string, seq: number) => ({ room_id, seq, message: { message_id: `${room_id} ${seq}` } })

/** As `message:sync` gives it. */
export const entryOf = (room_id: string, seq: number): Envelope => ({
  type: 'message',
  id: `${room_id} ${seq}`,
  tenant_id: 'acme',
  timestamp: 0,
  payload: { action: 'message_new', data: entryData(room_id, seq) },
})
