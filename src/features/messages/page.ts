import { Buffer } from 'node:buffer'
import { caps } from '../rooms/caps.ts'

/** What an answer may hold: so many bytes of JSON and of what is binary, and so many attachments as a stock client takes. */
export class Page {
  #bytes: number = caps.page_bytes
  #attachments: number = caps.attachments
  #empty = true

  get full(): boolean {
    return this.#bytes <= 0
  }

  /** As many of the first as still fit; the first of all in any case. */
  take<Item>(items: readonly Item[]): Item[] {
    const end = items.findIndex((item) => !this.#takes(item))
    return end === -1 ? [...items] : items.slice(0, end)
  }

  #takes(item: unknown): boolean {
    const { bytes, attachments } = weigh(item)
    if (!this.#empty && (bytes > this.#bytes || attachments > this.#attachments)) {
      this.#bytes = 0 // what comes after it must not come before it
      return false
    }
    this.#empty = false
    this.#bytes -= bytes
    this.#attachments -= attachments
    return true
  }
}

function weigh(item: unknown): { bytes: number; attachments: number } {
  let binary = 0
  let attachments = 0
  const json = JSON.stringify(item, function (this: Record<string, unknown>, key, value) {
    const raw = this[key] // before a Buffer's own toJSON made a list of it
    if (!ArrayBuffer.isView(raw)) return value
    binary += raw.byteLength
    attachments++
    return null
  })
  return { bytes: Buffer.byteLength(json) + binary, attachments }
}
