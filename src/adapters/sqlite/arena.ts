// Memory that the serving thread fills and the writer's thread reads, so that a batch crosses without being copied.
import { Buffer } from 'node:buffer'

export interface Shared {
  readonly numbers: SharedArrayBuffer
  readonly bytes: SharedArrayBuffer
}

const NUMBERS = 4_096
const BYTES = 65_536
/** What is larger goes back to the system after its batch. */
const KEPT_BYTES = 8 * 1_048_576

/** A class, because it is a piece of memory with two ends that move. */
export class Arena {
  numbers = new Float64Array(new SharedArrayBuffer(NUMBERS * 8))
  bytes = Buffer.from(new SharedArrayBuffer(BYTES))
  counted = 0
  used = 0
  /** Whether the other thread has been given the memory as it is now. */
  known = false
  readonly slot: number

  constructor(slot: number) {
    this.slot = slot
  }

  number(value: number) {
    if (this.counted === this.numbers.length) {
      const small = this.numbers
      this.numbers = new Float64Array(new SharedArrayBuffer(small.byteLength * 2))
      this.numbers.set(small)
      this.known = false
    }
    this.numbers[this.counted++] = value
  }

  /** How many bytes it took. */
  put(value: string | Uint8Array): number {
    // a character takes three bytes at most
    this.#room(typeof value === 'string' ? value.length * 3 : value.byteLength)
    const written = typeof value === 'string' ? this.bytes.write(value, this.used) : this.#copy(value)
    this.used += written
    return written
  }

  clear() {
    this.counted = 0
    this.used = 0
    if (this.bytes.byteLength <= KEPT_BYTES) return
    this.bytes = Buffer.from(new SharedArrayBuffer(BYTES))
    this.known = false
  }

  shared(): Shared {
    return { numbers: this.numbers.buffer as SharedArrayBuffer, bytes: this.bytes.buffer as SharedArrayBuffer }
  }

  #copy(value: Uint8Array): number {
    this.bytes.set(value, this.used)
    return value.byteLength
  }

  #room(wanted: number) {
    if (this.used + wanted <= this.bytes.byteLength) return
    const size = Math.max(this.bytes.byteLength * 2, this.used + wanted)
    const small = this.bytes
    this.bytes = Buffer.from(new SharedArrayBuffer(size))
    this.bytes.set(small)
    this.known = false
  }
}
