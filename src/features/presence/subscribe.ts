import * as v from 'valibot'
import { Failure } from '../../protocol/failure.ts'
import { Nothing, RoomId, UserId } from '../../protocol/ids.ts'
import type { Connection } from '../caller.ts'
import { type Context, command, type Rule } from '../feature.ts'
import { caps } from '../rooms/caps.ts'
import { anyone, memberOf } from '../rooms/rules.ts'
import { viewsOf } from './looking.ts'
import { inRoomSubject, PresenceView, Summary, userSubject } from './presence.ts'
import { countsOf, membersOf, watchedRoom } from './rooms.ts'
import { answered, type State, saidOf } from './state.ts'
import { wake } from './telling.ts'
import { LARGE } from './watched.ts'

const Whom = v.object({
  user_ids: v.optional(v.pipe(v.array(UserId), v.maxLength(caps.user_ids)), []),
  room_id: v.optional(RoomId),
})
type Wanted = v.InferOutput<typeof Whom>

const rate = { take: 200, every_ms: 60_000 }

const maySee: Rule<Wanted> = {
  says: 'of a room: its members; of users: anyone of their tenant',
  check: (ctx, { room_id }) => (room_id === undefined ? anyone.check(ctx, {}) : memberOf.check(ctx, { room_id })),
}

export const subscribe = command({
  about:
    'How these users, or the members of this room, are seen now; and from now on `user_presence` of each change, while ' +
    'the connection lasts and hears the room. A room of over 100 members is told in numbers.',
  input: v.pipe(
    Whom,
    v.check(({ user_ids, room_id }) => user_ids.length > 0 || room_id !== undefined, 'Give user_ids, room_id or both.'),
  ),
  output: v.object({ presences: v.array(PresenceView), summary: v.optional(Summary) }),
  allow: maySee,
  permission: true,
  automatic: true,
  rate,

  async handle(ctx: Context<State>, { user_ids, room_id }) {
    const { connection } = ctx.caller
    if (room_id !== undefined) renew(ctx, room_id)
    if (connection) watch(connection, { user_ids, room_id })
    const members = room_id === undefined ? [] : await seenMembers(ctx, room_id)
    const large = members === 'vast' || members.length > LARGE
    const users = [...new Set(large ? user_ids : [...user_ids, ...members])]
    const summary = large && room_id ? { room_id, counts: await countsOf(ctx, room_id, members) } : undefined
    const [own] = users.includes(ctx.userId) ? await ctx.store.presences([ctx.userId]) : []
    const presences = await viewsOf(ctx, users)
    answered(ctx.state, users)
    if (ctx.state.changed.size > 0) wake(ctx)
    return {
      presences: presences.map((view) => (view.user_id === ctx.userId ? { ...view, ...saidOf(own) } : view)),
      ...(summary && { summary }),
    }
  },
})

export const unsubscribe = command({
  about: 'Hears of these users, or of this room, no more; of nobody, where neither is given.',
  input: Whom,
  output: Nothing,
  allow: anyone,
  permission: true,
  automatic: true,
  rate,

  handle(ctx: Context, { user_ids, room_id }) {
    const { connection } = ctx.caller
    const all = user_ids.length === 0 && room_id === undefined
    const subjects = all ? [...(connection?.watched ?? [])].filter(isOurs) : subjectsOf({ user_ids, room_id })
    for (const subject of subjects) connection?.watch(subject, false)
    return {}
  },
})

const subjectsOf = ({ user_ids, room_id }: Wanted): string[] => [
  ...user_ids.map(userSubject),
  ...(room_id === undefined ? [] : [inRoomSubject(room_id)]),
]

const OF_USERS = 'user/'
const OF_ROOMS = 'room/'
const isOurs = (subject: string) => subject.startsWith(OF_USERS) || subject.startsWith(OF_ROOMS)

/** Watched first and looked at then: what changes in between is told. */
function watch(connection: Connection, wanted: Wanted) {
  const { room_id } = wanted
  if (room_id !== undefined && !connection.heard(room_id))
    throw new Failure('forbidden', 'This connection does not hear the room: send room:subscribe first.')
  const subjects = subjectsOf(wanted)
  const all = [...new Set([...connection.watched, ...subjects])]
  hold(all, OF_USERS, caps.presence_users)
  hold(all, OF_ROOMS, caps.presence_rooms)
  for (const subject of subjects) connection.watch(subject, true)
  if (room_id !== undefined) connection.want(room_id, 'presence', true)
}

/** What nobody watched may be out of date; a vast room is as it was counted. */
function renew(ctx: Context<State>, room_id: string) {
  const { watched } = ctx.state
  const room = watched.rooms.get(inRoomSubject(room_id))
  if (room && ctx.watchers(room.subject) === 0 && ctx.now >= room.countAt) watched.forget(room)
}

async function seenMembers(ctx: Context<State>, room_id: string) {
  if (!ctx.caller.connection) return membersOf(ctx, room_id)
  const { vast, members } = await watchedRoom(ctx, room_id)
  return vast ? 'vast' : [...members]
}

function hold(subjects: readonly string[], kind: string, most: number) {
  if (subjects.filter((subject) => subject.startsWith(kind)).length <= most) return
  const what = kind === OF_USERS ? 'users' : 'rooms'
  throw new Failure('forbidden', `A connection can watch the presence of ${most} ${what} at most.`)
}
