// What each change does. Its number is that of the entry it is committed with, or else of the last one of its room.
import type { Change, ChangeOf } from '../../ports/store.ts'
import { keyOf } from '../../protocol/ids.ts'
import { changingPeople } from './people.ts'
import { type Held, overlayOf } from './rooms.ts'
import type { Tables } from './store.ts'

type Deeds = { [Name in Change['do']]: (change: ChangeOf<Name>, seq: number | undefined) => void }

export function changing({ rooms, people, scheduled }: Tables, clock: { now(): number }) {
  const deeds: Deeds = {
    set_room: ({ room, state }) => {
      rooms.get(room).state = state
    },
    drop_room: ({ room }) => rooms.drop(room),
    set_member: ({ room, ...member }, seq) => setMember(rooms.get(room), member, seq),
    drop_member: ({ room, user_id }) => void rooms.get(room).members.delete(user_id),
    invite: ({ room, user_id, by, at }) => void rooms.get(room).invitations.set(user_id, { user_id, by, at }),
    uninvite: ({ room, user_id }) => void rooms.get(room).invitations.delete(user_id),
    edit_message: ({ room, seq, body, version, edited_at }, by) => {
      const overlay = overlayOf(rooms.get(room), seq)
      overlay.edited = { body, version, at: edited_at }
      if (by !== undefined && !overlay.edits.includes(by)) overlay.edits.push(by)
    },
    delete_message: ({ room, seq }) => {
      const overlay = overlayOf(rooms.get(room), seq)
      overlay.deleted = true
      overlay.reactions = []
    },
    react: (change) => react(rooms.get(change.room), change),
    receipt: (change) => receive(rooms.get(change.room), change),
    ...changingPeople(people, clock),
    schedule: ({ scheduled: one }) => void scheduled.set(keyOf(one.tenant_id, one.scheduled_id), one),
    unschedule: ({ tenant_id, scheduled_id }) => void scheduled.delete(keyOf(tenant_id, scheduled_id)),
  }

  return (change: Change, seq: number | undefined) =>
    (deeds[change.do] as (change: Change, seq: number | undefined) => void)(change, seq)
}

function setMember(held: Held, { user_id, role, joined_at }: Omit<ChangeOf<'set_member'>, 'room'>, by = held.seq) {
  const before = held.members.get(user_id)
  const begun = { user_id, joined_at, joined_seq: by, read_seq: by, delivered_seq: by }
  held.members.set(user_id, { ...(before ?? begun), role })
}

function react(held: Held, { seq, user_id, emoji, op }: ChangeOf<'react'>) {
  const overlay = overlayOf(held, seq)
  const others = overlay.reactions.filter((one) => one.user_id !== user_id || one.emoji !== emoji)
  const has = others.length < overlay.reactions.length
  if (op === 'remove') overlay.reactions = others
  else if (!has) overlay.reactions.push({ user_id, emoji })
}

function receive({ members }: Held, { user_id, read_seq = 0, delivered_seq = 0 }: ChangeOf<'receipt'>) {
  const member = members.get(user_id)
  if (!member) return
  members.set(user_id, {
    ...member,
    read_seq: Math.max(member.read_seq, read_seq),
    delivered_seq: Math.max(member.delivered_seq, delivered_seq),
  })
}
