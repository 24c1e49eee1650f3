/** The door for HTTP alone: what stands behind it is said by the test. */
import { Hono } from 'hono'
import type { Caller } from '../../../src/features/caller.ts'
import { features, register } from '../../../src/features/registry.ts'
import type { Dispatch } from '../../../src/pipeline/dispatch.ts'
import type { Logger } from '../../../src/ports/logger.ts'
import type { Identity, Tokens } from '../../../src/ports/tokens.ts'
import { envelope, refusal } from '../../../src/protocol/envelope.ts'
import { Failure } from '../../../src/protocol/failure.ts'
import { type HttpDoor, httpDoor } from '../../../src/server/http.ts'
import { fakeClock } from '../../support/clock.ts'

export interface Asked {
  readonly caller: Caller
  readonly name: string
  readonly argument: { readonly id: string; readonly payload: { readonly data: Record<string, unknown> } }
}

const someone = (user_id: string, permissions?: readonly string[]): Identity => ({
  user_id,
  tenant_id: 'acme',
  permissions,
  rooms: {},
  session_id: `session.${user_id}`,
  device_id: 'phone',
  token_id: undefined,
  issued_at: 0,
  expires_at: Number.POSITIVE_INFINITY,
})

const known: Readonly<Record<string, Identity>> = {
  'ada-token': someone('ada'),
  'root-token': someone('root', ['admin']),
  'key of a server': someone('service.crm', ['*']),
}

const tokens: Tokens = {
  async verify(token) {
    const identity = known[token]
    if (token === 'old-token') throw new Failure('token_expired', 'The token has expired.')
    if (!identity) throw new Failure('unauthenticated', 'The token is not good.')
    return identity
  },
}

/** `reply` is what each command is answered with: the acknowledgement's data, or a failure. */
export function door(given: Partial<HttpDoor> = {}, reply: (asked: Asked) => unknown = () => ({})) {
  const asked: Asked[] = []
  const lines: { level: string; fields: Record<string, unknown>; message: string }[] = []
  const { clock, pass } = fakeClock()

  const dispatch: Dispatch = async (caller, name, argument) => {
    const one = { caller, name, argument } as Asked
    asked.push(one)
    const stamp = { id: one.argument.id, tenant_id: caller.tenant_id, timestamp: clock.now(), action: name }
    const data = await reply(one)
    return data instanceof Failure ? refusal(stamp, data) : envelope('ack', stamp, data)
  }
  const line = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields: { ...fields }, message })
  const logger: Logger = {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: () => logger,
  }
  const app = httpDoor({
    dispatch,
    commands: register(features),
    service: { features, version: '1.2.3', socketPath: '/socket.io/' },
    tokens,
    developmentTokens: undefined,
    meter: { render: async () => 'parley_info 1\n', failed() {} },
    ready: async () => ({ ready: true, dependencies: { log: 'ok' } }),
    pages: new Hono().get('/docs/', (c) => c.html('<h1>Documents</h1>')).get('/', (c) => c.html('<h1>Demo</h1>')),
    logger,
    clock,
    addressOf: () => '127.0.0.1',
    maxBody: 1_000_000,
    origins: ['https://chat.example'],
    ...given,
  })
  return { app, asked, lines, pass }
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

export const posted = (body: unknown, headers: Record<string, string> = bearer('ada-token')) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})

export interface Refused {
  error: { code: string; message: string; retryable: boolean; details?: unknown; retry_after_ms?: number }
}

export const refusedIn = async (response: Response) => ((await response.json()) as Refused).error
