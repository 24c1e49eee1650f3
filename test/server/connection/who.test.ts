import { expect, test } from 'bun:test'
import { permissionsOf } from '../../../src/features/permissions.ts'
import type { ServerConnection } from '../../../src/server/connection/connection.ts'
import { authenticating } from '../../../src/server/connection/who.ts'
import type { Settings } from '../../../src/server/parts.ts'

const settings = { server: { id: 'one', region: 'fra', version: '1.2.3' } } as Settings
const caller = { user_id: 'ada', tenant_id: 'acme', session_id: 's', permissions: permissionsOf(['message:send']) }
const connection = (more: object) => ({ caller, expiresAt: 9_000, protocol: 1, ...more }) as unknown as ServerConnection

test('`authenticated` tells the version of the protocol that this client speaks, not the newest', () => {
  expect(authenticating(settings)(connection({ protocol: 7 }), true)).toMatchObject({
    user_id: 'ada',
    device_id: null,
    permissions: ['message:send'],
    protocol: 7,
    expires_at: 9_000,
    recovered: true,
  })
})

test('`authenticated` tells of a sign-in without an end that it has none', () => {
  expect(authenticating(settings)(connection({ expiresAt: Number.POSITIVE_INFINITY }), false).expires_at).toBeNull()
})
