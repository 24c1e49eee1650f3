import { describe, expect, test } from 'bun:test'
import type { Server } from 'socket.io'
import { Decoder, Encoder } from 'socket.io-parser'
import { features } from '../../../src/features/registry.ts'
import { telling } from '../../../src/pipeline/telling.ts'
import type { Entry } from '../../../src/protocol/entry.ts'
import type { Envelope } from '../../../src/protocol/envelope.ts'
import { roomKey } from '../../../src/protocol/ids.ts'
import type { Live } from '../../../src/server/connection/connection.ts'
import { topics } from '../../../src/server/telling/topics.ts'
import type { Wire, Wires } from '../../../src/server/wires.ts'

/** One that hears: on a wire, or by its connection, or told by itself; in the order in which it came. */
class Hearer implements Live {
  readonly heard: { how: 'topic' | 'frame' | 'alone'; action: string; seq: number; data: unknown }[] = []
  readonly topics = new Set<string>()
  readonly user_id: string
  wired: boolean
  readonly #decoder = new Decoder()
  #how: 'topic' | 'frame' = 'frame'

  constructor(user_id: string, wired: boolean) {
    this.user_id = user_id
    this.wired = wired
    this.#decoder.on('decoded', ({ data }) => this.#hear(this.#how, (data as [string, Envelope<{ seq: number }>])[1]))
  }

  get wire(): Wire {
    return { subscribe: (topic) => this.topics.add(topic), unsubscribe: (topic) => this.topics.delete(topic) }
  }

  get socket() {
    const conn = { hearer: this, write: (frame: string | Uint8Array) => this.take('frame', frame) }
    return { conn } as unknown as Live['socket']
  }

  take(how: 'topic' | 'frame', frame: string | Uint8Array) {
    this.#how = how
    this.#decoder.add(frame)
  }

  tell(message: Envelope) {
    this.#hear('alone', message as Envelope<{ seq: number }>)
  }

  #hear(how: 'topic' | 'frame' | 'alone', { payload }: Envelope<{ seq: number }>) {
    this.heard.push({ how, action: payload.action, seq: payload.data.seq, data: payload.data })
  }
}

function server() {
  const hearers: Hearer[] = []
  const published: string[] = []
  const counted: [string, number][] = []
  const wires: Wires = {
    wireOf: (conn) => {
      const { hearer } = conn as { hearer: Hearer }
      return hearer.wired ? hearer.wire : undefined
    },
    publish(topic, frame) {
      published.push(topic)
      const text = typeof frame === 'string' ? frame.replace(/^4/, '') : frame
      for (const one of hearers) if (one.topics.has(topic)) one.take('topic', text)
    },
    bufferedAmount: () => 0,
    ping() {},
    together: (_, __, run) => run(),
    admit() {},
    refused() {},
    turnOut() {},
  }
  const io = { encoder: new Encoder() } as unknown as Server
  const made = topics(
    io,
    wires,
    telling(features, () => 0),
    (event, receivers) => void counted.push([event, receivers]),
  )
  const hearer = (user_id: string, wired = true) => {
    const one = new Hearer(user_id, wired)
    hearers.push(one)
    return one
  }
  return { ...made, hearer, published, counted }
}

const lobby = roomKey('acme', 'lobby')

const entry = (seq: number, more: Partial<Entry> = {}): Entry => ({
  tenant_id: 'acme',
  room_id: 'lobby',
  action: 'message_new',
  kept: { sender_id: 'ada', client_id: 'k' },
  body: { content: { type: 'text', text: `${seq}` } },
  id: `019b76da-a800-7c75-8327-${String(seq).padStart(12, '0')}`,
  epoch: 'e',
  seq,
  at: 100,
  ...more,
})

const how = ({ heard }: Hearer) => heard.map((one) => [one.how, one.seq])

