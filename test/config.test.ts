import { describe, expect, test } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import { type Environment, readConfig } from '../src/config.ts'
import { standardLimits } from '../src/pipeline/limits.ts'
import { type Setting, settings, unsupported } from '../src/settings.ts'

const SECRET = 'x'.repeat(32)
const production = { NODE_ENV: 'production', JWT_SECRET: SECRET }
const pem = (...[type, options]: [string, object]) =>
  (generateKeyPairSync as unknown as (type: string, options: object) => { publicKey: { export(how: object): string } })(
    type,
    options,
  ).publicKey.export({ type: 'spki', format: 'pem' })

const P256 = pem('ec', { namedCurve: 'P-256' })

/** The sentence with which it does not start. */
function refusal(env: Environment): string {
  try {
    readConfig(env)
  } catch (thrown) {
    expect(thrown).toMatchObject({ name: 'ConfigError' })
    return (thrown as Error).message
  }
  throw new Error('It was taken.')
}

describe('an empty environment', () => {
  test('is development with the defaults that are documented', () => {
    const { server, ...config } = readConfig({})
    expect(config).toEqual({
      environment: 'development',
      host: '0.0.0.0',
      port: 3001,
      path: '/socket.io/',
      origins: '*',
      pingIntervalMs: 25_000,
      pingTimeoutMs: 20_000,
      upgradeTimeoutMs: 10_000,
      maxPayloadBytes: 1_000_000,
      compression: false,
      parser: 'json',
      authTimeoutMs: 10_000,
      verification: undefined,
      apiKeys: [],
      trustedProxies: [],
      maxConnections: 100_000,
      maxDevicesPerUser: 10,
      deviceLimit: 'replace',
      idleMs: 300_000,
      recoveryWindowMs: 120_000,
      rateLimits: true,
      limits: standardLimits,
      dataDir: './data',
      logLevel: 'info',
    })
    expect(server).toMatchObject({ region: 'local', version: expect.stringMatching(/^\d+\.\d+\.\d+/) })
  })

  test('is the same as one of empty texts and blanks', () => {
    const empty = Object.fromEntries(Object.keys(settings).map((name, n) => [name, n % 2 ? '' : '  ']))
    const { server: _, ...config } = readConfig(empty)
    const { server: __, ...unset } = readConfig({})
    expect(config).toEqual(unset)
  })

  test('makes an id for the server, another each time', () => {
    const ids = [readConfig({}), readConfig({})].map(({ server }) => server.id)
    for (const id of ids) expect(id).toMatch(/^[a-z0-9]{3,32}$/)
    expect(ids[0]).not.toBe(ids[1])
  })
})

