import type { Invitation, Joined, Member, Role, Room, RoomState, Scheduled, Store } from '../../ports/store.ts'
import { inBatch, isEmpty } from './batch.ts'
import { changing } from './changes.ts'
import type { Core } from './core.ts'
import { decode } from './encoding.ts'
import { messagesOf } from './messages.ts'
import { peopleOf } from './people.ts'
import { answer, type Row } from './reading.ts'
import type { RoomLog } from './rooms.ts'

const ROOM = 'SELECT state, members FROM rooms WHERE log = ?'
const MEMBER = 'user_id, role, joined_at, joined_seq, read_seq, delivered_seq'
const ONE_MEMBER = `SELECT ${MEMBER} FROM members WHERE log = ? AND user_id = ?`
const MEMBERS = `SELECT ${MEMBER} FROM members WHERE log = ? AND user_id > ? ORDER BY user_id LIMIT ?`
const INVITATION = 'SELECT user_id, by, at FROM invitations WHERE log = ? AND user_id = ?'
const ROOMS_OF = `SELECT l.room, r.state, r.members, ${MEMBER.replaceAll(/\w+/g, 'm.$&')} FROM members m
  JOIN rooms r ON r.log = m.log JOIN logs l ON l.log = m.log WHERE m.tenant_id = ? AND m.user_id = ?`
const ROOMS = `SELECT l.room, r.state, r.members FROM rooms r JOIN logs l ON l.log = r.log
  WHERE r.tenant_id = ? AND r.room_id > ? ORDER BY r.room_id LIMIT ?`
const RETAINED = `SELECT l.room, r.retention_s FROM rooms r JOIN logs l ON l.log = r.log
  WHERE r.retention_s IS NOT NULL`
const SCHEDULED = 'SELECT scheduled_id, tenant_id, user_id, deliver_at, data, tries FROM scheduled WHERE'
const ONE_SCHEDULED = `${SCHEDULED} tenant_id = ? AND scheduled_id = ?`
const DUE = `${SCHEDULED} deliver_at <= ? ORDER BY deliver_at LIMIT ?`

export function sqliteStore(core: Core): Store {
  const { reading, rooms, committer } = core
  const ready = changing(core)
  const messages = messagesOf(core)

  const log = (name: string) => rooms.settled(name).log

  function joined([name, state, members, ...member]: Row): Joined {
    const log = rooms.settled(name as string)
    const room = roomOf(log, state as Uint8Array, members as number)
    return {
      room,
      member: member.length > 0 ? memberOf(member) : undefined,
      epoch: log.epoch,
      last_seq: log.committed,
      updated_at: committedAt(log) ?? room.created_at,
    }
  }

  return {
    apply: (changes) =>
      answer(() => {
        const all = changes.map(ready)
        const batch = committer.gathering()
        for (const change of all) change(batch)
        // what changes nothing has nothing to wait for
        const done = isEmpty(batch) ? undefined : inBatch(batch)
        committer.added()
        return done
      }),

    room: (name) =>
      answer(() => {
        const room = rooms.settled(name)
        const row = reading.row(ROOM, room.log)
        return row && roomOf(room, row[0] as Uint8Array, row[1] as number)
      }),
    member: (name, user_id) =>
      answer(() => {
        const row = reading.row(ONE_MEMBER, log(name), user_id)
        return row && memberOf(row)
      }),
    members: (name, after = '', limit) => answer(() => reading.rows(MEMBERS, log(name), after, limit).map(memberOf)),
    invitation: (name, user_id) =>
      answer(() => {
        const row = reading.row(INVITATION, log(name), user_id)
        return row && ({ user_id: row[0], by: row[1], at: row[2] } as Invitation)
      }),
    roomsOf: (tenant_id, user_id) =>
      answer(() => reading.within(() => reading.rows(ROOMS_OF, tenant_id, user_id).map(joined))),
    rooms: (tenant_id, after = '', limit) =>
      answer(() => reading.within(() => reading.rows(ROOMS, tenant_id, after, limit).map(joined))),
    sizes: (names) => answer(() => names.map((name) => sizeOf(rooms.settled(name)))),
    retained: () =>
      answer(() =>
        reading.rows(RETAINED).map(([room, retention_s]) => ({
          room: room as string,
          retention_s: retention_s as number,
        })),
      ),

    message: (name, message_id) => answer(() => messages.one(rooms.settled(name), message_id)),
    history: (name, where) => answer(() => messages.history(rooms.settled(name), where)),
    unread: (name, user_id, after_seq, most) =>
      answer(() => messages.unread(rooms.settled(name), { user_id, after_seq, most })),

    ...peopleOf(core),
    scheduled: (tenant_id, scheduled_id) =>
      answer(() => {
        const row = reading.row(ONE_SCHEDULED, tenant_id, scheduled_id)
        return row && scheduledOf(row)
      }),
    due: (now, limit) => answer(() => reading.rows(DUE, now, limit).map(scheduledOf)),
  }
}

function roomOf(room: RoomLog, state: Uint8Array, member_count: number): Room {
  return { ...(decode(state) as RoomState), member_count, epoch: room.epoch, touched: committedTouch(room) }
}

/** `touched` and `at` of a room tell of what is numbered; what is read is what is committed. */
const committedItems = ({ tail, committed }: RoomLog) =>
  tail.at(-1)?.entry.seq === committed ? tail : tail.filter(({ entry }) => entry.seq <= committed)

const committedTouch = (room: RoomLog): number =>
  room.touched <= room.committed
    ? room.touched
    : (committedItems(room).findLast(({ touchesRoom }) => touchesRoom)?.entry.seq ?? room.run?.touched ?? 0)

const committedAt = (room: RoomLog): number | undefined => committedItems(room).at(-1)?.entry.at ?? room.run?.at

function memberOf([user_id, role, joined_at, joined_seq, read_seq, delivered_seq]: Row): Member {
  return {
    user_id: user_id as string,
    role: role as Role,
    joined_at: joined_at as number,
    joined_seq: joined_seq as number,
    read_seq: read_seq as number,
    delivered_seq: delivered_seq as number,
  }
}

function scheduledOf([scheduled_id, tenant_id, user_id, deliver_at, data, tries]: Row): Scheduled {
  return {
    scheduled_id: scheduled_id as string,
    tenant_id: tenant_id as string,
    user_id: user_id as string,
    deliver_at: deliver_at as number,
    data: decode(data as Uint8Array),
    tries: (tries as number | null) ?? undefined,
  }
}

function sizeOf(room: RoomLog) {
  const { run, cut } = room
  const fresh = committedItems(room)
  return {
    messages: (run?.messages ?? 0) - cut.messages + fresh.filter(({ entry }) => entry.action === 'message_new').length,
    bytes: (run?.bytes ?? 0) - cut.bytes + fresh.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}
