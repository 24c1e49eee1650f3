/**
 * A client of the service, in a browser, on Node, Bun or Deno. It comes back by itself, tells every entry of every
 * room's log once and in order, and sends what it took until that is acknowledged.
 */
import type { Envelope } from '../protocol/envelope.ts'
import { newId } from '../protocol/uuid.ts'
import { systemClock } from './clock.ts'
import { type Asking, commands } from './commands.ts'
import { type Connection, connection } from './connection.ts'
import { type Gaps, gaps, type Reset } from './gaps.ts'
import { type AnyListener, audience, listeners } from './listeners.ts'
import { webLocks } from './locks.ts'
import type { Options } from './options.ts'
import { type Outbox, outbox, type Send } from './outbox.ts'
import { positions } from './positions.ts'
import { type Presence, presence } from './presence.ts'
import { Refusal } from './refusal.ts'
import { session } from './session.ts'
import { systemSignals } from './signals.ts'
import { type State, signedIn } from './states.ts'
import { inTime, memoryStorage } from './storage.ts'
import { syncing } from './sync.ts'
import { typing } from './typing.ts'
import {
  type Answer,
  type CommandName,
  type Data,
  type EventName,
  type Hearing,
  hear,
  type Told,
} from './vocabulary.ts'
import { socketWire } from './wire.ts'

export type { Reset } from './gaps.ts'
export type { Options } from './options.ts'
export type { Outbox, Pending, Send } from './outbox.ts'
export type { Presence } from './presence.ts'
export { Refusal } from './refusal.ts'
export type { State } from './states.ts'
export { browserStorage, memoryStorage, type Storage } from './storage.ts'
export type { Answer, Data, Message, Told } from './vocabulary.ts'

type Off = () => void

export interface Client {
  readonly state: State
  /** Whom the service takes this client for; nothing before it has said so. */
  readonly me: Told<'authenticated'> | undefined
  /** Why it was closed. */
  readonly refusal: Refusal | undefined
  /** Comes true when it is signed in and nothing is missing; refused when it is closed. */
  ready(): Promise<void>
  onState(listener: (state: State) => void): Off
  /** What comes in an order comes in it. Of a listener that takes its time, the place is kept when it has done. */
  on<Name extends EventName>(name: Name, listener: (data: Told<Name>, message: Envelope<Told<Name>>) => unknown): Off
  /** Events of whatever name. */
  onAny(listener: AnyListener): Off
  /** A room's log does not go on from where it was heard: get its history anew. */
  onReset(listener: (room: Reset) => void): Off
  /** Asked until it is answered, for 30 s where nothing else is said; what is refused is thrown as a `Refusal`. */
  request<Name extends CommandName>(name: Name, data: Data<Name>, how?: Asking): Promise<Answer<Name>>
  /** Sent until it is acknowledged, also by the next client of this storage: in order in each room, and once. */
  readonly send: Send
  readonly outbox: Omit<Outbox, 'send'>
  /** At every keystroke: it tells the room as often as that is of use, and of the end. `false` tells the end now. */
  typing(room_id: string, still?: boolean): void
  readonly presence: Presence
  /** Signs out. What is unsent stays in the storage. */
  close(): Promise<void>
}

const isEntry = ({ type, payload }: Envelope) =>
  type === 'message' && typeof (payload.data as { seq?: number } | undefined)?.seq === 'number'

const REQUEST_MS = 30_000
const TYPING_MS = 3_000

