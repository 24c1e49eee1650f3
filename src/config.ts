/** The environment → Config, or one sentence that says what is wrong. Nothing else reads the environment. */
import { randomBytes } from 'node:crypto'
import * as v from 'valibot'
import manifest from '../package.json' with { type: 'json' }
import { DEVELOPMENT_PREFIX } from './adapters/jose/development.ts'
import type { Verification } from './adapters/jose/tokens.ts'
import type { Limits } from './pipeline/limits.ts'
import {
  type ApiKey,
  PUBLIC_ALGORITHMS,
  SECRET_ALGORITHMS,
  type Setting,
  type SettingName,
  settings,
  unsupported,
  type Values,
} from './settings.ts'

export interface Config {
  readonly environment: 'development' | 'production'
  readonly server: { readonly id: string; readonly region: string; readonly version: string }
  readonly host: string
  readonly port: number
  /** With a slash at both ends. */
  readonly path: string
  readonly origins: readonly string[] | '*'
  readonly pingIntervalMs: number
  readonly pingTimeoutMs: number
  readonly upgradeTimeoutMs: number
  readonly maxPayloadBytes: number
  readonly compression: boolean
  readonly parser: 'json' | 'msgpack'
  readonly authTimeoutMs: number
  /** How tokens are verified; nothing only in development, whose own key is then all there is. */
  readonly verification: Verification | undefined
  readonly apiKeys: readonly ApiKey[]
  readonly trustedProxies: readonly string[]
  readonly maxConnections: number
  readonly maxDevicesPerUser: number
  readonly deviceLimit: 'replace' | 'refuse'
  readonly idleMs: number
  readonly recoveryWindowMs: number
  readonly rateLimits: boolean
  readonly limits: Limits
  readonly dataDir: string
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Its message is for whoever starts the service: a sentence with the variable, what it got, and what it takes. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export function readConfig(env: Environment): Config {
  for (const name of unsupported)
    if (isSet(env[name]))
      throw new ConfigError(`${name} is set, but this version is one process with a store of its own: leave it unset.`)
  const values = read(env)
  const environment = values.NODE_ENV === 'production' ? 'production' : 'development'
  const verification = verificationOf(values)
  if (environment === 'production') holdProduction(values, verification)
  return {
    environment,
    server: { id: values.FLY_MACHINE_ID ?? madeId(), region: values.REGION, version: manifest.version },
    host: values.SOCKET_HOST,
    port: values.SOCKET_PORT,
    path: values.SOCKET_PATH,
    origins: values.SOCKET_CORS_ORIGIN ?? (environment === 'production' ? [] : '*'),
    pingIntervalMs: values.SOCKET_PING_INTERVAL,
    pingTimeoutMs: values.SOCKET_PING_TIMEOUT,
    upgradeTimeoutMs: values.SOCKET_UPGRADE_TIMEOUT,
    maxPayloadBytes: values.SOCKET_MAX_PAYLOAD,
    compression: values.SOCKET_COMPRESSION,
    parser: values.SOCKET_PARSER,
    authTimeoutMs: values.AUTH_TIMEOUT,
    verification,
    apiKeys: values.API_KEYS ?? [],
    trustedProxies: values.TRUSTED_PROXIES ?? [],
    maxConnections: values.MAX_CONNECTIONS,
    maxDevicesPerUser: values.MAX_DEVICES_PER_USER,
    deviceLimit: values.DEVICE_LIMIT,
    idleMs: values.PRESENCE_IDLE,
    recoveryWindowMs: values.SOCKET_RECOVERY_WINDOW,
    rateLimits: values.RATE_LIMITS,
    limits: {
      connection: values.LIMIT_CONNECTION,
      user: values.LIMIT_USER,
      address: values.LIMIT_ADDRESS,
      tenant: values.LIMIT_TENANT,
      key: values.LIMIT_KEY,
    },
    dataDir: values.DATA_DIR,
    logLevel: values.LOG_LEVEL,
  }
}

const madeId = () => randomBytes(7).toString('hex')

const isSet = (value: string | undefined): value is string => value !== undefined && value.trim() !== ''

function read(env: Environment): Values {
  const names = Object.keys(settings) as SettingName[]
  return Object.fromEntries(names.map((name) => [name, valueFrom(env, name)])) as Values
}

function valueFrom(env: Environment, name: SettingName): unknown {
  const setting: Setting = settings[name]
  const from = [name, ...setting.aliases].find((one) => isSet(env[one]))
  const text = from === undefined ? setting.fallback : env[from]
  if (text === undefined) return undefined
  const { success, output } = v.safeParse(setting.shape, name === 'JWT_SECRET' ? text : text.trim())
  if (success) return output
  throw new ConfigError(`${from} is ${shown(text, setting)}: it takes ${setting.takes}.`)
}

/** An address may hold a password where it should not. */
function shown(text: string, { secret }: Setting): string {
  if (secret) return 'set to something else (not shown)'
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text).replace(/\/\/[^/]*@/g, '//…@')
}

