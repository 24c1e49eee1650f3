import * as v from 'valibot'
import type { Device } from '../../ports/store.ts'
import { Failure } from '../../protocol/failure.ts'
import { Name, Nothing } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { anyone } from '../rooms/rules.ts'
import { hasDevice, revokeDevice } from './revoke.ts'
import { DeviceView } from './session.ts'

const rate = { take: 30, every_ms: 60_000 }

export const list = command({
  about: 'Your devices. An anonymous one, that gave no device_id, is not among them.',
  input: Nothing,
  output: v.object({ devices: v.array(DeviceView) }),
  allow: anyone,
  rate,
  automatic: true,
  handle: async (ctx: Context) => ({ devices: await devicesOf(ctx) }),
})

export const revoke = command({
  about: 'Forgets one of your devices, closes its connections, and takes its tokens no more.',
  input: v.object({ device_id: Name }),
  output: Nothing,
  allow: anyone,
  rate,

  async handle(ctx: Context, { device_id }) {
    if (!(await hasDevice(ctx, device_id))) throw new Failure('not_found', 'You have no such device.')
    await revokeDevice(ctx, ctx.userId, device_id)
    return {}
  },
})

/** `devices` where they were just asked for. */
export async function devicesOf(
  ctx: Context,
  devices?: readonly Device[],
): Promise<v.InferOutput<typeof DeviceView>[]> {
  const known = devices ?? (await ctx.store.devices(ctx.userId))
  const [connections = []] = await ctx.roster.of([ctx.userId])
  return known.map(({ device_id, name, platform, last_seen_at }) => {
    const here = connections.filter((one) => one.device_id === device_id)
    return {
      device_id,
      name: name ?? null,
      platform: platform ?? null,
      online: here.length > 0,
      active: here.some(({ idle }) => !idle),
      current: device_id === ctx.caller.device_id,
      last_seen_at,
      last_active_at: here.length > 0 ? Math.max(...here.map(({ active_at }) => active_at)) : null,
    }
  })
}
