/** A connection whose token is revoked does not wait for its next command: it is told, and ends. */
import type { Caller } from '../../features/caller.ts'
import { isRevokedBy, type Revocable, type Revocations, revokedBy } from '../../pipeline/revocations.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Connections } from '../connection/connections.ts'

interface World {
  readonly revocations: Revocations
  readonly connections: Connections
  readonly clock: Clock
}

/** Others are served in between, however many rest on it. */
const AT_ONCE = 1_000

export function endRevoked({ revocations, connections, clock }: World): void {
  revocations.onRevoked((revocation, whose) => {
    const { tenant_id } = revocation
    const those = [...(whose === undefined ? connections.in(tenant_id) : connections.of(tenant_id, whose))]

    function end(from: number) {
      for (const one of those.slice(from, from + AT_ONCE))
        if (restsOn(one.caller).some((who) => isRevokedBy(revocation, who))) one.end(revokedBy(revocation))
      if (from + AT_ONCE < those.length) clock.after(0, () => end(from + AT_ONCE))
    }
    clock.after(0, () => end(0)) // the answer to who revoked it, who may be among them, is on its way by then
  })
}

/** Throws where what someone rests on was revoked since their token was looked at. */
export function holds(caller: Caller, { refuses }: Pick<Revocations, 'refuses'>): void {
  for (const who of restsOn(caller)) {
    const refused = refuses(who)
    if (refused) throw refused
  }
}

/** What a connection began with, and what it has refreshed to. */
function restsOn(caller: Caller | undefined): Revocable[] {
  if (!caller?.token) return []
  const { tenant_id, user_id, device_id, session_id, token } = caller
  const began = { ...token, tenant_id, user_id, device_id, session_id }
  return session_id === token.session_id ? [began] : [began, { ...began, session_id: token.session_id }]
}
