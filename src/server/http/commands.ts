/** A route that names a command goes the way of every command. */
import type { Context } from 'hono'
import type { Route } from '../../documents/openapi.ts'
import type { Caller } from '../../features/caller.ts'
import type { Registered } from '../../features/registry.ts'
import type { Dispatch } from '../../pipeline/dispatch.ts'
import type { Tokens } from '../../ports/tokens.ts'
import type { FailureData } from '../../protocol/failure.ts'
import { newId } from '../../protocol/ids.ts'
import type { Outsiders } from '../arriving/outsiders.ts'
import { actingAs, bearerOf, bringsCredential } from './bearer.ts'
import { type Bounds, jsonBody } from './body.ts'
import { inSnakeCase, queried } from './data.ts'
import { refuse } from './refusal.ts'
import type { Env } from './requests.ts'

export interface Commanding {
  readonly dispatch: Dispatch
  readonly commands: ReadonlyMap<string, Registered>
  readonly tokens: Tokens
  readonly bounds: Bounds
  readonly outsiders: Pick<Outsiders, 'networkOf' | 'refused'> | undefined
  addressOf(request: Request): string | undefined
}

export function commandRoute(route: Route, commanding: Commanding) {
  const { dispatch, commands, tokens, bounds, outsiders, addressOf } = commanding
  const found = commands.get(route.command)
  if (!found) throw new Error(`${route.path} is for the command "${route.command}", which there is not.`)
  const fromQuery = queried(found.command.input)

  /** Counted against its address, and late where much is. A good one is never kept out: it may lift that. */
  async function identified(request: Request): Promise<Caller> {
    const address = addressOf(request) ?? ''
    const { headers } = request
    try {
      return { ...(await bearerOf(headers, tokens)), network: outsiders?.networkOf(address) }
    } catch (refusal) {
      if (bringsCredential(headers)) await outsiders?.refused(address, refusal)
      throw refusal
    }
  }

  return async (c: Context<Env>) => {
    const bearer = await identified(c.req.raw)
    const given = route.method === 'get' ? fromQuery(c.req.query()) : await jsonBody(c.req.raw, bounds)
    const said = { ...route.defaults, ...inSnakeCase(given), ...c.req.param() }
    const { caller, data } = actingAs(bearer, route.as, said)
    const id = c.req.header('idempotency-key') ?? newId()
    const reply = await dispatch(caller, route.command, { id, payload: { data } })
    c.set('command_id', reply.id)
    if (reply.type === 'error') return refuse(c, reply.payload.data as FailureData)
    const made = reply.payload.data as Record<string, unknown>
    return c.json(made, route.unless !== undefined && made[route.unless] === true ? 200 : route.status)
  }
}
