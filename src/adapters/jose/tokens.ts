import { errors, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose'
import type { Tokens } from '../../ports/tokens.ts'
import { Failure } from '../../protocol/failure.ts'
import { type ClaimNames, identityOf, LEEWAY_S } from './claims.ts'
import { type KeySource, keysFrom, type World } from './keys.ts'
import { plainlySigned } from './signed.ts'

export type { World }

export interface Verification {
  readonly keys: KeySource
  /** The only ones taken, whatever a token says of itself. */
  readonly algorithms: readonly string[]
  readonly issuers: readonly string[] | undefined
  readonly audiences: readonly string[] | undefined
  readonly claims: ClaimNames
}

const MAX_TOKEN_CHARS = 16_384

export function joseTokens(verification: Verification, world: World): Tokens {
  const { algorithms, issuers, audiences, claims, keys: source } = verification
  const keys: JWTVerifyGetKey = keysFrom(source, world)
  const signed = source.kind === 'secret' ? plainlySigned(source.secret, algorithms) : undefined
  const options: JWTVerifyOptions = {
    algorithms: [...algorithms],
    clockTolerance: LEEWAY_S,
    requiredClaims: ['exp'],
    ...(issuers && { issuer: [...issuers] }),
    ...(audiences && { audience: [...audiences] }),
  }

  return {
    async verify(token) {
      if (typeof token !== 'string' || token.length > MAX_TOKEN_CHARS)
        throw new Failure('unauthenticated', 'The token is too long, or no text.')
      const at = world.now()
      const payload = await payloadOf(token, { ...options, currentDate: new Date(at) })
      return identityOf(payload, claims, at)
    },
  }

  async function payloadOf(token: string, at: JWTVerifyOptions) {
    try {
      return signed?.(token, at) ?? (await jwtVerify(token, keys, at)).payload
    } catch (thrown) {
      const failure = refusal(thrown)
      if (failure.code === 'unavailable' && failure !== thrown) world.report(thrown)
      throw failure
    }
  }
}

const BY_CLAIM: Record<string, string> = {
  exp: 'The token says no time at which it ends.',
  nbf: 'The token is not good yet.',
  iss: 'The token is from an issuer that is not taken here.',
  aud: 'The token is meant for another audience.',
}

const BY_CODE: Record<string, string> = {
  ERR_JOSE_ALG_NOT_ALLOWED: 'The token is signed with an algorithm that is not taken here.',
  ERR_JWKS_NO_MATCHING_KEY: 'The token is signed with a key that is not known here.',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'The token does not name the key it is signed with.',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "The token's signature does not fit.",
}

/** What the library says would tell of the token, and of what was expected. */
function refusal(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown
  if (thrown instanceof errors.JWTExpired) return new Failure('token_expired', 'The token has expired. Get a new one.')
  if (thrown instanceof errors.JWTClaimValidationFailed)
    return new Failure('unauthenticated', BY_CLAIM[thrown.claim] ?? 'The token has a claim that is not taken.')
  if (thrown instanceof errors.JOSEError && !(thrown instanceof errors.JWKSInvalid))
    return new Failure('unauthenticated', BY_CODE[thrown.code] ?? 'The token is not a signed JWT that is taken here.')
  return new Failure('unavailable', 'The key to judge this token by cannot be used just now.', {
    retry_after_ms: 10_000,
  })
}
