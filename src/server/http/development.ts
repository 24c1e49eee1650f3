/** `/dev/token`: in development, a token for whoever asks from this very machine. */
import { isIP } from 'node:net'
import type { Context } from 'hono'
import * as v from 'valibot'
import type { Signer } from '../../ports/tokens.ts'
import { Failure } from '../../protocol/failure.ts'
import { Name, RoomId, UserId } from '../../protocol/ids.ts'
import { isLoopback } from '../arriving/signing.ts'
import { type Bounds, jsonBody } from './body.ts'
import { inSnakeCase, queried } from './data.ts'

const Wanted = v.object({
  user_id: UserId,
  tenant_id: v.optional(Name, 'dev'),
  permissions: v.optional(v.array(v.string())),
  rooms: v.optional(v.union([v.array(RoomId), v.record(RoomId, v.string())])),
  session_id: v.optional(Name),
  device_id: v.optional(Name),
  ttl_s: v.optional(v.number()),
})

const LISTS = ['permissions', 'rooms'] as const
const fromQuery = queried(Wanted)

export interface Development {
  readonly signer: Signer
  readonly bounds: Bounds
  addressOf(request: Request): string | undefined
}

export function developmentRoute({ signer, bounds, addressOf }: Development) {
  return async (c: Context) => {
    const request = c.req.raw
    if (!isLocal(request, addressOf(request)))
      throw new Failure('forbidden', 'Tokens of development are for loopback addresses only.')
    const said = request.method === 'POST' ? await jsonBody(request, bounds) : lists(fromQuery(c.req.query()))
    const { success, output, issues } = v.safeParse(Wanted, inSnakeCase(said))
    if (success) return c.json(await signer.sign(output))
    throw new Failure('validation_failed', 'The request does not have the shape this takes.', {
      details: issues.map((issue) => ({ path: v.getDotPath(issue) ?? '', message: issue.message })),
    })
  }
}

/** In a query a list is comma-separated. */
function lists(said: Record<string, unknown>): Record<string, unknown> {
  const given = LISTS.filter((name) => typeof said[name] === 'string')
  return { ...said, ...Object.fromEntries(given.map((name) => [name, (said[name] as string).split(',')])) }
}

const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'fly-client-ip']

/** A proxy on this machine, or a page of elsewhere in its browser, is no reason to believe that who asks is here too. */
function isLocal({ headers, url }: Request, address: string | undefined): boolean {
  if (address === undefined || !isLoopback(address)) return false
  if (FORWARDED.some((name) => headers.has(name)) || headers.get('sec-fetch-site') === 'cross-site') return false
  const { hostname } = new URL(url)
  return /^(.*\.)?localhost$/.test(hostname) || isIP(hostname.replace(/^\[|\]$/g, '')) > 0
}
