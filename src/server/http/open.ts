/** What is there without signing in: health, numbers, and the documents. */
import type { Context } from 'hono'
import { asyncapi, type Service } from '../../documents/asyncapi.ts'
import { type OpenRoute, openapi, type Route } from '../../documents/openapi.ts'
import type { Registered } from '../../features/registry.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Meter } from '../../ports/meter.ts'

export interface Readiness {
  readonly ready: boolean
  /** Each with its state, in words or particulars. */
  readonly dependencies: Readonly<Record<string, unknown>>
}

export interface Opening {
  readonly service: Service
  readonly commands: ReadonlyMap<string, Registered>
  readonly routes: readonly Route[]
  readonly meter: Pick<Meter, 'render'>
  readonly clock: Clock
  ready(): Promise<Readiness>
}

export interface Opened extends OpenRoute {
  answer(c: Context): Response | Promise<Response>
}

const JSON_TYPE = 'application/json'
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** A dependency that does not answer is not ready. */
const PATIENCE_MS = 5_000

export function openRoutes({ service, commands, routes, meter, clock, ready }: Opening): readonly Opened[] {
  const open: Opened[] = [
    {
      path: '/health/live',
      about: 'Whether the process serves.',
      media: JSON_TYPE,
      answers: { 200: 'It does.' },
      answer: (c) => c.json({ status: 'ok' }),
    },
    {
      path: '/health/ready',
      about: 'Whether the service takes what is sent to it, and how each thing is that it depends on.',
      media: JSON_TYPE,
      answers: { 200: 'It does.', 503: 'It does not, now.' },
      answer: async (c) => {
        const { ready: is, dependencies } = await within(PATIENCE_MS, ready(), clock)
        return c.json({ status: is ? 'ready' : 'not_ready', dependencies }, is ? 200 : 503)
      },
    },
    {
      path: '/metrics',
      about: "Numbers, in Prometheus' text format.",
      media: 'text/plain',
      answers: { 200: 'As of now.' },
      answer: async (c) => c.body(await meter.render(), 200, { 'content-type': METRICS_TYPE }),
    },
    documented('/openapi.json', 'What can be asked by HTTP.', () =>
      openapi({ routes, open, commands, version: service.version }),
    ),
    documented('/asyncapi.json', 'What is said over Socket.IO.', () => asyncapi(service)),
  ]
  return open
}

/** Made when it is first asked for. */
function documented(path: string, about: string, make: () => unknown): Opened {
  let made: string | undefined
  const answer = (c: Context) => {
    made ??= JSON.stringify(make())
    return c.body(made, 200, { 'content-type': JSON_TYPE })
  }
  return { path, about, media: JSON_TYPE, answers: { 200: 'The document.' }, answer }
}

async function within(ms: number, answer: Promise<Readiness>, clock: Clock): Promise<Readiness> {
  const late = Promise.withResolvers<Readiness>()
  const callOff = clock.after(ms, () => late.resolve({ ready: false, dependencies: { health: 'no answer in time' } }))
  return Promise.race([answer, late.promise]).finally(callOff)
}
