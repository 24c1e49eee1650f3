/** Which devices a user has. One that gives no id is anonymous: not stored, not counted. */
import type { Caller } from '../features/caller.ts'
import type { Clock } from '../ports/clock.ts'
import type { Change, Device, Store } from '../ports/store.ts'
import { Failure } from '../protocol/failure.ts'
import { userKey } from '../protocol/ids.ts'
import type { Connections } from './connections.ts'

interface World {
  readonly store: Store
  readonly connections: Connections
  readonly clock: Clock
  /** Devices a user may have. */
  readonly most: number
}

interface Named {
  readonly device_name?: string | undefined
  readonly platform?: string | undefined
}

export function deviceRecords({ store, connections, clock, most }: World) {
  /** The one that was idle longest makes way; where all are connected, the new one is refused. */
  function makesWay(known: readonly Device[], { tenant_id, user_id }: Caller): Device {
    const online = connections.user(tenant_id, user_id)?.devices ?? []
    const idle = known.filter(({ device_id }) => !online.includes(device_id))
    const [oldest] = idle.toSorted((one, other) => one.last_seen_at - other.last_seen_at)
    if (!oldest) throw new Failure('too_many_devices', `A user can have ${most} devices at most.`)
    return oldest
  }

  /** Sign-ins of one user that are under way: each counts what the one before made. */
  const turns = new Map<string, Promise<void>>()

  function record(caller: Caller, named: Named): Promise<void> {
    if (caller.device_id === undefined) return Promise.resolve()
    const key = userKey(caller.tenant_id, caller.user_id)
    const before = turns.get(key) ?? Promise.resolve()
    const turn = before.catch(() => {}).then(() => add(caller, named)) // how the one before ended was answered there
    turns.set(key, turn)
    return turn.finally(() => turns.get(key) === turn && turns.delete(key))
  }

  async function add(caller: Caller, { device_name: name, platform }: Named) {
    const { tenant_id, user_id, device_id } = caller
    if (device_id === undefined) return
    const known = await store.devices(tenant_id, user_id)
    const changes: Change[] = []
    if (known.length >= most && !known.some((one) => one.device_id === device_id))
      changes.push({ do: 'drop_device', tenant_id, user_id, device_id: makesWay(known, caller).device_id })
    const device = { device_id, name, platform, last_seen_at: clock.now() }
    await store.apply([...changes, { do: 'set_device', tenant_id, user_id, device }])
  }
  /** The last that is heard of a device is that it went. */
  async function left({ tenant_id, user_id, device_id }: Caller) {
    if (device_id === undefined) return
    const known = await store.devices(tenant_id, user_id)
    const device = known.find((one) => one.device_id === device_id)
    if (!device) return
    await store.apply([{ do: 'set_device', tenant_id, user_id, device: { ...device, last_seen_at: clock.now() } }])
  }

  return { record, left }
}
