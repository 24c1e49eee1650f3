// Which idempotency keys were used: by hash, the entry to look at. The newest generation of them is a table in memory,
// those of the last day lie on disk in pages. Of the last minutes' pages it is known in memory what they may hold.
// An answer may be wrong, so whoever asks reads the entry.
import { hashOf } from './hashes.ts'

export interface Generation {
  readonly id: number
  readonly first: number
  last: number
  /** Ms, of its first and last entry. */
  readonly since: number
  until: number
  /** Until it is on disk: open addressing, pairs of a hash and an entry's distance from `first`, plus one. */
  table: Uint32Array | undefined
  count: number
  /** Of one on disk, while it is recent: open addressing, a part of each hash. What is not in it is not on disk. */
  tags: Uint16Array | undefined
  /** On disk: so many of a hash's upper bits name its page. */
  bits: number | undefined
  /** It is on its way there. */
  storing: boolean
}

export interface Keys {
  add(hash: number, n: number, at: number): void
  /** Entries that may have used a key, the newest first. */
  find(hash: number, now: number, back: number): readonly number[]
  /** The last entry whose key is on disk. */
  lastStored(): number
  /** Those that are complete and not on disk, oldest first. */
  complete(): readonly Generation[]
  stored(generation: Generation, bits: number): void
  /** Forgets what is older than a day, and names it. */
  expired(now: number): readonly Generation[]
  /** Ends the one that grows, so that it can be stored. */
  close(): void
}

export const HOT_MS = 600_000
export const DAY_MS = 86_400_000

/** A page's number is its generation's times this, and its own; a generation has far fewer. */
export const PAGES = 2 ** 20

const COUNT_MOST = 2 ** 20
const FIRST_SLOTS = 4_096
const PAGE_HASHES = 256

type ReadPage = (generation: number, page: number) => Uint32Array | undefined

export function keysOf(known: readonly Generation[], readPage: ReadPage): Keys {
  /** Newest first. */
  const generations = [...known].sort((one, other) => other.id - one.id)
  let open: Generation | undefined

  function begin(n: number, at: number): Generation {
    const [last] = generations
    const table = new Uint32Array(2 * slotsFor(last?.count ?? 0))
    open = {
      id: (last?.id ?? 0) + 1,
      first: n,
      last: n,
      since: at,
      until: at,
      table,
      count: 0,
      tags: undefined,
      bits: undefined,
      storing: false,
    }
    generations.unshift(open)
    shed(at)
    return open
  }

  /** What is old is on disk only. */
  function shed(now: number) {
    for (const generation of generations) if (generation.until < now - HOT_MS) generation.tags = undefined
  }

  return {
    add(hash, n, at) {
      if (open && (open.count === COUNT_MOST || at - open.since >= HOT_MS)) open = undefined
      const generation = open ?? begin(n, at)
      if (generation.count * 2 >= (generation.table as Uint32Array).length / 2) grow(generation)
      insert(generation.table as Uint32Array, hash, n - generation.first + 1)
      generation.count++
      generation.last = n
      generation.until = Math.max(generation.until, at)
    },

    find(hash, now, back) {
      let found = NONE
      for (const { until, table, tags, first, id, bits = 0 } of generations) {
        if (until < now - back || (tags && !isTagged(tags, hash))) continue
        found = table
          ? search(table, hash, first - 1, found)
          : searchPage(readPage(id, pageOf(hash, bits)), hash, first - 1, found)
      }
      return found
    },

    complete: () => generations.filter((one) => one !== open && one.bits === undefined && !one.storing).reverse(),

    lastStored: () => generations.find(({ bits }) => bits !== undefined)?.last ?? 0,

    stored(generation, bits) {
      generation.bits = bits
      generation.tags = tagsOf([generation.table as Uint32Array])
      generation.table = undefined
      shed(generation.until)
    },

    expired(now) {
      const old = generations.filter((one) => one !== open && one.bits !== undefined && one.until < now - DAY_MS)
      for (const one of old) generations.splice(generations.indexOf(one), 1)
      return old
    },

    close() {
      open = undefined
    },
  }
}

/** The log's number stands in the hash, so that a key is another one in every log. */
export const keyHash = (log: number, key: string, seed: number) => hashOf(key, seed ^ Math.imul(log, 0x9e37_79b1))

/** Of tables or pages. */
export function tagsOf(all: readonly Uint32Array[]): Uint16Array {
  let count = 0
  for (const pairs of all) eachHash(pairs, () => count++)
  const tags = new Uint16Array(slotsFor(count))
  for (const pairs of all) eachHash(pairs, (hash) => tag(tags, hash))
  return tags
}

/** Where a distance is 0, there is nothing. */
function eachHash(pairs: Uint32Array, visit: (hash: number, distance: number) => void) {
  for (let i = 0; i < pairs.length; i += 2) if (pairs[i + 1] !== 0) visit(pairs[i] as number, pairs[i + 1] as number)
}

/** Half of them stay free. */
const slotsFor = (count: number) => Math.max(FIRST_SLOTS, 2 ** Math.ceil(Math.log2(count * 2 + 1)))

export const bitsFor = (count: number) => Math.max(0, Math.ceil(Math.log2(count / PAGE_HASHES)))

export const pageOf = (hash: number, bits: number) => (bits === 0 ? 0 : hash >>> (32 - bits))

/** The pages of a table, each the pairs of its hashes; those that hold none are left out. */
export function pagesOf(table: Uint32Array, bits: number): Map<number, number[]> {
  const pages = new Map<number, number[]>()
  eachHash(table, (hash, distance) => {
    const page = pageOf(hash, bits)
    const pairs = pages.get(page)
    if (pairs) pairs.push(hash, distance)
    else pages.set(page, [hash, distance])
  })
  return pages
}

function insert(table: Uint32Array, hash: number, distance: number) {
  const mask = table.length / 2 - 1
  let slot = hash & mask
  while (table[slot * 2 + 1] !== 0) slot = (slot + 1) & mask
  table[slot * 2] = hash
  table[slot * 2 + 1] = distance
}

function grow(generation: Generation) {
  const small = generation.table as Uint32Array
  const large = new Uint32Array(small.length * 2)
  eachHash(small, (hash, distance) => insert(large, hash, distance))
  generation.table = large
}

/** Never 0, which is a free slot. */
const tagOf = (hash: number) => hash >>> 16 || 1

function tag(tags: Uint16Array, hash: number) {
  const mask = tags.length - 1
  let slot = hash & mask
  while (tags[slot] !== 0) slot = (slot + 1) & mask
  tags[slot] = tagOf(hash)
}

function isTagged(tags: Uint16Array, hash: number): boolean {
  const mask = tags.length - 1
  const wanted = tagOf(hash)
  for (let slot = hash & mask; tags[slot] !== 0; slot = (slot + 1) & mask) if (tags[slot] === wanted) return true
  return false
}

type Found = readonly number[]

/** Nearly always the answer: a key is nearly always new. */
const NONE: Found = []

function search(table: Uint32Array, hash: number, before: number, found: Found): Found {
  const mask = table.length / 2 - 1
  let all = found
  for (let slot = hash & mask; table[slot * 2 + 1] !== 0; slot = (slot + 1) & mask)
    if (table[slot * 2] === hash) all = [...all, before + (table[slot * 2 + 1] as number)]
  return all
}

function searchPage(pairs: Uint32Array | undefined, hash: number, before: number, found: Found): Found {
  let all = found
  for (let i = 0; pairs && i < pairs.length; i += 2)
    if (pairs[i] === hash) all = [...all, before + (pairs[i + 1] as number)]
  return all
}
