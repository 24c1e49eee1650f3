/** What was written and is not acknowledged yet: it goes out in order, once, and outlives a lost connection and a reload. */
import type { FailureData } from '../protocol/failure.ts'
import { newId } from '../protocol/uuid.ts'
import type { Clock } from './clock.ts'
import type { Command } from './commands.ts'
import { audience } from './listeners.ts'
import type { Locks } from './locks.ts'
import { Refusal } from './refusal.ts'
import type { Storage } from './storage.ts'
import type { Sending, Sent } from './vocabulary.ts'

/** Where a message goes: a room, or a person. */
export type Where = string | { readonly to: string }
export type More = Omit<Sending, 'room_id' | 'to' | 'content' | 'client_id' | 'retry'>

/** Comes true when it is acknowledged; refused when it is given up. Both may be in another life of the program. */
export interface Send {
  (where: Where, content: Sending['content'], more?: Omit<More, 'deliver_at'>): Promise<Extract<Sent, { seq: number }>>
  /** For later: it has no number yet. */
  (where: Where, content: Sending['content'], more: More): Promise<Sent>
}

export interface Pending {
  readonly client_id: string
  readonly data: Omit<Sending, 'client_id' | 'retry'>
  /** When it was written, in ms; no two of one client are equal. */
  readonly at: number
  /** Why it was refused for good. It stays, until `again` or `discard`. */
  readonly failed?: FailureData | undefined
}

export interface Outbox {
  /** In the order written. */
  readonly pending: readonly Pending[]
  readonly send: Send
  /** Tries once more what was refused for good. */
  again(client_id: string): void
  discard(client_id: string): void
  onChange(listener: () => void): () => void
}

interface Kept extends Pending {
  at: number
  /** The client that sends it. */
  readonly owner: string
  /** It may have been sent before. */
  tried?: boolean
}

interface Parts {
  readonly clock: Clock
  readonly storage: Storage
  readonly locks: Locks | undefined
  readonly command: Command
  /** Why the client has ended, where it has. */
  ended(): Refusal | undefined
  /** How many bytes the service takes at once, as far as it has said. */
  most(): number | undefined
  /** Something goes out to a room. */
  sending(room_id: string): void
  report(error: unknown): void
}

/** Of those that were refused for good and that nobody cares for, the oldest go. */
const FAILED_MOST = 100

const tooLarge = () => Refusal.of('payload_too_large', 'This is more than the service takes at once.')

/** About so many bytes on the wire. */
function weightOf(data: object): number {
  let binary = 0
  const text = JSON.stringify(data, (_, value) => {
    if (!(value instanceof ArrayBuffer || ArrayBuffer.isView(value))) return value
    binary += value.byteLength
    return 0
  })
  return binary + new TextEncoder().encode(text).length
}

/** What its writer makes of it afterwards is nothing to what waits. Where it cannot be copied, it may still be sent. */
function asItIs<Thing>(data: Thing): Thing {
  try {
    return structuredClone(data)
  } catch {
    return data
  }
}

const laneOf = ({ data }: Pending) => data.room_id ?? `to ${data.to}`

