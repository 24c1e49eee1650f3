/** Every environment variable that is read: what it means, what it takes, and what stands where it is not set. */
import { createPublicKey } from 'node:crypto'
import { isIP } from 'node:net'
import * as v from 'valibot'
import type { Rate } from './ports/limiter.ts'
import { Name } from './protocol/ids.ts'

export interface Setting<Value = unknown> {
  readonly meaning: string
  /** Ends the sentence "it takes …". */
  readonly takes: string
  readonly shape: v.GenericSchema<string, Value>
  readonly aliases: readonly string[]
  /** Read as if it had been set; nothing where being unset means something of its own. */
  readonly fallback: string | undefined
  /** The default in words, where `fallback` does not say it. */
  readonly unset: string
  /** Never printed, not even where it is wrong. */
  readonly secret: boolean
}

export interface ApiKey {
  readonly name: string
  readonly tenant_id: string
  readonly secret: string
}

export interface PublicKey {
  readonly jwk: Readonly<Record<string, unknown>>
  /** What a key of this kind can sign with. */
  readonly algorithms: readonly string[]
}

export const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512']
const RSA_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
const CURVE_ALGORITHMS: Record<string, readonly string[]> = {
  'P-256': ['ES256'],
  'P-384': ['ES384'],
  'P-521': ['ES512'],
  Ed25519: ['EdDSA', 'Ed25519'],
}
export const PUBLIC_ALGORITHMS = [...RSA_ALGORITHMS, ...Object.values(CURVE_ALGORITHMS).flat()]

type Kind<Value> = Pick<Setting<Value>, 'takes' | 'shape'>

/** What `parse` throws at, or has no answer for, is not taken. */
function kind<Value>(takes: string, parse: (text: string) => Value | undefined): Kind<Value> {
  const shape = v.pipe(
    v.string(),
    v.rawTransform<string, Value>(({ dataset, addIssue, NEVER }) => {
      try {
        const value = parse(dataset.value)
        if (value !== undefined) return value
        addIssue({ message: takes })
      } catch {
        addIssue({ message: takes })
      }
      return NEVER
    }),
  )
  return { takes, shape }
}

const whole = (min: number, max: number, of = '') =>
  kind(`a whole number ${of}from ${min} to ${max}`, (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    return value >= min && value <= max ? value : undefined
  })

const ms = (min: number, max: number) => whole(min, max, 'of ms ')

/** A token bucket. */
const rate = kind('how many in how many ms, such as 300/10000', (text): Rate | undefined => {
  const [, take, every_ms] = /^([1-9]\d{0,8})\/([1-9]\d{0,8})$/.exec(text) ?? []
  return take === undefined ? undefined : { take: Number(take), every_ms: Number(every_ms) }
})

const oneOf = <const Choice extends string>(...choices: readonly Choice[]) =>
  kind(choices.join(', '), (text) => choices.find((choice) => choice === text.toLowerCase()))

const ON = ['on', 'true', '1', 'yes']
const OFF = ['off', 'false', '0', 'no']
const onOrOff = kind('on or off', (text) => {
  const word = text.toLowerCase()
  return ON.includes(word) || (OFF.includes(word) ? false : undefined)
})

const anyText = kind('text', (text) => text)
const word = kind('one word', (text) => (/^\S{1,255}$/.test(text) ? text : undefined))

/** Comma-separated, each with no space around it; an entry that `parse` does not take spoils the list. */
const listOf = <Value>(takes: string, parse: (text: string) => Value | undefined) =>
  kind(takes, (text) => {
    const values = text.split(',').map((part) => parse(part.trim()))
    return values.includes(undefined) ? undefined : (values as Value[])
  })

function origin(text: string): string | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*\\]+\/?$/i.test(text)) return undefined
  return /^https?:/i.test(text) ? new URL(text).origin : text.replace(/\/$/, '').toLowerCase()
}

const originList = listOf('*, or origins such as https://chat.example, comma-separated', origin)
const origins = kind(originList.takes, (text) => (text === '*' ? ('*' as const) : v.parse(originList.shape, text)))

function addresses(text: string): string | undefined {
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return undefined
  if (bits === undefined) return text
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128) ? text : undefined
}

