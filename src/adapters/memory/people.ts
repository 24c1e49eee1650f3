// What is kept of people: what they chose to be seen as, what waits for them, and which of their tokens are not taken.
import type {
  ChangeOf,
  Checkpoint,
  Device,
  PersonalChange,
  Presence,
  Queued,
  Revocation,
  Store,
} from '../../ports/store.ts'
import { keyOf } from '../../protocol/ids.ts'
import { byBytes } from './order.ts'

export interface People {
  /** By tenant and user, then by device. */
  readonly devices: Map<string, Map<string, Device>>
  readonly checkpoints: Map<string, Checkpoint>
  readonly presences: Map<string, Presence>
  /** By tenant and user, then by id. */
  readonly queued: Map<string, Map<string, Queued>>
  readonly revocations: Map<string, Revocation>
}

type Deeds = { [Name in PersonalChange]: (change: ChangeOf<Name>) => void }
type Reads = Pick<Store, 'presences' | 'checkpoint' | 'queued' | 'revocations' | 'forget'>

export const noPeople = (): People => ({
  devices: new Map(),
  checkpoints: new Map(),
  presences: new Map(),
  queued: new Map(),
  revocations: new Map(),
})

export const changingPeople = (people: People, clock: { now(): number }): Deeds => ({
  set_device({ tenant_id, user_id, device }) {
    const key = keyOf(tenant_id, user_id)
    people.devices.set(key, (people.devices.get(key) ?? new Map()).set(device.device_id, device))
  },
  see_device({ tenant_id, user_id, device: { device_id, name, platform, last_seen_at } }) {
    const own = people.devices.get(keyOf(tenant_id, user_id))
    const known = own?.get(device_id)
    if (!known) return
    own?.set(device_id, { device_id, name: name ?? known.name, platform: platform ?? known.platform, last_seen_at })
  },
  drop_device({ tenant_id, user_id, device_id }) {
    people.devices.get(keyOf(tenant_id, user_id))?.delete(device_id)
    people.checkpoints.delete(keyOf(tenant_id, user_id, device_id))
  },
  set_checkpoint({ tenant_id, user_id, device_id, checkpoint }) {
    if (people.devices.get(keyOf(tenant_id, user_id))?.has(device_id))
      people.checkpoints.set(keyOf(tenant_id, user_id, device_id), checkpoint)
  },
  set_presence: ({ tenant_id, user_id, presence }) => void people.presences.set(keyOf(tenant_id, user_id), presence),
  enqueue: ({ queued, most }) => enqueue(people, queued, { most, now: clock.now() }),
  dequeue: ({ tenant_id, user_id, id }) => void people.queued.get(keyOf(tenant_id, user_id))?.delete(id),
  revoke: ({ revocation }) => revoke(people, revocation),
})

export const peopleOf = (people: People, clock: { now(): number }): Reads => ({
  presences: async (tenant_id, user_ids) =>
    user_ids.map((user_id) => {
      const presence = people.presences.get(keyOf(tenant_id, user_id))
      return (presence?.expires_at ?? Number.POSITIVE_INFINITY) > clock.now() ? presence : undefined
    }),
  checkpoint: async (tenant_id, user_id, device_id) => people.checkpoints.get(keyOf(tenant_id, user_id, device_id)),
  queued: async (tenant_id, user_id, after = '', limit) =>
    alive(people, keyOf(tenant_id, user_id), clock.now())
      .filter(({ id }) => byBytes(id, after) > 0)
      .slice(0, limit),
  revocations: async () => [...people.revocations.values()].filter(({ until }) => until > clock.now()),
  forget: async (now, limit) => forget(people, now, limit),
})

/** What has not expired, the oldest first. */
const alive = ({ queued }: People, key: string, now: number) =>
  [...(queued.get(key)?.values() ?? [])]
    .filter(({ expires_at }) => expires_at > now)
    .sort((one, other) => byBytes(one.id, other.id))

function enqueue(people: People, one: Queued, { most, now }: { most: number; now: number }) {
  const key = keyOf(one.tenant_id, one.user_id)
  const own = people.queued.get(key) ?? new Map<string, Queued>()
  if (own.has(one.id)) return
  people.queued.set(key, own.set(one.id, one))
  const tooMuch = own.size > most ? alive(people, key, now).at(-1 - most) : undefined
  for (const id of tooMuch ? own.keys() : []) if (byBytes(id, tooMuch?.id ?? '') <= 0) own.delete(id)
}

function revoke({ revocations }: People, one: Revocation) {
  const key = keyOf(one.tenant_id, one.what, one.subject)
  const before = revocations.get(key) ?? one
  revocations.set(key, {
    ...one,
    before: Math.max(one.before, before.before),
    until: Math.max(one.until, before.until),
  })
}

function forget({ queued, revocations }: People, now: number, limit: number): number {
  const old = [...queued.values()]
    .flatMap((own) => [...own.values()].map((one) => ({ own, ...one })))
    .filter(({ expires_at }) => expires_at <= now)
    .sort((one, other) => one.expires_at - other.expires_at)
    .slice(0, limit)
  for (const { own, id } of old) own.delete(id)
  const over = [...revocations].filter(([, { until }]) => until <= now).slice(0, limit)
  for (const [key] of over) revocations.delete(key)
  return old.length + over.length
}