export function outbox({ clock, storage, locks, command, ended, most, sending, report }: Parts) {
  const owner = newId(clock.now())
  const lockOf = (one: string) => `parley/outbox/${one}`
  const letGo = locks?.hold(lockOf(owner)) ?? (() => {})
  const all = new Map<string, Kept>()
  const lanes = new Map<string, Kept[]>()
  const settlers = new Map<string, { resolve(sent: Sent): void; reject(refusal: unknown): void }>()
  const changes = audience<void>(report)
  const unwritten = new Map<string, Kept | undefined>()
  let last = 0
  let writing = Promise.resolve()
  let begin = () => {}
  const begun = new Promise<void>((then) => {
    begin = then
  })

  /** What comes while something is being written is written together. What cannot be kept is still sent. */
  function write(values: [string, Kept | undefined][]): Promise<void> {
    for (const [client_id, one] of values) unwritten.set(client_id, one)
    writing = writing.then(flush).catch(report)
    return writing
  }

  /** What cannot be kept keeps nothing else from it. */
  async function flush() {
    const values = [...unwritten]
    unwritten.clear()
    if (values.length === 0) return
    const alone = () => Promise.all(values.map((one) => storage.write('outgoing', [one]).catch(report)))
    await storage.write('outgoing', values).catch(alone)
  }

  function line(one: Kept, kept: Promise<void>) {
    all.set(one.client_id, one)
    const lane = lanes.get(laneOf(one))
    if (lane) return void lane.push(one)
    lanes.set(laneOf(one), [one])
    void kept.then(() => drain(laneOf(one)))
  }

  /** One after the other in each room: what is refused must not let a later one pass an earlier. */
  async function drain(name: string) {
    await begun
    const lane = lanes.get(name) ?? []
    for (let one = lane[0]; one; one = lane[0]) {
      await writing // what is not kept yet would be lost with a reload
      if (all.get(one.client_id) === one && !(await post(one))) return
      lane.shift()
    }
    lanes.delete(name)
  }

  /** Whether the next may go; not where the client has ended: it is for the next one then. */
  async function post(one: Kept): Promise<boolean> {
    const { client_id, data } = one
    if (ended()) return false
    const gone = () => all.get(client_id) !== one
    const body = (again: boolean) => {
      // what is far too large ends the connection each time, and is never answered
      if (again && weightOf(data) > (most() ?? Number.POSITIVE_INFINITY)) throw tooLarge()
      const retry = again || one.tried
      one.tried = true
      return { ...data, client_id, ...(retry && { retry }) }
    }
    if (data.room_id !== undefined) sending(data.room_id)
    try {
      const sent = await command<Sent>('message:send', body, { id: client_id, tries: Number.POSITIVE_INFINITY, gone })
      if (!gone()) settle(client_id, sent)
      return true
    } catch (error) {
      if (ended()) return false
      if (!gone()) giveUp(one, refusalOf(error))
      return true
    }
  }

  /** What cannot even be sent is given up too. */
  function refusalOf(error: unknown): Refusal {
    if (error instanceof Refusal) return error
    report(error)
    return Refusal.of('validation_failed', 'This cannot be sent.')
  }

  function settle(client_id: string, sent: Sent) {
    all.delete(client_id)
    void write([[client_id, undefined]])
    settlers.get(client_id)?.resolve(sent)
    settlers.delete(client_id)
    changes.tell()
  }

  function giveUp(one: Kept, refusal: Refusal) {
    const { code, message, retryable, details } = refusal
    const failed = { ...one, failed: { code, message, retryable, details } }
    all.set(one.client_id, failed)
    void write([[one.client_id, failed]])
    const old = [...all.values()].filter((other) => other.failed).slice(0, -FAILED_MOST)
    for (const { client_id } of old) discard(client_id)
    settlers.get(one.client_id)?.reject(refusal)
    settlers.delete(one.client_id)
    changes.tell()
  }

  function discard(client_id: string) {
    if (!all.delete(client_id)) return
    void write([[client_id, undefined]])
    settlers.get(client_id)?.reject(Refusal.of('not_found', 'This message was discarded.'))
    settlers.delete(client_id)
    changes.tell()
  }

  /** Later than all that there is, also where the clock was set back. */
  function stamp(): number {
    last = Math.max(clock.now(), last + 0.001)
    return last
  }

  function send(where: Where, content: Sending['content'], more: More = {}): Promise<Sent> {
    const why = ended()
    if (why) return Promise.reject(why)
    const client_id = newId(clock.now())
    const place = typeof where === 'string' ? { room_id: where } : { to: where.to }
    const data = asItIs({ ...place, content, ...more })
    const one: Kept = { client_id, data, at: stamp(), owner }
    const promise = new Promise<Sent>((resolve, reject) => void settlers.set(client_id, { resolve, reject }))
    promise.catch(() => {}) // who does not wait for it sees it in `pending`
    line(one, write([[client_id, one]]))
    changes.tell()
    return promise
  }

  function again(client_id: string) {
    const { failed, ...one } = all.get(client_id) ?? ({} as Kept)
    if (!failed) return
    line(one, write([[client_id, one]]))
    changes.tell()
  }

  /** What was left comes before what is written from now on. */
  async function start() {
    await adopt().catch(report)
    const mine = [...all.values()].filter(({ tried }) => !tried)
    for (const one of mine.length < all.size ? mine : []) {
      one.at = stamp()
      void write([[one.client_id, one]])
    }
    for (const lane of lanes.values()) lane.sort((one, other) => one.at - other.at)
    begin()
  }

  /** Takes over what a client left that is no more. Without locks nobody knows, and the key keeps it from being there twice. */
  async function adopt() {
    const owners = new Set((await stored()).map((one) => one.owner))
    owners.delete(owner)
    for (const name of owners) {
      const take = async () => takeOver((await stored()).filter((one) => one.owner === name))
      await (locks ? locks.ifFree(lockOf(name), take) : take())
    }
  }

  async function stored(): Promise<Kept[]> {
    const values = (await storage.all('outgoing')).map(([, value]) => value as Kept)
    return values.sort((one, other) => one.at - other.at)
  }

  async function takeOver(left: Kept[]) {
    const mine = left.filter(({ client_id }) => !all.has(client_id)).map((one) => ({ ...one, owner, tried: true }))
    last = mine.reduce((latest, { at }) => Math.max(latest, at), last)
    const kept = write(mine.map((one) => [one.client_id, one]))
    for (const one of mine)
      if (one.failed) all.set(one.client_id, one)
      else line(one, kept)
    changes.tell()
    await kept
  }

  return {
    get pending(): readonly Pending[] {
      return [...all.values()].sort((one, other) => one.at - other.at)
    },
    send: send as Send,
    again,
    discard,
    onChange: changes.on,
    start,
    /** Where locks tell who is alive, others that have gone meanwhile are looked for again. */
    lookAgain: () => (locks ? adopt().catch(report) : undefined),
    /** What is left is for the next client of this storage. */
    async end(why: Refusal) {
      for (const { reject } of settlers.values()) reject(why)
      settlers.clear()
      await writing
      letGo()
    },
  }
}
