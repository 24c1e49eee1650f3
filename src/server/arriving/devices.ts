/** Which devices a user has. One that gives no id is anonymous: not stored, not counted. */
import type { Caller } from '../../features/caller.ts'
import type { Revocations } from '../../pipeline/revocations.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Fanout } from '../../ports/fanout.ts'
import type { Present, Roster } from '../../ports/roster.ts'
import type { Device, Store } from '../../ports/store.ts'
import { Failure } from '../../protocol/failure.ts'
import { deviceKey, userKey } from '../../protocol/ids.ts'
import { holds } from './revoking.ts'

interface World {
  readonly store: Store
  readonly roster: Roster
  readonly fanout: Pick<Fanout, 'close'>
  readonly clock: Clock
  readonly revocations: Pick<Revocations, 'refuses'>
  /** Devices a user may have. */
  readonly most: number
  /** Where a user has as many: whether an idle one makes way, or the new one is refused. */
  readonly limit: 'replace' | 'refuse'
}

interface Named {
  readonly device_name?: string | undefined
  readonly platform?: string | undefined
}

/** That a device was seen is written again after so long. */
const SEEN_MS = 60_000

export function deviceRecords({ store, roster, fanout, clock, revocations, most, limit }: World) {
  /** Who makes way, the longest idle first. A device that someone is at makes way for none. */
  async function makeWay(known: readonly Device[], count: number, { tenant_id, user_id }: Caller): Promise<Idle[]> {
    const [connections = []] = await roster.of(tenant_id, [user_id])
    const idle = limit === 'replace' ? idleOf(known, connections) : []
    if (idle.length >= count) return idle.slice(0, count)
    throw new Failure('too_many_devices', `A user can have ${most} devices at most.`)
  }

  /** Sign-ins of one user that are under way: each counts what the one before made. */
  const turns = new Map<string, Promise<void>>()

  /** The device as it is known from here on enters before the next sign-in looks who is there. */
  async function record(
    caller: Caller,
    named: Named,
    enter: (device: Pick<Named, 'platform'>, all?: readonly Device[]) => Promise<void>,
  ): Promise<void> {
    const { tenant_id, user_id, device_id } = caller
    if (device_id === undefined) return enter(named)
    const key = userKey(tenant_id, user_id)
    const before = turns.get(key) ?? Promise.resolve()
    const come = async () => enter(...(await add(caller, device_id, named)))
    const turn = before.catch(() => {}).then(come) // how the one before ended was answered there
    turns.set(key, turn)
    return turn.finally(() => turns.get(key) === turn && turns.delete(key))
  }

  /** The answer is the device, and all that the user then has. */
  async function add(
    caller: Caller,
    device_id: string,
    { device_name, platform }: Named,
  ): Promise<[device: Device, all: Device[]]> {
    const { tenant_id, user_id } = caller
    const known = await store.devices(tenant_id, user_id)
    const before = known.find((one) => one.device_id === device_id)
    const over = before ? 0 : known.length - most + 1
    const gone = over > 0 ? await makeWay(known, over, caller) : []
    const device = {
      device_id,
      name: device_name ?? before?.name,
      platform: platform ?? before?.platform,
      last_seen_at: clock.now(),
    }
    if (!before || isNews(before, device))
      await store.apply([
        ...gone.map((one) => ({ do: 'drop_device', tenant_id, user_id, device_id: one.device_id }) as const),
        { do: before ? 'see_device' : 'set_device', tenant_id, user_id, device },
      ])
    for (const one of gone.filter(({ here }) => here))
      fanout.close(deviceKey(tenant_id, user_id, one.device_id), REPLACED)
    if (!before) await keepIfHeld(caller, device_id)
    const others = known.filter((one) => one !== before && !gone.some((other) => other.device_id === one.device_id))
    return [device, [...others, device]]
  }

  /** It was revoked, and so forgotten, while it signed in. */
  async function keepIfHeld(caller: Caller, device_id: string) {
    const { tenant_id, user_id } = caller
    try {
      holds(caller, revocations)
    } catch (refused) {
      await store.apply([{ do: 'drop_device', tenant_id, user_id, device_id }])
      throw refused
    }
  }

  /** The last that is heard of a device is that it went. */
  async function left({ tenant_id, user_id, device_id }: Caller) {
    if (device_id === undefined) return
    const device = { device_id, name: undefined, platform: undefined, last_seen_at: clock.now() }
    await store.apply([{ do: 'see_device', tenant_id, user_id, device }])
  }

  return { record, left }
}

/** Who drops is noted as it goes: thousands who are back at once have nothing new to write. */
const isNews = (before: Device, { name, platform, last_seen_at }: Device): boolean =>
  name !== before.name || platform !== before.platform || last_seen_at - before.last_seen_at >= SEEN_MS

const REPLACED = new Failure('session_revoked', 'Another device took the place of this one, at which nobody was.')

interface Idle {
  readonly device_id: string
  /** Whether it is connected, with nobody at it. */
  readonly here: boolean
  readonly since: number
}

/** First those that are not connected. */
function idleOf(known: readonly Device[], connections: readonly Present[]): Idle[] {
  const all = known.map(({ device_id, last_seen_at }) => {
    const own = connections.filter((one) => one.device_id === device_id)
    const since = own.length === 0 ? last_seen_at : Math.max(...own.map(({ active_at }) => active_at))
    return { device_id, here: own.length > 0, since, idle: own.every(({ idle }) => idle) }
  })
  const order = (one: Idle, other: Idle) => Number(one.here) - Number(other.here) || one.since - other.since
  return all.filter(({ idle }) => idle).sort(order)
}