test.each<[string, string, Environment, object]>([
  ['a path', 'gets both its slashes', { SOCKET_PATH: 'chat/ws' }, { path: '/chat/ws/' }],
  ['a path with them', 'keeps them', { SOCKET_PATH: '/chat/' }, { path: '/chat/' }],
  ['a port', 'may be any free one', { SOCKET_PORT: '0' }, { port: 0 }],
  ['PORT', 'stands for SOCKET_PORT', { PORT: '80' }, { port: 80 }],
  ['SOCKET_PORT', 'comes before PORT', { PORT: '80', SOCKET_PORT: '81' }, { port: 81 }],
  ['an empty SOCKET_PORT', 'does not', { PORT: '80', SOCKET_PORT: '' }, { port: 80 }],
  ['WEBSOCKET_PING_INTERVAL', 'is an alias', { WEBSOCKET_PING_INTERVAL: '500' }, { pingIntervalMs: 500 }],
  ['WEBSOCKET_PING_TIMEOUT', 'is an alias', { WEBSOCKET_PING_TIMEOUT: '400' }, { pingTimeoutMs: 400 }],
  [
    'what is on or off',
    'may be so',
    { SOCKET_COMPRESSION: 'ON', RATE_LIMITS: 'off' },
    { compression: true, rateLimits: false },
  ],
  [
    'what is on or off',
    'may be true or 0',
    { SOCKET_COMPRESSION: 'true', RATE_LIMITS: '0' },
    { compression: true, rateLimits: false },
  ],
  ['blanks around a value', 'are not part of it', { SOCKET_PARSER: ' msgpack\n' }, { parser: 'msgpack' }],
  [
    'origins',
    'are as a browser sends them',
    { SOCKET_CORS_ORIGIN: 'https://A.example:443/, http://localhost:8080 ,capacitor://localhost' },
    { origins: ['https://a.example', 'http://localhost:8080', 'capacitor://localhost'] },
  ],
  ['origins', 'are none in production', production, { origins: [], environment: 'production' }],
  [
    'proxies',
    'are addresses and networks',
    { TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8,fd00::/8 ,::1' },
    { trustedProxies: ['127.0.0.1', '10.0.0.0/8', 'fd00::/8', '::1'] },
  ],
  [
    'API keys',
    'may have colons in their secrets',
    { API_KEYS: 'a:acme:x:y, b:acme:z' },
    {
      apiKeys: [
        { name: 'a', tenant_id: 'acme', secret: 'x:y' },
        { name: 'b', tenant_id: 'acme', secret: 'z' },
      ],
    },
  ],
  [
    'limits',
    'are so many in so long',
    { LIMIT_CONNECTION: '20/1000' },
    { limits: { ...standardLimits, connection: { take: 20, every_ms: 1_000 } } },
  ],
  ['test', 'is development', { NODE_ENV: 'test' }, { environment: 'development' }],
  [
    'a machine at Fly',
    'is called what it is called there',
    { FLY_MACHINE_ID: '148e21b7f5d089', FLY_REGION: 'fra' },
    { server: { id: '148e21b7f5d089', region: 'fra' } },
  ],
])('%s %s', (_, __, env, config) => {
  expect(readConfig(env)).toMatchObject(config)
})

describe('a value that is not taken stops the start, naming the variable, what it got and what it takes', () => {
  test.each<[Environment, string]>([
    [{ SOCKET_PORT: 'http' }, 'SOCKET_PORT is "http": it takes a whole number from 0 to 65535.'],
    [{ PORT: '65536' }, 'PORT is "65536": it takes a whole number from 0 to 65535.'],
    [{ SOCKET_PORT: '-1' }, 'SOCKET_PORT is "-1"'],
    [{ SOCKET_PORT: '1e3' }, 'SOCKET_PORT is "1e3"'],
    [{ AUTH_TIMEOUT: '10s' }, 'AUTH_TIMEOUT is "10s": it takes a whole number of ms from 10 to 600000.'],
    [
      { SOCKET_MAX_PAYLOAD: '1' },
      'SOCKET_MAX_PAYLOAD is "1": it takes a whole number of bytes from 1024 to 100000000.',
    ],
    [{ MAX_CONNECTIONS: '0' }, 'MAX_CONNECTIONS is "0"'],
    [{ LIMIT_USER: '5' }, 'LIMIT_USER is "5": it takes how many in how many ms, such as 300/10000.'],
    [{ LIMIT_TENANT: '0/1000' }, 'LIMIT_TENANT is "0/1000"'],
    [{ LIMIT_KEY: '1/1s' }, 'LIMIT_KEY is "1/1s"'],
    [{ SOCKET_PARSER: 'xml' }, 'SOCKET_PARSER is "xml": it takes json, msgpack.'],
    [{ SOCKET_COMPRESSION: 'maybe' }, 'SOCKET_COMPRESSION is "maybe": it takes on or off.'],
    [{ SOCKET_COMPRESSION: 'constructor' }, 'SOCKET_COMPRESSION is "constructor"'],
    [{ SOCKET_PATH: '/' }, 'SOCKET_PATH is "/": it takes a path such as /socket.io/.'],
    [{ SOCKET_PATH: '/a/../b' }, 'SOCKET_PATH is "/a/../b"'],
    [{ SOCKET_PATH: '/a?b' }, 'SOCKET_PATH is "/a?b"'],
    [{ SOCKET_PATH: '//a' }, 'SOCKET_PATH is "//a"'],
    [{ SOCKET_CORS_ORIGIN: 'chat.example' }, 'SOCKET_CORS_ORIGIN is "chat.example": it takes *, or origins such as'],
    [{ SOCKET_CORS_ORIGIN: 'https://a.example/path' }, 'SOCKET_CORS_ORIGIN is "https://a.example/path"'],
    [{ SOCKET_CORS_ORIGIN: 'https://*.a.example' }, 'SOCKET_CORS_ORIGIN is'],
    [{ SOCKET_CORS_ORIGIN: 'https://a.example,' }, 'SOCKET_CORS_ORIGIN is'],
    [{ SOCKET_CORS_ORIGIN: 'https://a.example,*' }, 'SOCKET_CORS_ORIGIN is'],
    [{ TRUSTED_PROXIES: '10.0.0.0/33' }, 'TRUSTED_PROXIES is "10.0.0.0/33": it takes addresses or networks such as'],
    [{ TRUSTED_PROXIES: 'balancer' }, 'TRUSTED_PROXIES is "balancer"'],
    [{ TRUSTED_PROXIES: '::1/129' }, 'TRUSTED_PROXIES is "::1/129"'],
    [{ NODE_ENV: 'prod' }, 'NODE_ENV is "prod": it takes development, production, test.'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL is "loud": it takes debug, info, warn, error, silent.'],
    [{ FLY_MACHINE_ID: 'a b' }, 'FLY_MACHINE_ID is "a b"'],
    [{ SOCKET_HOST: 'a b' }, 'SOCKET_HOST is "a b"'],
    [{ JWT_JWKS_URL: 'file:///keys' }, 'JWT_JWKS_URL is "file:///keys": it takes an http or https address'],
    [{ OIDC_ISSUER: 'accounts.example' }, 'OIDC_ISSUER is "accounts.example"'],
    [{ JWT_SECRET: 's', JWT_ALGORITHMS: 'none' }, 'JWT_ALGORITHMS is "none": it takes any of HS256'],
    [{ JWT_SECRET: 's', JWT_ALGORITHMS: 'HS256,hs384' }, 'JWT_ALGORITHMS is "HS256,hs384"'],
  ])('%o', (env, sentence) => {
    expect(refusal(env)).toStartWith(sentence)
    expect(refusal(env)).toEndWith('.')
  })

  test('and what it got is cut where it is long', () => {
    expect(refusal({ SOCKET_PARSER: 'x'.repeat(10_000) }).length).toBeLessThan(300)
  })
})

describe('no secret is printed, not even where it is wrong', () => {
  test.each<[Environment, string]>([
    [{ API_KEYS: 'billing:hunter2' }, 'API_KEYS is set to something else (not shown): it takes name:tenant:secret'],
    [{ API_KEYS: 'a:acme:hunter2,a:acme:other' }, 'no name and no secret twice'],
    [{ API_KEYS: 'a:acme:hunter2,b:acme:hunter2' }, 'no name and no secret twice'],
    [{ API_KEYS: `${'a'.repeat(121)}:acme:hunter2` }, 'API_KEYS is set to something else'],
    [
      { JWT_SECRET: 'hunter2\nand more' },
      'JWT_SECRET is set to something else (not shown): it takes a secret of one line',
    ],
    [
      { NODE_ENV: 'production', JWT_SECRET: 'hunter2' },
      'JWT_SECRET is 7 bytes long: in production it takes at least 32.',
    ],
    [{ JWT_PUBLIC_KEY: '-----BEGIN PRIVATE KEY-----\nhunter2' }, 'JWT_PUBLIC_KEY is set to something else (not shown)'],
    [{ JWT_JWKS_URL: 'https://ada:hunter2@keys.example/' }, 'JWT_JWKS_URL is "https://…@keys.example/"'],
  ])('%o', (env, part) => {
    expect(refusal(env)).toContain(part)
    expect(refusal(env)).not.toContain('hunter2')
  })
})

describe('production does not start', () => {
  test.each<[string, Environment, string]>([
    ['without a key', { NODE_ENV: 'production' }, 'set one of JWT_SECRET, JWT_JWKS_URL, JWT_PUBLIC_KEY, OIDC_ISSUER'],
    ['with an empty key', { NODE_ENV: 'production', JWT_SECRET: '' }, 'set one of JWT_SECRET'],
    ['with a short secret', { ...production, JWT_SECRET: 'é'.repeat(15) }, 'JWT_SECRET is 30 bytes long'],
    ['for browsers from everywhere', { ...production, SOCKET_CORS_ORIGIN: '*' }, 'SOCKET_CORS_ORIGIN is "*"'],
    ["with development's key", { ...production, JWT_SECRET: `development-only-${SECRET}` }, "development's own key"],
  ])('%s', (_, env, part) => {
    expect(refusal(env)).toContain(part)
  })

  test.each<[string, Environment]>([
    ['a secret of 32 bytes', production],
    ['a public key', { NODE_ENV: 'production', JWT_PUBLIC_KEY: P256 }],
    ['an address of keys', { NODE_ENV: 'production', JWT_JWKS_URL: 'https://keys.example/' }],
    ['a provider', { NODE_ENV: 'production', OIDC_ISSUER: 'https://accounts.example' }],
  ])('but with %s', (_, env) => {
    expect(readConfig(env).environment).toBe('production')
  })
})

describe('the algorithms that are taken', () => {
  const taken = (env: Environment) => readConfig(env).verification?.algorithms

  test('follow from the key', () => {
    expect(taken({ JWT_SECRET: 's' })).toEqual(['HS256', 'HS384', 'HS512'])
    expect(taken({ JWT_PUBLIC_KEY: P256 })).toEqual(['ES256'])
    expect(taken({ JWT_PUBLIC_KEY: pem('ed25519', {}) })).toEqual(['EdDSA', 'Ed25519'])
    const rsa = pem('rsa', { modulusLength: 2048 })
    expect(taken({ JWT_PUBLIC_KEY: rsa })).toEqual(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'])
    for (const env of [{ JWT_JWKS_URL: 'https://a.example' }, { OIDC_ISSUER: 'https://a.example' }])
      expect(taken(env)?.filter((one) => one.startsWith('HS') || one === 'none')).toEqual([])
  })

  test('can be fewer', () => {
    expect(taken({ JWT_SECRET: 's', JWT_ALGORITHMS: 'HS512 , HS384' })).toEqual(['HS512', 'HS384'])
  })

  test.each<[Environment]>([
    [{ JWT_PUBLIC_KEY: P256, JWT_ALGORITHMS: 'HS256' }],
    [{ JWT_PUBLIC_KEY: P256, JWT_ALGORITHMS: 'ES256,RS256' }],
    [{ JWT_JWKS_URL: 'https://a.example', JWT_ALGORITHMS: 'RS256,HS256' }],
    [{ OIDC_ISSUER: 'https://a.example', JWT_ALGORITHMS: 'HS512' }],
    [{ JWT_SECRET: 's', JWT_ALGORITHMS: 'RS256' }],
  ])('are never those of another kind of key: %o', (env) => {
    expect(refusal(env)).toMatch(/^JWT_ALGORITHMS is "\w+" among others: with \w+ it takes /)
  })

  test('cannot be mixed by two kinds of key', () => {
    expect(refusal({ JWT_SECRET: 's', JWT_PUBLIC_KEY: P256 })).toStartWith('JWT_SECRET and JWT_PUBLIC_KEY are both set')
    expect(refusal({ JWT_SECRET: P256.trim().replaceAll('\n', ' ') })).toContain('JWT_PUBLIC_KEY')
  })
})

test.each([
  ['a short RSA key', pem('rsa', { modulusLength: 1024 })],
  ['a key that signs nothing', pem('x25519', {})],
  ['two keys', P256 + P256],
  ['no key', 'key'],
])('%s is no public key to verify by', (_, JWT_PUBLIC_KEY) => {
  expect(refusal({ JWT_PUBLIC_KEY })).toContain('it takes one public key or certificate in PEM')
})

describe('a provider is its own issuer', () => {
  const OIDC_ISSUER = 'https://accounts.example/'

  test('so that only its tokens are taken', () => {
    expect(readConfig({ OIDC_ISSUER }).verification?.issuers).toEqual([OIDC_ISSUER])
    expect(readConfig({ OIDC_ISSUER, JWT_ISSUER: OIDC_ISSUER }).verification?.issuers).toEqual([OIDC_ISSUER])
  })

  test('and no other can be named', () => {
    expect(refusal({ OIDC_ISSUER, JWT_ISSUER: 'https://other.example' })).toStartWith('JWT_ISSUER is')
    expect(refusal({ OIDC_ISSUER, JWT_ISSUER: `${OIDC_ISSUER},other` })).toStartWith('JWT_ISSUER is')
  })
})

test.each(unsupported)('%s is not silently ignored', (name) => {
  expect(refusal({ [name]: 'redis://user:hunter2@host' })).toBe(
    `${name} is set, but this version is one process with a store of its own: leave it unset.`,
  )
  expect(readConfig({ [name]: '' }).environment).toBe('development')
})

describe('the papers', () => {
  const table = Object.entries(settings as Record<string, Setting>)

  test('.env.example names every setting with its meaning and default, and nothing else', async () => {
    const text = await Bun.file(new URL('../.env.example', import.meta.url)).text()
    const named = [...text.matchAll(/^# (.+)\n# ([A-Z_]+)=(.*)$/gm)].map(([, about, name, value]) => ({
      about,
      name,
      value,
    }))
    expect(named.map(({ name, value }) => [name, value])).toEqual(
      table.map(([name, one]) => [name, one.fallback ?? '']),
    )
    for (const [n, [, { meaning, aliases, unset }]] of table.entries())
      for (const part of [meaning, unset, ...aliases]) expect(named[n]?.about).toContain(part)
  })

  test("README's table of configuration names every setting, and nothing that is none", async () => {
    const text = await Bun.file(new URL('../README.md', import.meta.url)).text()
    const cells = [...text.matchAll(/^\| *(`[A-Z_]{4,}`[^|]*)\|/gm)].map(([, cell]) => cell as string)
    const named = cells.flatMap((cell) => [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name as string))
    const known = new Set(table.flatMap(([name, { aliases }]) => [name, ...aliases]))
    expect(table.map(([name]) => name).filter((name) => !named.includes(name))).toEqual([])
    expect(named.filter((name) => !known.has(name))).toEqual([])
  })

  test('as it lies there, .env.example sets nothing', async () => {
    const text = await Bun.file(new URL('../.env.example', import.meta.url)).text()
    expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([])
  })
})
