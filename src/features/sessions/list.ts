import * as v from 'valibot'
import type { Present } from '../../ports/roster.ts'
import { Nothing } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { anyone } from '../rooms/rules.ts'

const Session = v.object({
  session_id: v.string(),
  current: v.boolean(),
  connections: v.number(),
  devices: v.array(v.string()),
  since: v.number(),
  last_active_at: v.number(),
})

export const list = command({
  about: 'Your sessions that are connected: each is one sign-in, on however many devices.',
  input: Nothing,
  output: v.object({ sessions: v.array(Session) }),
  allow: anyone,
  rate: { take: 30, every_ms: 60_000 },

  async handle(ctx: Context) {
    const [connections = []] = await ctx.roster.of([ctx.userId])
    const sessions = Map.groupBy(connections, ({ session_id }) => session_id)
    return { sessions: [...sessions].map(([session_id, its]) => viewOf(ctx, session_id, its)) }
  },
})

const viewOf = ({ caller }: Context, session_id: string, its: readonly Present[]): v.InferOutput<typeof Session> => ({
  session_id,
  current: session_id === caller.session_id,
  connections: its.length,
  devices: [...new Set(its.flatMap(({ device_id }) => device_id ?? []))],
  since: Math.min(...its.map(({ since }) => since)),
  last_active_at: Math.max(...its.map(({ active_at }) => active_at)),
})
