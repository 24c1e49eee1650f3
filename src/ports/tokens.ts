import type { Role } from './store.ts'

/** Who someone is, as a token they brought says. What it says is believed until `expires_at`, and not longer. */
export interface Identity {
  readonly user_id: string
  readonly tenant_id: string
  /** Nothing where the token gives none: then what an ordinary user may do. An empty list is: nothing at all. */
  readonly permissions: readonly string[] | undefined
  /** Grants, from room_id to role. Without a prototype: a room may be called `constructor`. */
  readonly rooms: Readonly<Record<string, Role>>
  /** One sign-in: the token's own, else its `jti`, else made of who and when, the same for the same token. */
  readonly session_id: string
  /** The token says no `session_id` of its own: a handshake may. */
  readonly session_made?: true
  readonly device_id: string | undefined
  /** The name of the API key that it is, where it is one. */
  readonly key?: string
  /** `jti`. */
  readonly token_id: string | undefined
  /** ms; 0 where the token does not tell, so that it is older than whatever is revoked "before". */
  readonly issued_at: number
  /** ms */
  readonly expires_at: number
}

/**
 * Says whose token this is, or refuses with a `Failure` and nothing else thrown:
 * `token_expired` for one that was good until then; `unauthenticated` for any other that is not taken, with a sentence
 * that holds nothing of the token; `unavailable`, with `retry_after_ms`, where the keys to judge it cannot be had now.
 *
 * An expired token is taken for 5 s more, for clocks that differ: `expires_at` may lie in the past by as much.
 * A token that was taken once may be refused the next time, when its key is gone.
 */
export interface Tokens {
  verify(token: string): Promise<Identity>
}

/** Makes tokens, in development only. */
export interface Signer {
  /** `validation_failed` where the claims do not have the shape. */
  sign(claims: Claims): Promise<{ token: string; expires_at: number }>
}

export interface Claims {
  readonly user_id: string
  readonly tenant_id: string
  readonly permissions?: readonly string[] | undefined
  readonly rooms?: readonly string[] | Readonly<Record<string, string>> | undefined
  readonly session_id?: string | undefined
  readonly device_id?: string | undefined
  /** An hour where it is not said. */
  readonly ttl_s?: number | undefined
}