const path = kind('a path such as /socket.io/', (text) => {
  const inner = text.replace(/^\/|\/$/g, '')
  return /^[\w.~-]+(\/[\w.~-]+)*$/.test(inner) && !/(^|\/)\.\.?(\/|$)/.test(inner) ? `/${inner}/` : undefined
})

const web = kind('an http or https address without a user name', (text) => {
  const { protocol, username, password } = new URL(text)
  return /^https?:$/.test(protocol) && username === '' && password === '' ? text : undefined
})

function apiKey(text: string): ApiKey | undefined {
  const [, name, tenant_id, secret] = /^([^:]+):([^:]+):(.+)$/.exec(text) ?? []
  if (!secret || !v.is(Name, `service.${name}`) || !v.is(Name, tenant_id)) return undefined
  return { name: name as string, tenant_id, secret }
}

const keyList = listOf('name:tenant:secret, comma-separated, no name and no secret twice', apiKey)
const apiKeys = kind(keyList.takes, (text) => {
  const keys = v.parse(keyList.shape, text)
  const once = (part: 'name' | 'secret') => new Set(keys.map((key) => key[part])).size === keys.length
  return once('name') && once('secret') ? keys : undefined
})

/** A line of its own may be written as `\n`, as environments that know no line breaks have it. */
const publicKey = kind(
  'one public key or certificate in PEM: RSA of at least 2048 bits, P-256, P-384, P-521 or Ed25519',
  (text): PublicKey | undefined => {
    const pem = text.replaceAll('\\n', '\n')
    if (pem.includes('PRIVATE KEY') || pem.split('-----BEGIN').length !== 2) return undefined
    const key = createPublicKey(pem)
    if ((key.asymmetricKeyDetails?.modulusLength ?? 2_048) < 2_048) return undefined
    const jwk = { ...key.export({ format: 'jwk' }) }
    const algorithms = jwk.kty === 'RSA' ? RSA_ALGORITHMS : CURVE_ALGORITHMS[jwk.crv ?? '']
    return algorithms && { jwk, algorithms }
  },
)

const algorithms = listOf(
  `any of ${[...SECRET_ALGORITHMS, ...PUBLIC_ALGORITHMS].join(', ')}, comma-separated`,
  (text) => [...SECRET_ALGORITHMS, ...PUBLIC_ALGORITHMS].find((known) => known === text),
)

const texts = listOf('one, or several comma-separated', (text) => text || undefined)
const secretText = kind('a secret of one line', (text) => (/[\r\n]/.test(text) ? undefined : text))
const machine = kind('3 to 32 small letters and digits', (text) => (/^[a-z0-9]{3,32}$/.test(text) ? text : undefined))

type More = Partial<Pick<Setting, 'aliases' | 'secret' | 'unset'>>

const setting = <Value>(of: Kind<Value>, fallback: string, meaning: string, more: More = {}): Setting<Value> => ({
  ...of,
  meaning,
  aliases: [],
  secret: false,
  unset: '',
  ...more,
  fallback,
})

const optional = <Value>(of: Kind<Value>, meaning: string, more: More = {}): Setting<Value | undefined> => ({
  ...setting(of, '', meaning, { unset: 'none', ...more }),
  fallback: undefined,
})

