/** Development's own key: made once, kept beside the data, and never to be had in production. */
import { randomBytes } from 'node:crypto'
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { base64url, SignJWT } from 'jose'
import type { Signer, Tokens } from '../../ports/tokens.ts'
import { Failure } from '../../protocol/failure.ts'
import { newId } from '../../protocol/ids.ts'
import { joseTokens, type World } from './tokens.ts'

/** What the key begins with, so that production knows it and refuses it. */
export const DEVELOPMENT_PREFIX = 'development-only-'

const HEADER = { alg: 'HS256', kid: 'development' }
/** How its tokens begin, by which they are told from others before anything is parsed. */
const OWN = `${base64url.encode(JSON.stringify(HEADER))}.`
const TTL_S = 3_600
const MAX_TTL_S = 30 * 86_400

interface Development {
  readonly environment: 'development' | 'production'
  readonly dataDir: string
  /** What judges all tokens that are not development's own. */
  readonly configured: Tokens | undefined
}

export function developmentTokens({ environment, dataDir, configured }: Development, world: World): Tokens & Signer {
  if (environment !== 'development') throw new Error("Development's own tokens are for development only.")
  const secret = new TextEncoder().encode(keyIn(dataDir))
  const claims = { user: 'sub', tenant: 'tenant_id' }
  const own = joseTokens(
    { keys: { kind: 'secret', secret }, algorithms: [HEADER.alg], issuers: [HEADER.kid], audiences: undefined, claims },
    world,
  )

  return {
    verify: (token) => (configured && !token.startsWith(OWN) ? configured.verify(token) : own.verify(token)),
    async sign({ user_id, ttl_s = TTL_S, ...claims }) {
      if (!Number.isInteger(ttl_s) || ttl_s < 1 || ttl_s > MAX_TTL_S)
        throw new Failure('validation_failed', `The ttl_s is not a whole number from 1 to ${MAX_TTL_S}.`)
      const issued = Math.floor(world.now() / 1_000)
      const token = await new SignJWT({ ...claims, sub: user_id })
        .setProtectedHeader(HEADER)
        .setIssuer(HEADER.kid)
        .setJti(newId(world.now()))
        .setIssuedAt(issued)
        .setExpirationTime(issued + ttl_s)
        .sign(secret)
      const { expires_at } = await own.verify(token).catch(invalid)
      return { token, expires_at }
    },
  }
}

/** The one check of claims is that of a token: what would be refused there is not made here. */
function invalid(thrown: unknown): never {
  throw thrown instanceof Failure ? new Failure('validation_failed', thrown.message) : thrown
}

function keyIn(dataDir: string): string {
  mkdirSync(dataDir, { recursive: true })
  const path = join(dataDir, 'development.key')
  const made = `${path}.${randomBytes(6).toString('hex')}`
  writeFileSync(made, DEVELOPMENT_PREFIX + randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' })
  try {
    linkSync(made, path) // whole or not at all, and only where there is none yet
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
  } finally {
    rmSync(made)
  }
  chmodSync(path, 0o600)
  const key = readFileSync(path, 'utf8').trim()
  if (key.startsWith(DEVELOPMENT_PREFIX) && key.length >= DEVELOPMENT_PREFIX.length + 43) return key
  throw new Error(`${path} does not hold a key of development: remove it, and another is made.`)
}
