import { expect, test } from 'bun:test'
import { memoryWorld } from '../../src/adapters/memory/world.ts'
import { revocations } from '../../src/pipeline/revocations.ts'
import type { Revocation } from '../../src/ports/store.ts'
import type { Failure } from '../../src/protocol/failure.ts'
import { endRevoked } from '../../src/server/arriving/revoking.ts'
import type { ServerConnection } from '../../src/server/connection/connection.ts'
import { Connections } from '../../src/server/connection/connections.ts'
import { fakeClock } from '../support/clock.ts'

/** So many connections of a tenant, each of a user of its own, and who was ended why. */
function crowd(count: number) {
  const { clock, pass } = fakeClock()
  const { store } = memoryWorld(clock, () => {})
  const revoked = revocations(store, clock)
  const connections = new Connections()
  const ended: string[] = []
  for (let n = 0; n < count; n++) {
    const [user_id, session_id] = [`user-${n}`, `session-${n}`]
    const token = { token_id: undefined, session_id, device_id: undefined, issued_at: 0 }
    const caller = { tenant_id: 'acme', user_id, device_id: undefined, session_id, token }
    connections.add({ caller, end: ({ code }: Failure) => void ended.push(`${user_id} ${code}`) } as ServerConnection)
  }
  endRevoked({ revocations: revoked, connections, clock })
  const of = (what: Revocation['what'], subject: string): Revocation => ({
    tenant_id: 'acme',
    what,
    subject,
    before: clock.now(),
    until: clock.now() + 1_000,
  })
  return { clock, store, revoked, ended, pass, of }
}

test('what another server stored ends connections here, as soon as it is read', async () => {
  const { store, revoked, ended, pass, of } = crowd(3)
  await store.apply([{ do: 'revoke', revocation: of('session', 'session-1') }])
  await revoked.read()
  expect(ended).toEqual([])
  await pass(0)
  expect(ended).toEqual(['user-1 session_revoked'])
})

test('a whole tenant is ended a thousand connections at a time, so that others are served in between', async () => {
  const { clock, revoked, ended, pass, of } = crowd(2_500)
  const seen: number[] = []
  await revoked.revoke(of('all', ''))
  const { after } = clock
  clock.after = (ms, then) =>
    after(ms, () => {
      seen.push(ended.length)
      then()
    })
  await pass(0)
  expect([seen, ended.length]).toEqual([[1_000, 2_000], 2_500])
})
