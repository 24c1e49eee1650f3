import * as v from 'valibot'
import { UserId } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { admin } from '../rooms/rules.ts'

const ConnectionView = v.object({
  connection_id: v.string(),
  server_id: v.string(),
  session_id: v.string(),
  device_id: v.nullable(v.string()),
  platform: v.nullable(v.string()),
  transport: v.string(),
  address: v.string(),
  since: v.number(),
  last_active_at: v.number(),
  idle: v.boolean(),
  quality: v.nullable(v.string()),
  rtt_ms: v.nullable(v.number()),
})

export const connections = command({
  about: 'The connections of a user, each with what is known of it.',
  input: v.object({ user_id: UserId }),
  output: v.object({ user_id: UserId, connections: v.array(ConnectionView) }),
  allow: admin,
  rate: { take: 100, every_ms: 10_000 },

  async handle(ctx: Context, { user_id }) {
    const [found = []] = await ctx.roster.of([user_id])
    const shown = found.map(({ device_id, platform, active_at, quality, rtt_ms, ...rest }) => ({
      ...rest,
      device_id: device_id ?? null,
      platform: platform ?? null,
      last_active_at: active_at,
      quality: quality ?? null,
      rtt_ms: rtt_ms ?? null,
    }))
    return { user_id, connections: shown }
  },
})
