/** What every request has: an id, a line in the log, and headers that keep browsers from guessing. */
import type { Context, MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import { newId } from '../../protocol/ids.ts'

export interface Env {
  Variables: {
    request_id: string
    command_id?: string
  }
}

const SANE = /^[\w.:-]{1,128}$/

export function requests(logger: Logger, clock: Clock): MiddlewareHandler<Env> {
  return async (c, next) => {
    const began = clock.now()
    const given = c.req.header('x-request-id') ?? ''
    const request_id = SANE.test(given) ? given : newId()
    c.set('request_id', request_id)
    await next()
    guard(c, request_id)
    const route = routePath(c, -1) // not the address: it may hold what is no one's business
    const { command_id } = c.var
    const line = { request_id, command_id, method: c.req.method, route, status: c.res.status, ms: clock.now() - began }
    logger[route.startsWith('/socket/') ? 'info' : 'debug'](line, 'A request was answered.')
  }
}

function guard(c: Context, request_id: string) {
  c.header('x-request-id', request_id)
  c.header('x-content-type-options', 'nosniff')
  if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store')
  if (!c.res.headers.has('content-security-policy'))
    c.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
}