describe('an entry of a room', () => {
  test('is one publish for all on wires, and one frame each for the others; everyone hears it once', () => {
    const { add, tell, hearer, published, counted } = server()
    const wired = ['a', 'b', 'c'].map((user) => hearer(user))
    const polling = ['d', 'e'].map((user) => hearer(user, false))
    for (const one of [...wired, ...polling]) add(lobby, one)
    tell(lobby, entry(1))
    expect(published).toHaveLength(1)
    expect([...wired.map(how), ...polling.map(how)]).toEqual([
      ...Array(3).fill([['topic', 1]]),
      ...Array(2).fill([['frame', 1]]),
    ])
    expect(new Set([...wired, ...polling].map(({ heard }) => JSON.stringify(heard[0]?.data))).size).toBe(1)
    expect(counted).toEqual([['message_new', 5]])
  })

  test('is not published where nobody is on a wire', () => {
    const { add, tell, hearer, published } = server()
    const one = hearer('a', false)
    add(lobby, one)
    tell(lobby, entry(1))
    expect([published, how(one)]).toEqual([[], [['frame', 1]]])
  })

  test('with binary in it comes whole, on wires and off them', () => {
    const { add, tell, hearer } = server()
    const both = [hearer('a'), hearer('b', false)]
    for (const one of both) add(lobby, one)
    tell(lobby, entry(1, { body: { content: { type: 'picture', data: Buffer.from([0, 255, 7]) } } }))
    for (const { heard } of both)
      expect(heard).toMatchObject([{ seq: 1, data: { message: { content: { data: Buffer.from([0, 255, 7]) } } } }])
  })

  test('with an audience goes one by one, and leaves no hole for the others', () => {
    const { add, tell, hearer, published, counted } = server()
    const [ada, eve, polling] = [hearer('ada'), hearer('eve'), hearer('eve', false)]
    for (const one of [ada, eve, polling]) add(lobby, one)
    tell(lobby, entry(1, { audience: ['ada', 'bob'] }))
    expect([ada, eve, polling].map(({ heard }) => heard.map(({ action }) => action))).toEqual([
      ['message_new'],
      ['log_skipped'],
      ['log_skipped'],
    ])
    expect(JSON.stringify([eve.heard, polling.heard])).not.toContain('text')
    expect([published, counted]).toEqual([[], [['message_new', 3]]])
  })

  test('stays in its room, and in its tenant', () => {
    const { add, tell, hearer } = server()
    const keys = [lobby, roomKey('globex', 'lobby'), roomKey('acme', 'lobby#'), roomKey('acme', 'lobby/')]
    const all = keys.map((room) => {
      const one = hearer('a')
      add(room, one)
      return one
    })
    tell(lobby, entry(1))
    expect(all.map(({ heard }) => heard.length)).toEqual([1, 0, 0, 0])
  })

  test('of a room that nobody hears here is nothing', () => {
    const { tell, published, counted } = server()
    tell(lobby, entry(1))
    expect([published, counted]).toEqual([[], []])
  })
})

describe('one that upgrades', () => {
  test('hears each entry once: by its connection before, on its wire after', () => {
    const { add, tell, upgraded, hearer } = server()
    const [one, other] = [hearer('a', false), hearer('b')]
    for (const each of [one, other]) add(lobby, each)
    tell(lobby, entry(1))
    one.wired = true // the engine has it, and has not said so yet
    tell(lobby, entry(2))
    upgraded(lobby, one)
    tell(lobby, entry(3))
    upgraded(lobby, one)
    tell(lobby, entry(4))
    expect(how(one)).toEqual([
      ['frame', 1],
      ['frame', 2],
      ['topic', 3],
      ['topic', 4],
    ])
  })

  test('and leaves, before or after, hears no more', () => {
    for (const before of [true, false]) {
      const { add, tell, upgraded, remove, hearer } = server()
      const one = hearer('a', false)
      add(lobby, hearer('b', false))
      add(lobby, one)
      if (before) remove(lobby, one)
      one.wired = true
      upgraded(lobby, one)
      if (!before) remove(lobby, one)
      tell(lobby, entry(1))
      expect([one.heard, one.topics.size]).toEqual([[], 0])
    }
  })

  test('is of no concern in a room that it does not hear', () => {
    const { upgraded, hearer } = server()
    const one = hearer('a')
    upgraded(lobby, one)
    expect(one.topics.size).toBe(0)
  })
})

describe('who hears a room', () => {
  test('is counted, once each, and forgotten with the last', () => {
    const { add, remove, hearers, count, rooms, hearer, published, tell } = server()
    const [one, other] = [hearer('a'), hearer('b', false)]
    for (const each of [one, other, one]) add(lobby, each)
    expect([count(lobby), [...hearers(lobby)], rooms()]).toEqual([2, [one, other], 1])
    for (const each of [one, one, other]) remove(lobby, each)
    expect([count(lobby), [...hearers(lobby)], rooms()]).toEqual([0, [], 0])
    tell(lobby, entry(1))
    expect([published, one.topics.size, one.heard, other.heard]).toEqual([[], 0, [], []])
  })

  test('may come back', () => {
    const { add, remove, tell, hearer } = server()
    const one = hearer('a')
    add(lobby, one)
    remove(lobby, one)
    add(lobby, one)
    tell(lobby, entry(1))
    expect(how(one)).toEqual([['topic', 1]])
  })
})
