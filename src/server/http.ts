/** The door for HTTP: each route names a command of the registry, and translates. */
import { type Context, Hono } from 'hono'
import { cors } from 'hono/cors'
import { methodNotAllowed } from 'hono/method-not-allowed'
import type { Service } from '../documents/asyncapi.ts'
import type { Registered } from '../features/registry.ts'
import type { Dispatch } from '../pipeline/dispatch.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Meter } from '../ports/meter.ts'
import type { Signer, Tokens } from '../ports/tokens.ts'
import { Failure } from '../protocol/failure.ts'
import type { Outsiders } from './arriving/outsiders.ts'
import { commandRoute } from './http/commands.ts'
import { developmentRoute } from './http/development.ts'
import { openRoutes, type Readiness } from './http/open.ts'
import { refuse, statusOf } from './http/refusal.ts'
import { type Env, requests } from './http/requests.ts'
import { routes } from './http/routes.ts'

export interface HttpDoor {
  readonly dispatch: Dispatch
  readonly commands: ReadonlyMap<string, Registered>
  /** What the documents tell. */
  readonly service: Service
  /** API keys among them. */
  readonly tokens: Tokens
  /** With it there is `/dev/token`, for loopback addresses. */
  readonly developmentTokens: Signer | undefined
  readonly meter: Pick<Meter, 'render' | 'failed'>
  ready(): Promise<Readiness>
  readonly pages: Hono | undefined
  readonly logger: Logger
  readonly clock: Clock
  readonly outsiders?: Pick<Outsiders, 'networkOf' | 'refused'> | undefined
  /** The client's own address, as far as it can be known. */
  addressOf(request: Request): string | undefined
  /** Bytes. */
  readonly maxBody: number
  readonly origins: readonly string[] | '*'
}

export type HttpApp = Hono<Env>

export function httpDoor(door: HttpDoor): HttpApp {
  const { logger, clock, origins, pages } = door
  const app: HttpApp = new Hono()
  app.use(requests(logger, clock))
  app.use(methodNotAllowed({ app, onMethodNotAllowed: wrongMethod }))
  for (const path of ['/socket/*', '/dev/*', '/health/*', '/openapi.json', '/asyncapi.json'])
    app.use(path, crossOrigin(origins))
  addRoutes(app, door)
  if (pages) {
    app.get('/docs', (c) => pages.fetch(new Request(new URL('/docs/', c.req.url), { headers: c.req.raw.headers })))
    app.route('/', pages)
  }
  app.notFound((c) => refuse(c, new Failure('not_found', 'There is nothing at this address.').data))
  app.onError((thrown, c) => {
    const failure = Failure.from(thrown)
    if (failure.code === 'internal') report(thrown, c.var.request_id, door)
    return refuse(c, failure.data, statusOf(failure))
  })
  return app
}

function addRoutes(app: HttpApp, door: HttpDoor) {
  const { commands, dispatch, tokens, developmentTokens: signer, addressOf, clock } = door
  const bounds = { maxBytes: door.maxBody, clock }
  const commanding = { dispatch, commands, tokens, bounds, outsiders: door.outsiders, addressOf }
  for (const route of routes) app.on(route.method.toUpperCase(), route.path, commandRoute(route, commanding))
  for (const { path, answer } of openRoutes({ ...door, routes })) app.get(path, answer)
  if (signer) app.on(['GET', 'POST'], '/dev/token', developmentRoute({ signer, bounds, addressOf }))
}

const crossOrigin = (origins: HttpDoor['origins']) =>
  cors({
    origin: origins === '*' ? '*' : [...origins],
    allowMethods: ['GET', 'POST'],
    allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'X-API-Key', 'X-Request-Id'],
    exposeHeaders: ['Retry-After', 'X-Request-Id'],
    maxAge: 600,
  })

function wrongMethod(c: Context, methods: readonly string[]): Response {
  c.header('allow', methods.join(', '))
  return refuse(c, new Failure('validation_failed', `This address takes ${methods.join(', ')}.`).data, 405)
}

/** A bug: the answer has nothing of it but the request's id, under which this line is found. */
function report(error: unknown, request_id: string, { logger, meter }: HttpDoor) {
  meter.failed('http')
  logger.error({ request_id, error }, 'A request failed.')
}
