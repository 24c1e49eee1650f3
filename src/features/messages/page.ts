import { Buffer } from 'node:buffer'

/** As many of the first as fit into so many bytes of JSON, and `least` at least. Binary counts as what it weighs. */
export function fitting<Item>(items: readonly Item[], bytes: number, least = 1): Item[] {
  let room = bytes
  const fits = items.findIndex((item, n) => {
    room -= weigh(item)
    return room < 0 && n >= least
  })
  return fits === -1 ? [...items] : items.slice(0, fits)
}

export function weigh(item: unknown): number {
  let binary = 0
  const json = JSON.stringify(item, function (this: Record<string, unknown>, key, value) {
    const raw = this[key] // before a Buffer's own toJSON made a list of it
    if (!ArrayBuffer.isView(raw)) return value
    binary += raw.byteLength
    return null
  })
  return Buffer.byteLength(json) + binary
}