const KEY_SETTINGS = ['JWT_SECRET', 'JWT_JWKS_URL', 'JWT_PUBLIC_KEY', 'OIDC_ISSUER'] as const

function verificationOf(values: Values): Verification | undefined {
  const [name, other] = KEY_SETTINGS.filter((one) => values[one] !== undefined)
  if (name === undefined) return undefined
  if (other) throw new ConfigError(`${name} and ${other} are both set: tokens are verified by one of them only.`)
  const keys = keysOf(values)
  return {
    keys,
    algorithms: algorithmsFor(name, keys, values),
    issuers: issuersOf(values),
    audiences: values.JWT_AUDIENCE,
    claims: { user: values.JWT_CLAIM_USER, tenant: values.JWT_CLAIM_TENANT },
  }
}

function keysOf({ JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL, OIDC_ISSUER }: Values): Verification['keys'] {
  if (JWT_SECRET?.includes('-----BEGIN'))
    throw new ConfigError('JWT_SECRET is a key in PEM: it takes a secret; a public key goes into JWT_PUBLIC_KEY.')
  if (JWT_SECRET) return { kind: 'secret', secret: new TextEncoder().encode(JWT_SECRET) }
  if (JWT_PUBLIC_KEY) return { kind: 'public', jwk: JWT_PUBLIC_KEY.jwk }
  if (JWT_JWKS_URL) return { kind: 'jwks', url: JWT_JWKS_URL }
  return { kind: 'oidc', issuer: OIDC_ISSUER as string }
}

/** Never those of a secret where the key is public: whoever knows a public key could then sign with it. */
function algorithmsFor(name: string, { kind }: Verification['keys'], values: Values): readonly string[] {
  const fitting = kind === 'secret' ? SECRET_ALGORITHMS : (values.JWT_PUBLIC_KEY?.algorithms ?? PUBLIC_ALGORITHMS)
  const unfit = values.JWT_ALGORITHMS?.find((algorithm) => !fitting.includes(algorithm))
  if (unfit)
    throw new ConfigError(`JWT_ALGORITHMS is "${unfit}" among others: with ${name} it takes ${fitting.join(', ')}.`)
  return values.JWT_ALGORITHMS ?? fitting
}

function issuersOf({ OIDC_ISSUER, JWT_ISSUER }: Values): readonly string[] | undefined {
  if (OIDC_ISSUER === undefined || JWT_ISSUER === undefined) return OIDC_ISSUER ? [OIDC_ISSUER] : JWT_ISSUER
  if (JWT_ISSUER.length === 1 && JWT_ISSUER[0] === OIDC_ISSUER) return JWT_ISSUER
  throw new ConfigError(`JWT_ISSUER is "${JWT_ISSUER}": with OIDC_ISSUER it takes the same, or is left unset.`)
}

const MIN_SECRET_BYTES = 32

/** What is convenient in development would be a hole in production, so there it does not start. */
function holdProduction(values: Values, verification: Verification | undefined): void {
  if (!verification)
    throw new ConfigError(
      `NODE_ENV is "production", which takes a key for tokens: set one of ${KEY_SETTINGS.join(', ')}.`,
    )
  if (values.SOCKET_CORS_ORIGIN === '*')
    throw new ConfigError('SOCKET_CORS_ORIGIN is "*": in production it takes a list of origins.')
  if (verification.keys.kind !== 'secret') return
  const { length } = verification.keys.secret
  if (length < MIN_SECRET_BYTES)
    throw new ConfigError(`JWT_SECRET is ${length} bytes long: in production it takes at least ${MIN_SECRET_BYTES}.`)
  if (values.JWT_SECRET?.startsWith(DEVELOPMENT_PREFIX))
    throw new ConfigError("JWT_SECRET is development's own key: in production it takes a secret made for production.")
}
