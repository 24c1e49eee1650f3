/** Keys of servers, which act for their tenant with all permissions. What is no such key is for the other Tokens to judge. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Identity, Tokens } from '../../ports/tokens.ts'

interface ApiKey {
  readonly name: string
  readonly tenant_id: string
  readonly secret: string
}

export function apiKeyTokens(keys: readonly ApiKey[], otherwise: Tokens): Tokens {
  const known = keys.map((key) => ({ digest: digestOf(key.secret), identity: identityOf(key) }))

  /** All are compared, and digests of one length, so that the time it takes tells nothing of any of them. */
  function find(token: string): Identity | undefined {
    const digest = digestOf(token)
    let found: Identity | undefined
    for (const one of known) if (timingSafeEqual(one.digest, digest)) found = one.identity
    return found
  }

  return {
    verify: async (token) => find(token) ?? otherwise.verify(token),
  }
}

/** As late as a date can be: unlike Infinity, JSON can say it. */
const LAST_DATE_MS = 8_640_000_000_000_000

const digestOf = (secret: string) => createHash('sha256').update(secret).digest()

function identityOf({ name, tenant_id }: ApiKey): Identity {
  const user_id = `service.${name}`
  return {
    user_id,
    tenant_id,
    permissions: ['*'],
    rooms: Object.create(null),
    session_id: user_id,
    device_id: undefined,
    key: name,
    token_id: undefined,
    issued_at: 0,
    expires_at: LAST_DATE_MS,
  }
}
