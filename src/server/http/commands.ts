/** A route that names a command goes the way of every command. */
import type { Context } from 'hono'
import type { Route } from '../../documents/openapi.ts'
import type { Registered } from '../../features/registry.ts'
import type { Dispatch } from '../../pipeline/dispatch.ts'
import type { Tokens } from '../../ports/tokens.ts'
import type { FailureData } from '../../protocol/failure.ts'
import { newId } from '../../protocol/ids.ts'
import { actingAs, bearerOf } from './bearer.ts'
import { type Bounds, jsonBody } from './body.ts'
import { inSnakeCase, queried } from './data.ts'
import { refuse } from './refusal.ts'
import type { Env } from './requests.ts'

export interface Commanding {
  readonly dispatch: Dispatch
  readonly commands: ReadonlyMap<string, Registered>
  readonly tokens: Tokens
  readonly bounds: Bounds
}

export function commandRoute(route: Route, { dispatch, commands, tokens, bounds }: Commanding) {
  const found = commands.get(route.command)
  if (!found) throw new Error(`${route.path} is for the command "${route.command}", which there is not.`)
  const fromQuery = queried(found.command.input)

  return async (c: Context<Env>) => {
    const bearer = await bearerOf(c.req.raw.headers, tokens)
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
