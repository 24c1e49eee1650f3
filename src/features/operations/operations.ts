/** What operators ask of the running service; by HTTP as a rule. */
import * as v from 'valibot'
import type { Connected, Present } from '../../ports/roster.ts'
import { Nothing, RoomId, UserId } from '../../protocol/ids.ts'
import { type Context, command, feature } from '../feature.ts'
import { Cursor, Limit, pageOf } from '../rooms/page.ts'
import { admin } from '../rooms/rules.ts'
import { broadcast } from './broadcast.ts'
import { connections } from './connections.ts'
import { pardon, suspects } from './suspects.ts'

const common = { allow: admin, rate: { take: 100, every_ms: 10_000 } }

const health = command({
  ...common,
  about: 'Whether the service and what it depends on are well.',
  input: Nothing,
  output: v.object({
    status: v.string(),
    uptime_s: v.number(),
    connections: v.number(),
    dependencies: v.record(v.string(), v.unknown()),
  }),
  handle: (ctx: Context) => ctx.service.health(),
})

const stats = command({
  ...common,
  about: 'Counts since the start, and how long commands take.',
  input: Nothing,
  output: v.object({
    connections: v.number(),
    users: v.number(),
    rooms: v.number(),
    messages: v.number(),
    events: v.number(),
    errors: v.number(),
    latency_ms: v.object({ p50: v.number(), p95: v.number(), p99: v.number() }),
    memory: v.record(v.string(), v.number()),
  }),
  handle: (ctx: Context) => ctx.service.stats(),
})

const User = v.object({
  user_id: UserId,
  devices: v.array(v.string()),
  connections: v.number(),
  last_active_at: v.number(),
})

const viewOf = ({ user_id, connections }: Connected) => ({
  user_id,
  devices: devicesOf(connections),
  connections: connections.length,
  last_active_at: Math.max(...connections.map(({ active_at }) => active_at)),
})

const devicesOf = (connections: readonly Present[]) => [
  ...new Set(connections.flatMap(({ device_id }) => device_id ?? [])),
]

const users = command({
  ...common,
  about: 'Who of the tenant is connected, by user id.',
  input: v.object({ cursor: Cursor, limit: Limit }),
  output: v.object({ users: v.array(User), next_cursor: Cursor }),
  async handle(ctx: Context, { cursor, limit }) {
    const found = await ctx.roster.users(cursor, limit + 1)
    const { items, next_cursor } = pageOf(found, limit, ({ user_id }) => user_id)
    return { users: items.map(viewOf), next_cursor }
  },
})

const connected = command({
  ...common,
  about: 'Whether a user is connected, and with which devices.',
  input: v.object({ user_id: UserId }),
  output: v.object({ user_id: UserId, connected: v.boolean(), devices: v.array(v.string()) }),
  async handle(ctx: Context, { user_id }) {
    const [connections = []] = await ctx.roster.of([user_id])
    return { user_id, connected: connections.length > 0, devices: devicesOf(connections) }
  },
})

const Overview = v.object({
  room_id: RoomId,
  kind: v.string(),
  name: v.string(),
  member_count: v.number(),
  online: v.number(),
  messages: v.number(),
  bytes: v.number(),
  last_activity_at: v.number(),
})

const rooms = command({
  ...common,
  about:
    'The rooms of the tenant, by room id. `messages` counts those that are held, `bytes` is about what the log weighs.',
  input: v.object({ cursor: Cursor, limit: Limit }),
  output: v.object({ rooms: v.array(Overview), next_cursor: Cursor }),
  async handle(ctx: Context, { cursor, limit }) {
    const { items, next_cursor } = pageOf(await ctx.store.rooms(cursor, limit + 1), limit, ({ room }) => room.room_id)
    const sizes = await ctx.store.sizes(items.map(({ room }) => ctx.place(room.room_id)))
    const shown = items.map(({ room, updated_at }, n) => ({
      room_id: room.room_id,
      kind: room.kind,
      name: room.name,
      member_count: room.member_count,
      online: ctx.service.online(room.room_id),
      messages: sizes[n]?.messages ?? 0,
      bytes: sizes[n]?.bytes ?? 0,
      last_activity_at: updated_at,
    }))
    return { rooms: shown, next_cursor }
  },
})

export const operations = feature('operations', {
  events: [],
  commands: {
    'service:health': health,
    'service:stats': stats,
    'service:users': users,
    'service:rooms': rooms,
    'service:connected': connected,
    'service:connections': connections,
    'service:broadcast': broadcast,
    'service:suspects': suspects,
    'service:pardon': pardon,
  },
})
