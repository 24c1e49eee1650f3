/**
 * Who may come back to a device, and up to where they have all. A device can have several clients (two tabs of a
 * browser), and each has what it has: a stock client names its last connection as it comes (Socket.IO's `pid`), and who
 * names none is given the least that any of them has.
 */
import { caps } from '../../features/rooms/caps.ts'
import type { Position } from '../../protocol/entry.ts'

export type Positions = Readonly<Record<string, Position>>

/** Without a prototype: a room may be called `constructor`. */
export const positionsIn = (...others: (Positions | undefined)[]): Record<string, Position> =>
  Object.assign(Object.create(null), ...others)

/** Where a client stood. */
export interface Stand {
  /** ms; when this was so, and until when it may come back to it. */
  readonly at: number
  readonly until: number
  /** It was taken when the connection ended, so there was nothing after it. */
  readonly last: boolean
  readonly positions: Positions
}

/** Who comes and goes all the time is not remembered each time. */
const CLIENTS = 8
const DEVICES = 100_000

export function returns() {
  const devices = new Map<string, Map<string, Stand>>()

  return {
    add(device: string, client: string, stand: Stand) {
      const clients = devices.get(device) ?? new Map<string, Stand>()
      devices.delete(device) // the last that was added to is the last of all
      devices.set(device, clients)
      clients.delete(client)
      clients.set(client, stand)
      if (clients.size > CLIENTS) dropOldest(clients)
      if (devices.size > DEVICES) dropOldest(devices)
    },
    remove(device: string, client: string) {
      const clients = devices.get(device)
      clients?.delete(client)
      if (clients?.size === 0) devices.delete(device)
    },
    of(device: string, now: number): Map<string, Stand> {
      const clients = devices.get(device)
      if (!clients) return new Map()
      for (const [client, { until }] of clients) if (until < now) clients.delete(client)
      return clients
    },
    /** Lets go of those whose time is over; the answer is how many devices are left. */
    sweep(now: number): number {
      for (const [device, clients] of devices) {
        for (const [client, { until }] of clients) if (until < now) clients.delete(client)
        if (clients.size > 0) break // those that come after it were added later
        devices.delete(device)
      }
      return devices.size
    },
  }
}

function dropOldest(map: Map<string, unknown>) {
  const [oldest] = map.keys()
  if (oldest !== undefined) map.delete(oldest)
}

/** There may be more rooms in which it had all. */
export const isCut = ({ positions }: Pick<Stand, 'positions'>): boolean =>
  Object.keys(positions).length >= caps.positions

/** What all of them have; nothing where that cannot be said. */
export function leastOf(stands: readonly Stand[]): Stand | undefined {
  const [first, ...others] = stands
  if (!first || others.length === 0) return first
  if (stands.some(isCut)) return undefined
  const positions = positionsIn(first.positions)
  for (const other of others)
    for (const [room_id, position] of Object.entries(other.positions)) {
      const before = positions[room_id]
      if (before && before.epoch !== position.epoch) return undefined
      if (!before || position.seq < before.seq) positions[room_id] = position
    }
  return {
    at: Math.min(...stands.map(({ at }) => at)),
    until: Math.max(...stands.map(({ until }) => until)),
    last: stands.every(({ last }) => last),
    positions,
  }
}
