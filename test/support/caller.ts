import type { Caller } from '../../src/features/caller.ts'
import { permissionsOf } from '../../src/features/permissions.ts'

/** Ada of acme, who may do what an ordinary user may. */
export const callerOf = (more: Partial<Caller> = {}): Caller => ({
  tenant_id: 'acme',
  user_id: 'ada',
  device_id: undefined,
  session_id: 's',
  permissions: permissionsOf(undefined),
  grants: {},
  connection: undefined,
  ...more,
})
