// What is kept of people, beside their rooms: devices, what they are seen as, what waits for them, which tokens are not taken.
import type {
  ChangeOf,
  Device,
  PersonalChange,
  Presence,
  Queued,
  Revocation,
  Status,
  Store,
} from '../../ports/store.ts'
import { keyOf } from '../../protocol/ids.ts'
import { type Batch, flush, inBatch } from './batch.ts'
import type { Ready } from './changes.ts'
import { decodeCheckpoint, encodeCheckpoint } from './checkpoints.ts'
import type { Core } from './core.ts'
import { decode, encode } from './encoding.ts'
import type { Op } from './ops.ts'
import { answer, type Row } from './reading.ts'

type Deeds = { [Name in PersonalChange]: (change: ChangeOf<Name>) => Ready }
type Reads = Pick<Store, 'devices' | 'presences' | 'checkpoint' | 'queued' | 'revocations' | 'forget'>

const DEVICES = `SELECT device_id, name, platform, last_seen_at FROM devices
  WHERE tenant_id = ? AND user_id = ? ORDER BY device_id`
export const PRESENCE = 'SELECT status, text, emoji, expires_at FROM presences WHERE tenant_id = ? AND user_id = ?'
export const CHECKPOINT = 'SELECT checkpoint FROM checkpoints WHERE tenant_id = ? AND user_id = ? AND device_id = ?'
export const QUEUED = `SELECT id, tenant_id, user_id, device_id, action, data, created_at, expires_at FROM queued
  WHERE tenant_id = ? AND user_id = ? AND id > ? AND expires_at > ? ORDER BY id LIMIT ?`
export const REVOCATIONS = 'SELECT tenant_id, what, subject, before, until FROM revocations WHERE until > ?'
export const QUEUED_OVER = 'SELECT count(*) FROM (SELECT 1 FROM queued WHERE expires_at <= ? LIMIT ?)'
export const REVOKED_OVER = 'SELECT count(*) FROM (SELECT 1 FROM revocations WHERE until <= ? LIMIT ?)'

export function changingPeople({ clock }: Pick<Core, 'clock'>): Deeds {
  const plainly =
    (op: Op): Ready =>
    ({ ops }) =>
      void ops.push(op)

  return {
    set_device: ({ tenant_id, user_id, device: { device_id, name = null, platform = null, last_seen_at } }) =>
      onDevice(tenant_id, user_id, device_id, (batch, checkpoint) => {
        flush(batch, checkpoint) // it was set before the device was
        batch.ops.push(['set_device', tenant_id, user_id, device_id, name, platform, last_seen_at])
      }),
    see_device: ({ tenant_id, user_id, device: { device_id, name = null, platform = null, last_seen_at } }) =>
      plainly(['see_device', tenant_id, user_id, device_id, name, platform, last_seen_at]),
    drop_device: ({ tenant_id, user_id, device_id }) =>
      onDevice(tenant_id, user_id, device_id, ({ ops, latest }, checkpoint) => {
        latest.delete(checkpoint)
        ops.push(['drop_device', tenant_id, user_id, device_id], ['drop_checkpoint', tenant_id, user_id, device_id])
      }),
    set_checkpoint({ tenant_id, user_id, device_id, checkpoint }) {
      const op: Op = ['set_checkpoint', tenant_id, user_id, device_id, encodeCheckpoint(checkpoint)]
      return onDevice(tenant_id, user_id, device_id, ({ latest }, key) => void latest.set(key, op))
    },
    set_presence: ({ tenant_id, user_id, presence: { status, text = null, emoji = null, expires_at = null } }) =>
      plainly(['set_presence', tenant_id, user_id, status, text, emoji, expires_at]),
    enqueue({ queued, most }) {
      const { tenant_id, user_id, id, device_id = null, action, data, created_at, expires_at } = queued
      const row = [tenant_id, user_id, id, device_id, action, encode(data), created_at, expires_at] as const
      return plainly(['enqueue', row, most, clock.now()])
    },
    dequeue: ({ tenant_id, user_id, id }) => plainly(['dequeue', tenant_id, user_id, id]),
    revoke: ({ revocation: { tenant_id, what, subject, before, until } }) =>
      plainly(['revoke', tenant_id, what, subject, before, until]),
  }
}

/** With what a checkpoint of the device waits under in a batch. No receipt does under the same: those begin with a number. */
function onDevice(
  tenant_id: string,
  user_id: string,
  device_id: string,
  then: (batch: Batch, key: string) => void,
): Ready {
  const key = `device ${keyOf(tenant_id, user_id, device_id)}`
  return (batch) => then(batch, key)
}

export function peopleOf({ clock, committer, reading }: Core): Reads {
  return {
    devices: (tenant_id, user_id) => answer(() => reading.rows(DEVICES, tenant_id, user_id).map(deviceOf)),
    presences: (tenant_id, user_ids) =>
      answer(() => {
        const now = clock.now()
        return reading.within(() =>
          user_ids.map((user_id) => presenceOf(reading.row(PRESENCE, tenant_id, user_id), now)),
        )
      }),
    checkpoint: (tenant_id, user_id, device_id) =>
      answer(() => {
        const row = reading.row(CHECKPOINT, tenant_id, user_id, device_id)
        return row && decodeCheckpoint(row[0] as string)
      }),
    queued: (tenant_id, user_id, after = '', limit) =>
      answer(() => reading.rows(QUEUED, tenant_id, user_id, after, clock.now(), limit).map(queuedOf)),
    revocations: () => answer(() => reading.rows(REVOCATIONS, clock.now()).map(revocationOf)),
    forget: (now, limit) =>
      answer(async () => {
        const counts = [QUEUED_OVER, REVOKED_OVER].map((sql) => (reading.row(sql, now, limit) as Row)[0] as number)
        const count = counts.reduce((sum, one) => sum + one)
        if (count === 0) return 0
        const batch = committer.gathering()
        batch.ops.push(['forget_queued', now, limit], ['forget_revoked', now, limit])
        const done = inBatch(batch)
        committer.added()
        await done
        return count
      }),
  }
}

const deviceOf = ([device_id, name, platform, last_seen_at]: Row): Device => ({
  device_id: device_id as string,
  name: (name as string | null) ?? undefined,
  platform: (platform as string | null) ?? undefined,
  last_seen_at: last_seen_at as number,
})

function presenceOf(row: Row | undefined, now: number): Presence | undefined {
  if (!row) return undefined
  const [status, text, emoji, expires_at] = row
  if (expires_at !== null && (expires_at as number) <= now) return undefined
  return {
    status: status as Status,
    text: (text as string | null) ?? undefined,
    emoji: (emoji as string | null) ?? undefined,
    expires_at: (expires_at as number | null) ?? undefined,
  }
}

const queuedOf = ([id, tenant_id, user_id, device_id, action, data, created_at, expires_at]: Row): Queued => ({
  id: id as string,
  tenant_id: tenant_id as string,
  user_id: user_id as string,
  device_id: (device_id as string | null) ?? undefined,
  action: action as string,
  data: decode(data as Uint8Array),
  created_at: created_at as number,
  expires_at: expires_at as number,
})

const revocationOf = ([tenant_id, what, subject, before, until]: Row): Revocation => ({
  tenant_id: tenant_id as string,
  what: what as Revocation['what'],
  subject: subject as string,
  before: before as number,
  until: until as number,
})
