// What was sent in one stretch, and what came of it: latencies, and whether anything is missing.
import type { Connection, Listener } from './connection.ts'
import { Histogram } from './statistics.ts'

export interface Room {
  readonly id: string
  readonly members: readonly Connection[]
}

const RING = 2 ** 20
const SETTLING_MS = 20_000
const LOOK_EVERY_MS = 2
const REASONS_TOLD = 3

let nextId = 1

/** Messages into rooms of equal size, from the first send to the last delivery. */
export class Traffic implements Listener {
  readonly ackLatency = new Histogram()
  readonly deliveryLatency = new Histogram()
  sent = 0
  acked = 0
  refused = 0
  delivered = 0
  deliveredBytes = 0
  ackBytes = 0
  startedAt = 0
  lastAt = 0
  /** Called after each acknowledgement and each delivery: a closed loop goes on here. */
  onProgress: () => void = () => undefined
  readonly #rooms: readonly Room[]
  readonly #members: number
  readonly #text: string
  readonly #sentAt = new Float64Array(RING)
  readonly #firstId = nextId
  readonly #reasons = new Map<string, number>()
  #firstSeq = 0

  constructor(rooms: readonly Room[], size: number) {
    this.#rooms = rooms
    this.#members = rooms[0]?.members.length ?? 0
    this.#text = 'x'.repeat(size)
    for (const { members } of rooms) for (const member of members) member.listener = this
  }

  get answered(): number {
    return this.acked + this.refused
  }

  /** Messages that every member has. */
  get complete(): number {
    return Math.floor(this.delivered / this.#members)
  }

  get settled(): boolean {
    return this.answered >= this.sent && this.delivered >= this.acked * this.#members
  }

  /** One room after the other, and in each one member after the other; `at` is when it was due. */
  send(at: number): void {
    const turn = this.sent++
    const room = this.#rooms[turn % this.#rooms.length] as Room
    const speaker = Math.floor(turn / this.#rooms.length) % this.#members
    const id = nextId++
    this.#sentAt[id % RING] = at
    this.startedAt ||= at
    const data = `{"room_id":"${room.id}","content":{"text":"${this.#text}"},"client_id":"${clientId(id)}"}`
    // In a single room one member speaks: its n-th message has the n-th number, which gives each delivery its latency.
    const sender = room.members[this.#rooms.length === 1 ? 0 : speaker] as Connection
    sender.emit(`42${id}["message:send",${data}]`)
  }

  acknowledged(id: number, refusal: string | undefined, bytes: number, now: number): void {
    if (refusal === undefined) this.acked++
    else this.#refuse(refusal)
    this.ackBytes += bytes
    this.lastAt = now
    this.ackLatency.add(now - (this.#sentAt[id % RING] as number))
    this.onProgress()
  }

  delivery(connection: Connection, seq: number, bytes: number, now: number): void {
    if (connection.lastSeq !== 0 && seq !== connection.lastSeq + 1) this.#note('a receiver saw a jump in seq')
    connection.lastSeq = seq
    this.delivered++
    this.deliveredBytes += bytes
    this.lastAt = now
    if (this.#rooms.length === 1) this.#timeDelivery(seq, now)
    this.onProgress()
  }

  lost(reason: string): void {
    this.#note(`a connection was lost: ${reason}`)
  }

  /** Waits for what is under way; the answer is what went wrong in this stretch, best nothing. */
  async settle(withinMs = SETTLING_MS): Promise<string[]> {
    const deadline = performance.now() + withinMs
    while (!this.settled && performance.now() < deadline) await Bun.sleep(LOOK_EVERY_MS)
    this.onProgress = () => undefined
    const missing = [
      this.answered < this.sent ? `${this.sent - this.answered} of ${this.sent} messages were not answered` : '',
      this.delivered !== this.acked * this.#members
        ? `${this.delivered} deliveries where ${this.acked * this.#members} were expected`
        : '',
    ]
    const noted = [...this.#reasons].map(([reason, times]) => `${reason} (${times} times)`)
    return [...missing.filter(Boolean), ...noted]
  }

  #timeDelivery(seq: number, now: number): void {
    this.#firstSeq ||= seq
    const id = this.#firstId + seq - this.#firstSeq
    this.deliveryLatency.add(now - (this.#sentAt[id % RING] as number))
  }

  #refuse(refusal: string): void {
    this.refused++
    this.#note(`refused: ${refusal}`)
  }

  #note(reason: string): void {
    const told = this.#reasons.size < REASONS_TOLD || this.#reasons.has(reason) ? reason : 'other reasons'
    this.#reasons.set(told, (this.#reasons.get(told) ?? 0) + 1)
  }
}

/** As long for the first message as for the last. */
const clientId = (id: number): string => `load-${id.toString(36).padStart(7, '0')}`
