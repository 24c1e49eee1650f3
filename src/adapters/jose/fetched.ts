/** Keys that another service publishes: fetched when needed, kept, and used on while that service is away. */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import * as v from 'valibot'
import { Failure } from '../../protocol/failure.ts'
import type { World } from './keys.ts'

const FRESH_MS = 600_000
/** Between two fetches for a key that is not known, or after one that failed: anyone can name an unknown key. */
const COOLDOWN_MS = 10_000
/** Where there is no key at all yet, one asks sooner. */
const RETRY_MS = 1_000
const FETCH_TIMEOUT_MS = 5_000

type Fetching = () => Promise<JSONWebKeySet>

export function fetchedKeys(fetchKeys: Fetching, { now, report }: World): JWTVerifyGetKey {
  let keys: JWTVerifyGetKey | undefined
  let fetchedAt = Number.NEGATIVE_INFINITY
  let triedAt = Number.NEGATIVE_INFINITY
  let trying: Promise<void> | undefined

  async function renew() {
    triedAt = now()
    try {
      keys = createLocalJWKSet(await fetchKeys())
      fetchedAt = triedAt
    } catch (error) {
      report(new Error('The keys that tokens are signed with could not be fetched.', { cause: error }))
    }
  }

  /** One fetch serves all who wait. */
  async function renewed(cooldown: number) {
    if (!trying && now() - triedAt < cooldown) return
    trying ??= renew().finally(() => {
      trying = undefined
    })
    await trying
  }

  const isAway = () => fetchedAt < triedAt

  return async (header, token) => {
    if (now() - fetchedAt >= FRESH_MS) await renewed(keys ? COOLDOWN_MS : RETRY_MS)
    if (!keys) throw away()
    try {
      return await keys(header, token)
    } catch (thrown) {
      if (!(thrown instanceof errors.JWKSNoMatchingKey)) throw thrown
      await renewed(COOLDOWN_MS)
      if (isAway()) throw away()
      return keys(header, token)
    }
  }
}

const away = () =>
  new Failure('unavailable', 'The keys to judge tokens by cannot be fetched just now.', { retry_after_ms: RETRY_MS })

export const jwksAt =
  (url: string): Fetching =>
  async () =>
    v.parse(KeySet, await read(url))

/** A provider's keys are wherever its discovery document says. That it is its own, the issuer's exact name proves. */
export const jwksOfIssuer =
  (issuer: string): Fetching =>
  async () => {
    const Discovery = v.object({ issuer: v.literal(issuer), jwks_uri: v.pipe(v.string(), v.regex(/^https?:\/\//)) })
    const { jwks_uri } = v.parse(Discovery, await read(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`))
    if (issuer.startsWith('https:') && !jwks_uri.startsWith('https:'))
      throw new Error('The keys are at a plain http address.')
    return v.parse(KeySet, await read(jwks_uri))
  }

const KeySet = v.object({ keys: v.array(v.looseObject({ kty: v.string() })) })

async function read(url: string): Promise<unknown> {
  const headers = { accept: 'application/json' }
  const answer = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) })
  if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}.`)
  return answer.json()
}
