// What a change of the store is in the file. First it is made ready, which may fail; then it is put into a batch.
import type { Change, ChangeOf, Member } from '../../ports/store.ts'
import { type Batch, flush } from './batch.ts'
import type { Core } from './core.ts'
import { encode } from './encoding.ts'
import type { Op } from './ops.ts'
import { changingPeople } from './people.ts'
import type { RoomLog } from './rooms.ts'

/** The room and number of the entry it is committed with, where there is one. */
export interface By {
  readonly room: string
  readonly seq: number
}

export type Ready = (batch: Batch, by?: By) => void

type Deeds = { [Name in Change['do']]: (change: ChangeOf<Name>) => Ready }

/** For `drop_room`: the number of the last entry of all so far. */
export function changing({ rooms, clock }: Pick<Core, 'rooms' | 'clock'>): (change: Change) => Ready {
  /** The room with a log, which it is given where it has none. */
  function made(name: string, batch: Batch, of = {}): RoomLog {
    const room = rooms.of(name)
    if (room.log === 0) rooms.make(room, batch, of)
    return room
  }

  /** In a room that has no log there is nothing to change. */
  const within =
    (name: string, ops: (log: number, seq: number | undefined, batch: Batch) => Op[]): Ready =>
    (batch, by) => {
      const { log } = rooms.of(name)
      if (log > 0) batch.ops.push(...ops(log, by?.room === name ? by.seq : undefined, batch))
    }

  const plainly =
    (op: Op): Ready =>
    (batch) =>
      void batch.ops.push(op)

  const deeds: Deeds = {
    set_room({ room, state }) {
      const { tenant_id, room_id, retention_s = null } = state
      const bytes = encode(state)
      return (batch) =>
        void batch.ops.push([
          'set_room',
          made(room, batch, { tenant_id, room_id }).log,
          tenant_id,
          room_id,
          bytes,
          retention_s,
        ])
    },
    drop_room:
      ({ room }) =>
      (batch) =>
        rooms.drop(rooms.of(room), batch),
    set_member:
      ({ room: name, user_id, role, joined_at }) =>
      (batch, by) => {
        const room = made(name, batch)
        flush(batch, receiptKey(room.log, user_id)) // it is of the membership before
        batch.ops.push(['set_member', room.log, user_id, role, joined_at, by?.room === name ? by.seq : room.seq])
      },
    drop_member: ({ room, user_id }) =>
      within(room, (log, _, batch) => {
        flush(batch, receiptKey(log, user_id))
        return [['drop_member', log, user_id]]
      }),
    invite:
      ({ room, user_id, by, at }) =>
      (batch) =>
        void batch.ops.push(['invite', made(room, batch).log, user_id, by, at]),
    uninvite: ({ room, user_id }) => within(room, (log) => [['uninvite', log, user_id]]),
    edit_message({ room, seq, body, version, edited_at }) {
      const bytes = body === undefined ? null : encode(body)
      return within(room, (log, by) => [
        ['edit', log, seq, bytes, version, edited_at],
        ...(by === undefined ? [] : [['edited_by', log, seq, by] as const]),
      ])
    },
    delete_message: ({ room, seq }) =>
      within(room, (log) => [
        ['delete', log, seq],
        ['drop_reactions', log, seq],
      ]),
    react: ({ room, seq, user_id, emoji, op }) =>
      within(room, (log) => [[op === 'add' ? 'react' : 'unreact', log, seq, emoji, user_id]]),
    receipt: ({ room, user_id, read_seq = 0, delivered_seq = 0 }) =>
      within(room, (log, _, batch) => {
        addReceipt(batch, log, { user_id, read_seq, delivered_seq })
        return []
      }),
    ...changingPeople({ clock }),
    schedule: ({ scheduled: { tenant_id, scheduled_id, user_id, deliver_at, data, tries = null } }) =>
      plainly(['schedule', tenant_id, scheduled_id, user_id, deliver_at, encode(data), tries]),
    unschedule: ({ tenant_id, scheduled_id }) => plainly(['unschedule', tenant_id, scheduled_id]),
  }

  return (change) => (deeds[change.do] as (change: Change) => Ready)(change)
}

const receiptKey = (log: number, user_id: string) => `${log} ${user_id}`

/** Of many receipts of a member in one batch only the last is written. */
function addReceipt({ latest }: Batch, log: number, to: Pick<Member, 'user_id' | 'read_seq' | 'delivered_seq'>) {
  const key = receiptKey(log, to.user_id)
  const [, , , read = 0, delivered = 0] = latest.get(key) ?? []
  latest.set(key, [
    'receipt',
    log,
    to.user_id,
    Math.max(read as number, to.read_seq),
    Math.max(delivered as number, to.delivered_seq),
  ])
}
