/** Addresses that behave as if to do harm: to be seen, and to be let in again. */
import * as v from 'valibot'
import type { Suspect } from '../../ports/suspects.ts'
import { Failure } from '../../protocol/failure.ts'
import { type Context, command, type Rule } from '../feature.ts'

/** Addresses are not a tenant's: who may do anything within one does not see who comes to the others. */
const operator: Rule<unknown> = {
  says: 'the permission `operator`, by its name',
  check(ctx) {
    if (!ctx.caller.permissions.listed.includes('operator'))
      throw new Failure('forbidden', 'This takes the permission `operator`.')
  },
}

const common = { allow: operator, rate: { take: 100, every_ms: 10_000 } }

const viewOf = ({ network, points, reasons, step, since, until, times }: Suspect) => ({
  address: network.includes(':') ? `${network}::/64` : network,
  points: Math.round(points),
  reasons: { ...reasons },
  step,
  since,
  until: until === 0 ? null : until,
  times,
})

export const suspects = command({
  ...common,
  about:
    'Addresses from which much is refused, the most suspicious first: why, what is done about each (`watched`, `noted`, `slowed`, `cut_off`), and until when it is cut off.',
  input: v.object({ limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000)), 100) }),
  output: v.object({
    suspects: v.array(
      v.object({
        address: v.string(),
        points: v.number(),
        reasons: v.record(v.string(), v.number()),
        step: v.picklist(['watched', 'noted', 'slowed', 'cut_off']),
        since: v.number(),
        until: v.nullable(v.number()),
        times: v.number(),
      }),
    ),
  }),
  async handle(ctx: Context, { limit }) {
    return { suspects: (await ctx.service.suspects(limit)).map(viewOf) }
  },
})

export const pardon = command({
  ...common,
  about: 'Lets an address in again, and holds nothing against it any more.',
  input: v.object({ address: v.pipe(v.string(), v.minLength(1), v.maxLength(64)) }),
  output: v.object({ pardoned: v.boolean() }),
  async handle(ctx: Context, { address }) {
    const network = ctx.service.networkOf(address.replace(/\/64$/, ''))
    if (network === undefined)
      throw new Failure('validation_failed', 'This is no address that can be suspected.', {
        details: [{ path: 'address', message: 'Must be an address, or a network as `service:suspects` tells it.' }],
      })
    return { pardoned: await ctx.service.pardon(network) }
  },
})