export function parley(url: string, options: Options): Client {
  const { clock = systemClock, chance = Math.random, resume = true, locks = webLocks() } = options
  const storage = inTime(options.storage ?? memoryStorage(), clock)
  /** Whoever is told of a fault may throw it: that is nothing to what goes on here. */
  const report = (error: unknown) => queueMicrotask(() => (options.report ?? console.error)(error))
  const hearers = listeners(report)
  const states = audience<State>(report)
  const resets = audience<Reset>(report)
  let me: Told<'authenticated'> | undefined
  let owner: unknown

  const link: Connection = connection({
    clock,
    chance,
    signals: options.signals ?? systemSignals(),
    session: session({ source: options.token, clock, chance }),
    open: options.open ?? socketWire(url, options.socket),
    introduce,
    heard,
    turned,
  })
  const command = commands({ clock, chance, link })
  const places = positions({ clock, storage: resume ? storage : memoryStorage(), report })
  const rooms: Gaps = gaps({
    command,
    resume,
    tell: tellEntry,
    reset: resets.tell,
    done: ({ room_id, epoch, at }, seq) =>
      places.set(room_id, epoch === undefined || seq === undefined ? undefined : { epoch, seq, at }),
    healed: () => sync.look(),
    report,
  })
  const sync = syncing({ command, gaps: rooms, told: tellPage, caughtUp: link.caughtUp, report })
  const typist = typing({
    clock,
    tell(name, data) {
      if (signedIn(link.state)) void link.ask(name, { payload: { action: name, data } }, TYPING_MS)
    },
  })
  const people = presence({ clock, command, ready, report })
  const box = outbox({
    clock,
    storage,
    locks,
    command,
    ended: () => link.refusal,
    most: () => me?.limits?.['payload_bytes'],
    sending: typist.sent,
    report,
  })

  function introduce() {
    const { device_id, device_name, platform } = options
    return { device_id, device_name, platform, positions: sync.positions() }
  }

  /** What is known before others are told, and what is begun when they have been. */
  const first: Hearing = {
    user_presence: people.heard,
    presence_summary: ({ changed }) => changed?.forEach(people.heard),
  }
  const then: Hearing = {
    state_sync: sync.stateSync,
    room_joined: ({ room, ...at }) => rooms.attach({ ...at, room_id: room.room_id }),
    // in a very large room that is no entry of its log
    room_member_left({ room_id, user_id }) {
      if (user_id === me?.user_id) rooms.forget(room_id)
    },
    room_deleted: ({ room_id }) => rooms.forget(room_id),
  }

  function heard(name: string, message: Envelope) {
    if (name === 'authenticated' && !welcomes(message.payload.data as Told<'authenticated'>)) return
    if (isEntry(message)) return rooms.hear(message)
    hear(first, message)
    void hearers.tell(message)
    hear(then, message)
  }

  /** What is kept here goes out in nobody else's name. */
  function welcomes(told: Told<'authenticated'>): boolean {
    const user = JSON.stringify([told.tenant_id, told.user_id])
    if (owner !== undefined && owner !== user) {
      link.close(Refusal.of('forbidden', 'The storage of this client belongs to another user.'))
      return false
    }
    if (owner === undefined) void storage.write('facts', [['user', user]]).catch(report)
    owner = user
    me = told
    sync.signedIn(told.recovered)
    return true
  }

  function tellEntry(entry: Envelope) {
    const told = hearers.tell(entry)
    hear(then, entry)
    return told
  }

  function tellPage(data: Told<'state_sync'>) {
    const stamp = {
      type: 'event',
      id: newId(clock.now()),
      tenant_id: me?.tenant_id ?? '',
      timestamp: clock.now(),
    } as const
    void hearers.tell({ ...stamp, payload: { action: 'state_sync', data } })
  }

  function turned(state: State) {
    if (!signedIn(state)) for (const part of [typist, people]) part.clear()
    if (state === 'ready') {
      people.again()
      void box.lookAgain()
    }
    if (state === 'closed') {
      rooms.end()
      void end()
    }
    states.tell(state)
  }

  function ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const off = states.on(look)
      function look(state: State) {
        if (state === 'ready') resolve()
        else if (state === 'closed') reject(link.refusal)
        else return
        off()
      }
      look(link.state)
    })
  }

  let ending: Promise<unknown> | undefined
  function end() {
    const told = Promise.resolve() // whoever closed it while being told of an entry has been told of it
    ending ??= Promise.all([told.then(places.flush), box.end(link.refusal as Refusal)])
    return ending
  }

  async function start() {
    const [facts, kept] = await Promise.all([storage.all('facts'), places.load()])
    owner = new Map(facts).get('user')
    for (const [room_id, place] of kept) rooms.resume(room_id, place)
  }

  start()
    .catch(report) // without what was kept it works all the same
    .then(box.start)
    .then(link.connect)

  return {
    get state() {
      return link.state
    },
    get me() {
      return me
    },
    get refusal() {
      return link.refusal
    },
    ready,
    onState: states.on,
    on: (name, listener) => hearers.on(name, listener as (data: unknown, message: Envelope) => unknown),
    onAny: hearers.onAny,
    onReset: resets.on,
    async request<Name extends CommandName>(name: Name, data: Data<Name>, how: Asking = {}) {
      const answer = await command<Answer<Name>>(name, data, { timeoutMs: REQUEST_MS, ...how })
      clock.after(0, () => sync.answered(name, data as object, answer as object)) // whoever asked hears the answer first
      return answer
    },
    send: box.send,
    outbox: box,
    presence: people,
    typing: (room_id, still = true) => (still ? typist.typed(room_id) : typist.stop(room_id)),
    async close() {
      link.close()
      await end()
    },
  }
}
