/** Which tokens are taken no more, though they have not expired. It is asked at every sign-in and HTTP request, so it is kept at hand. */
import type { Revoking } from '../features/feature.ts'
import type { Clock } from '../ports/clock.ts'
import type { Revocation, Store } from '../ports/store.ts'
import type { Identity, Tokens } from '../ports/tokens.ts'
import { Failure } from '../protocol/failure.ts'
import { keyOf } from '../protocol/ids.ts'

/** What of a sign-in can be revoked. */
export type Revocable = Pick<Identity, 'tenant_id' | 'user_id' | 'device_id' | 'session_id' | 'token_id' | 'issued_at'>

/** `whose`: all that it concerns is this user's, where that is known. */
export type Revoked = (revocation: Revocation, whose: string | undefined) => void

export interface Revocations {
  /** Why it is not taken; nothing where it is. */
  refuses(who: Revocable): Failure | undefined
  /** When the answer comes it is durable, in force here, and the listeners were told. */
  revoke(revocation: Revocation, how?: Revoking): Promise<void>
  /** Takes up what is stored, by whatever server. */
  read(): Promise<void>
  onRevoked(listener: Revoked): void
}

const SWEEP_MS = 3_600_000

export function revocations(store: Pick<Store, 'apply' | 'revocations'>, clock: Clock): Revocations {
  /** By tenant, then by what and whose. */
  const tenants = new Map<string, Map<string, Revocation>>()
  const listeners = new Set<Revoked>()
  let sweptAt = clock.now()

  function take(revocation: Revocation, whose?: string) {
    const { tenant_id, what, subject, before, until } = revocation
    const known = tenants.get(tenant_id) ?? new Map<string, Revocation>()
    tenants.set(tenant_id, known)
    const key = keyOf(what, subject)
    const earlier = known.get(key)
    if (earlier && earlier.before >= before && earlier.until >= until) return
    const later = { before: Math.max(before, earlier?.before ?? 0), until: Math.max(until, earlier?.until ?? 0) }
    known.set(key, { ...revocation, ...later })
    for (const listener of listeners) listener(revocation, whose)
  }

  /** Now and then, as it grows: what nobody can hold any more need not be known. */
  function sweep() {
    const now = clock.now()
    if (now - sweptAt < SWEEP_MS) return
    sweptAt = now
    for (const [tenant_id, known] of tenants) {
      for (const [key, { until }] of known) if (until <= now) known.delete(key)
      if (known.size === 0) tenants.delete(tenant_id)
    }
  }

  return {
    refuses(who) {
      const known = tenants.get(who.tenant_id)
      if (!known) return undefined
      for (const [what, subject] of subjectsOf(who)) {
        const found = known.get(keyOf(what, subject))
        if (found && who.issued_at < found.before && clock.now() < found.until) return revokedBy(found)
      }
      return undefined
    },
    async revoke(revocation, { whose, along = [] } = {}) {
      await store.apply([{ do: 'revoke', revocation }, ...along])
      sweep()
      take(revocation, whose)
    },
    async read() {
      for (const revocation of await store.revocations()) take(revocation)
    },
    onRevoked: (listener) => void listeners.add(listener),
  }
}

function subjectsOf({ user_id, device_id, session_id, token_id }: Revocable): [Revocation['what'], string][] {
  const all: [Revocation['what'], string][] = [
    ['all', ''],
    ['user', user_id],
    ['session', keyOf(session_id)],
    ['session', keyOf(user_id, session_id)],
  ]
  if (device_id !== undefined) all.push(['device', keyOf(user_id, device_id)])
  if (token_id !== undefined) all.push(['token', token_id])
  return all
}

/** Whether it is by this very one that it is taken no more. */
export const isRevokedBy = ({ tenant_id, what, subject, before }: Revocation, who: Revocable): boolean =>
  who.tenant_id === tenant_id &&
  who.issued_at < before &&
  subjectsOf(who).some(([one, its]) => one === what && its === subject)

const WHAT: Readonly<Record<Revocation['what'], string>> = {
  all: 'All earlier tokens were revoked',
  user: 'All earlier tokens of this user were revoked',
  session: 'This session was revoked',
  device: 'This device was revoked',
  token: 'This token was revoked',
}

export const revokedBy = ({ what }: Revocation): Failure =>
  new Failure('session_revoked', `${WHAT[what]}: sign in anew.`)

/** The same tokens, but for those that were revoked. */
export const revocable = (tokens: Tokens, { refuses }: Pick<Revocations, 'refuses'>): Tokens => ({
  async verify(token) {
    const identity = await tokens.verify(token)
    const refused = refuses(identity)
    if (refused) throw refused
    return identity
  },
})
