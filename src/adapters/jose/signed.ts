/** What is signed with a secret is checked on the spot: handed to WebCrypto and back it takes several times as long. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { type JWTClaimVerificationOptions, type JWTPayload, UnsecuredJWT } from 'jose'

export type PlainlySigned = (token: string, claims: JWTClaimVerificationOptions) => JWTPayload | undefined

const HASHES = new Map([
  ['HS256', 'sha256'],
  ['HS384', 'sha384'],
  ['HS512', 'sha512'],
])
/** Headers that say nothing else leave nothing else to check. */
const PLAIN = new Set(['alg', 'typ', 'kid'])
const BASE64URL = /^[\w-]+$/
/** Of a token whose signature has been checked before. */
const UNSECURED = Buffer.from('{"alg":"none"}').toString('base64url')

/**
 * The claims of a token that is plainly signed with this secret, checked by jose. Nothing where it is not, or not plainly:
 * that is for jose to judge, and to refuse.
 */
export function plainlySigned(secret: Uint8Array, algorithms: readonly string[]): PlainlySigned {
  const taken = new Set(algorithms)

  return (token, claims) => {
    const [header = '', payload, signature, ...more] = token.split('.')
    if (payload === undefined || signature === undefined || more.length > 0) return undefined
    const alg = algorithmOf(header)
    const hash = taken.has(alg) ? HASHES.get(alg) : undefined
    if (hash === undefined) return undefined
    const due = createHmac(hash, secret).update(`${header}.${payload}`).digest('base64url')
    return isSame(due, signature) ? UnsecuredJWT.decode(`${UNSECURED}.${payload}.`, claims).payload : undefined
  }
}

function algorithmOf(header: string): string {
  if (!BASE64URL.test(header)) return ''
  try {
    const said: unknown = JSON.parse(Buffer.from(header, 'base64url').toString())
    const isPlain = typeof said === 'object' && said !== null && Object.keys(said).every((name) => PLAIN.has(name))
    return isPlain && 'alg' in said && typeof said.alg === 'string' ? said.alg : ''
  } catch {
    return ''
  }
}

function isSame(due: string, given: string): boolean {
  const [one, other] = [Buffer.from(due), Buffer.from(given)]
  return one.length === other.length && timingSafeEqual(one, other)
}
