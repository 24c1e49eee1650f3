/** Where the key that a token must be signed with comes from. */
import type { CryptoKey, JWTVerifyGetKey } from 'jose'
import { errors, importJWK } from 'jose'
import { fetchedKeys, jwksAt, jwksOfIssuer } from './fetched.ts'

export type KeySource =
  | { readonly kind: 'secret'; readonly secret: Uint8Array }
  | { readonly kind: 'public'; readonly jwk: Readonly<Record<string, unknown>> }
  | { readonly kind: 'jwks'; readonly url: string }
  | { readonly kind: 'oidc'; readonly issuer: string }

export interface World {
  now(): number
  /** Told why keys could not be fetched: who signs in is not. */
  report(error: unknown): void
}

export function keysFrom(source: KeySource, world: World): JWTVerifyGetKey {
  switch (source.kind) {
    case 'secret':
      return onceEach((alg) => hmacKey(source.secret, alg))
    case 'public':
      return onceEach((alg) => importJWK(source.jwk, alg) as Promise<CryptoKey>)
    case 'jwks':
      return fetchedKeys(jwksAt(source.url), world)
    case 'oidc':
      return fetchedKeys(jwksOfIssuer(source.issuer), world)
  }
}

/** To import a key costs more than to use it. Only algorithms of the fixed list come this far. */
function onceEach(make: (alg: string) => Promise<CryptoKey>): JWTVerifyGetKey {
  const made = new Map<string, Promise<CryptoKey>>()
  return ({ alg }) => {
    const key = made.get(alg) ?? make(alg)
    made.set(alg, key)
    return key
  }
}

async function hmacKey(secret: Uint8Array, alg: string): Promise<CryptoKey> {
  const bits = /^HS(256|384|512)$/.exec(alg)?.[1]
  if (!bits) throw new errors.JOSEAlgNotAllowed('not an algorithm of a secret')
  const use = { name: 'HMAC', hash: `SHA-${bits}` }
  return crypto.subtle.importKey('raw', new Uint8Array(secret), use, false, ['verify'])
}
