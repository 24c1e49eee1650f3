/** Keys to sign with, who verifies by them as the environment says, and a provider that publishes them. */
import { exportJWK, exportSPKI, type GenerateKeyPairResult, generateKeyPair, SignJWT } from 'jose'
import { joseTokens, type Verification } from '../../src/adapters/jose/tokens.ts'
import { readConfig } from '../../src/config.ts'

export const NOW = Date.UTC(2026, 0, 1)
export const NOW_S = NOW / 1_000
export const SECRET = 'a secret that is long enough for production'
export const PUBLIC_ALGORITHMS = ['RS256', 'PS384', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const

type Algorithm = (typeof PUBLIC_ALGORITHMS)[number]

const made = new Map<Algorithm, Promise<GenerateKeyPairResult>>()

/** RSA keys take long to make, so each is made once. */
function pairOf(alg: Algorithm): Promise<GenerateKeyPairResult> {
  const pair = made.get(alg) ?? generateKeyPair(alg, { extractable: true })
  made.set(alg, pair)
  return pair
}

type Sign = (claims: Record<string, unknown>) => Promise<string>

const signing = (alg: string, key: Parameters<SignJWT['sign']>[0], kid?: string): Sign => {
  const header = { alg, ...(kid && { kid }) }
  return (claims) => new SignJWT(claims).setProtectedHeader(header).sign(key)
}

export const bySecret = (alg: string): Sign => signing(alg, new TextEncoder().encode(SECRET))

export const byKey =
  (alg: Algorithm, kid?: string): Sign =>
  async (claims) =>
    signing(alg, (await pairOf(alg)).privateKey, kid)(claims)

export const byJwk =
  (alg: Algorithm, jwk: Record<string, string>): Sign =>
  (claims) =>
    signing(alg, jwk)(claims)

export const pemOf = async (alg: Algorithm): Promise<string> => exportSPKI((await pairOf(alg)).publicKey)

/** Tokens as the environment configures them, with time by hand. */
export function verifier(env: Record<string, string>) {
  let now = NOW
  const reported: unknown[] = []
  const world = { now: () => now, report: (error: unknown) => void reported.push(error) }
  return {
    tokens: joseTokens(readConfig(env).verification as Verification, world),
    reported,
    setNow: (ms: number) => {
      now = ms
    },
    pass: (ms: number) => {
      now += ms
    },
  }
}

/** On a port of its own, until it is stopped. What it was asked for is remembered. */
export function provider() {
  let keys: object[] = []
  let discovery: object | undefined
  let isAway = false
  const asked: string[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      const { pathname, origin } = new URL(request.url)
      asked.push(pathname)
      if (isAway) return new Response('away', { status: 500 })
      if (pathname === '/moved') return Response.redirect(`${origin}/keys`)
      return Response.json(
        pathname === '/keys' ? { keys } : (discovery ?? { issuer: origin, jwks_uri: `${origin}/keys` }),
      )
    },
  })

  return {
    url: `http://127.0.0.1:${server.port}`,
    asked,
    async publish(...named: readonly [kid: string, alg: Algorithm][]) {
      keys = await Promise.all(
        named.map(async ([kid, alg]) => ({ ...(await exportJWK((await pairOf(alg)).publicKey)), kid })),
      )
    },
    publishRaw(...raw: object[]) {
      keys = raw
    },
    discover(document: object) {
      discovery = document
    },
    away(so: boolean) {
      isAway = so
    },
    [Symbol.asyncDispose]: () => server.stop(true),
  }
}
