import type { Clock } from '../../ports/clock.ts'
import type { Reason, Step, Suspect, Suspects } from '../../ports/suspects.ts'

interface Held {
  readonly network: string
  /** As of `at`. */
  points: number
  at: number
  readonly since: number
  readonly reasons: Partial<Record<Reason, number>>
  step: Step
  until: number
  times: number
  tenants: Set<string> | undefined
  users: Set<string> | undefined
}

const HALF_LIFE_MS = 300_000
const FORGOTTEN_BELOW = 0.1
const REMEMBERED_MS = 3_600_000
const MOST_SEEN = 100

/** Room is made for many at once: who is the least suspicious is found by going over all. */
const MAKING_WAY = 0.1

export function memorySuspects(clock: Clock, most = 10_000): Suspects {
  const held = new Map<string, Held>()

  const pointsOf = ({ points, at }: Held) => points * 0.5 ** ((clock.now() - at) / HALF_LIFE_MS)

  const isOver = (one: Held) =>
    pointsOf(one) < FORGOTTEN_BELOW && (one.times === 0 || one.until + REMEMBERED_MS < clock.now())

  function find(network: string): Held | undefined {
    const one = held.get(network)
    if (!one || !isOver(one)) return one
    held.delete(network)
    return undefined
  }

  /** Who is cut off is the last to make way: it has not changed because nothing is heard of it. */
  function inOrder(): Held[] {
    const now = clock.now()
    const weight = new Map([...held.values()].map((one) => [one, pointsOf(one) + (one.until > now ? 1e9 : 0)]))
    return [...weight.keys()].sort((a, b) => (weight.get(b) as number) - (weight.get(a) as number))
  }

  function makeRoom() {
    if (held.size < most) return
    for (const { network } of inOrder().slice(Math.floor(most * (1 - MAKING_WAY)))) held.delete(network)
  }

  function come(network: string): Held {
    makeRoom()
    const now = clock.now()
    const nothing = { points: 0, at: now, since: now, reasons: {}, until: 0, times: 0 }
    const one: Held = { ...nothing, network, step: 'watched', tenants: undefined, users: undefined }
    held.set(network, one)
    return one
  }

  const seen = (one: Held): Suspect => {
    const { network, reasons, step, since, until, times, tenants, users } = one
    const counts = { tenants: tenants?.size ?? 0, users: users?.size ?? 0 }
    return { network, points: pointsOf(one), reasons: { ...reasons }, step, since, until, times, ...counts }
  }

  return {
    add(network, reason, points) {
      const one = find(network) ?? come(network)
      one.points = pointsOf(one) + points
      one.at = clock.now()
      one.reasons[reason] = (one.reasons[reason] ?? 0) + 1
      return seen(one)
    },
    of(network) {
      const one = find(network)
      return one && seen(one)
    },
    mark(network, { step, until, times }) {
      const one = find(network)
      if (!one) return
      one.step = step
      one.until = until ?? one.until
      one.times = times ?? one.times
    },
    signedIn(network, tenant_id, user_id) {
      const one = find(network)
      if (!one) return undefined
      one.tenants ??= new Set()
      one.users ??= new Set()
      if (one.tenants.size < MOST_SEEN) one.tenants.add(tenant_id)
      if (one.users.size < MOST_SEEN) one.users.add(JSON.stringify([tenant_id, user_id]))
      return seen(one)
    },
    list(limit) {
      for (const network of [...held.keys()]) find(network)
      return inOrder().slice(0, limit).map(seen)
    },
    pardon: (network) => held.delete(network),
  }
}