export const settings = {
  NODE_ENV: setting(
    oneOf('development', 'production', 'test'),
    'development',
    'development (and test) makes a key of its own, serves /dev/token and takes a bare user id, on loopback addresses only',
  ),
  SOCKET_PORT: setting(whole(0, 65_535), '3001', 'the port it listens on; 0 is any free one', { aliases: ['PORT'] }),
  SOCKET_HOST: setting(word, '0.0.0.0', 'the address it listens on'),
  SOCKET_PATH: setting(path, '/socket.io/', "Socket.IO's path, with or without the last slash"),
  SOCKET_CORS_ORIGIN: optional(origins, 'origins a browser may come from, comma-separated; * is every one', {
    unset: 'none in production, * in development',
  }),
  SOCKET_PING_INTERVAL: setting(ms(10, 3_600_000), '25000', 'ms between heartbeats', {
    aliases: ['WEBSOCKET_PING_INTERVAL'],
  }),
  SOCKET_PING_TIMEOUT: setting(ms(10, 3_600_000), '20000', 'ms a heartbeat may stay unanswered', {
    aliases: ['WEBSOCKET_PING_TIMEOUT'],
  }),
  SOCKET_UPGRADE_TIMEOUT: setting(ms(10, 3_600_000), '10000', 'ms an upgrade from polling may take'),
  SOCKET_MAX_PAYLOAD: setting(whole(1_024, 100_000_000, 'of bytes '), '1000000', 'bytes of one packet at most'),
  SOCKET_COMPRESSION: setting(onOrOff, 'off', 'permessage-deflate'),
  SOCKET_PARSER: setting(oneOf('json', 'msgpack'), 'json', 'json, or msgpack on both sides'),
  AUTH_TIMEOUT: setting(ms(10, 600_000), '10000', 'ms in which a connection must sign in'),
  JWT_SECRET: optional(secretText, 'verifies HS256, HS384, HS512; at least 32 bytes in production', { secret: true }),
  JWT_PUBLIC_KEY: optional(publicKey, 'verifies by a public key or certificate in PEM; a line break may be \\n', {
    secret: true,
  }),
  JWT_JWKS_URL: optional(web, 'verifies by the public keys found at this address'),
  OIDC_ISSUER: optional(web, "verifies by an OpenID provider's keys, found by discovery"),
  JWT_ALGORITHMS: optional(algorithms, 'the only algorithms taken, comma-separated', {
    unset: 'those the key can be used with',
  }),
  JWT_ISSUER: optional(texts, "what a token's iss must be, one of these"),
  JWT_AUDIENCE: optional(texts, "what a token's aud must hold, one of these"),
  JWT_CLAIM_USER: setting(word, 'sub', "the user's claim; a dotted path reaches into objects"),
  JWT_CLAIM_TENANT: setting(word, 'tenant_id', "the tenant's claim; a dotted path reaches into objects"),
  API_KEYS: optional(apiKeys, 'keys for HTTP: name:tenant:secret, comma-separated', { secret: true }),
  TRUSTED_PROXIES: optional(
    listOf('addresses or networks such as 10.0.0.0/8, comma-separated', addresses),
    'addresses and networks whose forwarding headers are believed, comma-separated',
  ),
  SOCKET_RECOVERY_WINDOW: setting(
    ms(0, 86_400_000),
    '120000',
    'ms in which a dropped connection comes back with its rooms and missed events; 0 is never',
  ),
  PRESENCE_IDLE: setting(ms(1_000, 86_400_000), '300000', 'ms without activity after which a user counts as away'),
  MAX_CONNECTIONS: setting(whole(1, 10_000_000), '100000', 'connections of this process at most'),
  MAX_DEVICES_PER_USER: setting(whole(1, 10_000), '10', 'devices of one user at most'),
  DEVICE_LIMIT: setting(
    oneOf('replace', 'refuse'),
    'replace',
    'with too many devices: replace the one that was idle longest, or refuse the new one',
  ),
  RATE_LIMITS: setting(
    onOrOff,
    'on',
    'off lifts the limits per connection, user, address and tenant, and suspects nobody',
  ),
  LIMIT_CONNECTION: setting(rate, '300/10000', 'commands of one connection: how many in how many ms'),
  LIMIT_USER: setting(rate, '600/10000', 'commands of one user on all connections'),
  LIMIT_ADDRESS: setting(rate, '20000/10000', 'commands from one address, in IPv6 from one network of 64 bits'),
  LIMIT_TENANT: setting(rate, '100000/10000', 'commands of one tenant'),
  LIMIT_KEY: setting(rate, '10000/10000', 'commands by one API key'),
  DATA_DIR: setting(anyText, './data', 'where everything is kept'),
  LOG_LEVEL: setting(oneOf('debug', 'info', 'warn', 'error', 'silent'), 'info', 'debug, info, warn, error or silent'),
  REGION: setting(word, 'local', 'told to clients as the region of this server', { aliases: ['FLY_REGION'] }),
  FLY_MACHINE_ID: optional(machine, 'told to clients as the id of this server', { unset: 'made at start' }),
}

export type SettingName = keyof typeof settings

export type Values = { readonly [Key in SettingName]: v.InferOutput<(typeof settings)[Key]['shape']> }

/** Known from other versions. What cannot be done yet must not be silently ignored. */
export const unsupported = [
  'REDIS_URL',
  'REDIS_CLUSTER',
  'REDIS_SENTINELS',
  'REDIS_SENTINEL_NAME',
  'KAFKA_BROKERS',
  'MONGO_URL',
] as const
