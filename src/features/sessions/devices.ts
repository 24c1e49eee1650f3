import * as v from 'valibot'
import { Failure } from '../../protocol/failure.ts'
import { Name, Nothing } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { anyone } from '../rooms/rules.ts'
import { DeviceView } from './session.ts'

const rate = { take: 30, every_ms: 60_000 }

export const list = command({
  about: 'Your devices. An anonymous one, that gave no device_id, is not among them.',
  input: Nothing,
  output: v.object({ devices: v.array(DeviceView) }),
  allow: anyone,
  rate,
  handle: async (ctx: Context) => ({ devices: await devicesOf(ctx) }),
})

export const revoke = command({
  about: 'Forgets one of your devices, and closes its connections.',
  input: v.object({ device_id: Name }),
  output: Nothing,
  allow: anyone,
  rate,

  async handle(ctx: Context, { device_id }) {
    const known = await ctx.store.devices(ctx.userId)
    if (!known.some((one) => one.device_id === device_id)) throw new Failure('not_found', 'You have no such device.')
    const { tenant_id } = ctx.caller
    await ctx.store.apply([{ do: 'drop_device', tenant_id, user_id: ctx.userId, device_id }])
    ctx.closeDevice(ctx.userId, device_id, new Failure('session_revoked', 'This device was revoked.'))
    return {}
  },
})

export async function devicesOf(ctx: Context): Promise<v.InferOutput<typeof DeviceView>[]> {
  const known = await ctx.store.devices(ctx.userId)
  const online = ctx.service.user(ctx.userId)?.devices ?? []
  return known.map(({ device_id, name, platform, last_seen_at }) => ({
    device_id,
    name: name ?? null,
    platform: platform ?? null,
    online: online.includes(device_id),
    current: device_id === ctx.caller.device_id,
    last_seen_at,
  }))
}
