import { expect, test } from 'bun:test'
import type { Socket } from 'socket.io'
import type { Revocable } from '../../../src/pipeline/revocations.ts'
import { Failure } from '../../../src/protocol/failure.ts'
import { type Admitting, admission } from '../../../src/server/arriving/admission.ts'
import type { Dues } from '../../../src/server/arriving/dues.ts'
import type { Handshake, SignedIn } from '../../../src/server/arriving/signing.ts'
import type { ServerConnection } from '../../../src/server/connection/connection.ts'
import { refusal } from '../../contracts/world.ts'
import { settled } from '../../support/clock.ts'

/** Who comes by a token that was good when it was looked at; what is revoked by now is said by the test. */
function door() {
  const revoked = new Set<string>()
  const refuses = ({ session_id, token_id }: Revocable) =>
    revoked.has(session_id) || revoked.has(token_id ?? '') ? new Failure('session_revoked', 'No.') : undefined
  const signed = (token_id: string, session_id = 's1') => {
    const token = { token_id, session_id, device_id: undefined, issued_at: 0 }
    return { caller: { tenant_id: 'acme', user_id: 'ada', session_id, token }, expires_at: 9 } as unknown as SignedIn
  }
  const present: string[] = []
  const made = admission({
    devices: { record: (_: unknown, given: object, enter: (device: object) => Promise<void>) => enter(given) },
    attendance: {
      enter: async (_: unknown, id: string) => void present.push(`came ${id}`),
      leave: async (_: unknown, id: string) => void present.push(`left ${id}`),
    },
    presentOf: ({ id }: ServerConnection) => id,
    wires: { admit() {} },
    connections: { add() {} },
    dues: { token() {} } as unknown as Dues,
    revocations: { refuses },
    signing: { fromToken: async ({ token }: { token: string }) => signed(token, 's2') },
    outOf: async () => [],
  } as unknown as Admitting & { dues: Dues })
  const connection = { socket: { connected: false } } as ServerConnection
  return { ...made, revoked, signed, present, connection }
}

test('a token that was revoked since it was looked at lets nobody in', () => {
  const { known, revoked, signed, connection } = door()
  revoked.add('t1')
  expect(() => known(connection, signed('t1'), {} as Handshake)).toThrow('No.')
  expect(connection.caller).toBeUndefined()
})

test('who is gone by the time their device is recorded is not among those who are here', async () => {
  const { open, signed, present, connection } = door()
  const { caller } = signed('t1')
  const socket = { join() {}, connected: false, nsp: { name: '/' } } as unknown as Socket
  Object.assign(connection, { caller, left: 'transport close', id: 'c1' })
  open(connection, socket, {} as Handshake)
  await settled()
  expect(present).toEqual(['came c1', 'left c1'])
})

test.each(['t2', 's1', 's2'])('nor is it refreshed to: %s', async (what) => {
  const { known, refresh, revoked, signed, connection } = door()
  known(connection, signed('t1'), {} as Handshake)
  revoked.add(what)
  expect(await refusal(refresh(connection, 't2'))).toMatchObject({ code: 'session_revoked' })
  expect(connection.caller?.token?.token_id).toBe('t1')
})
