import { feature } from '../feature.ts'
import { authenticate, refresh } from './authenticate.ts'
import { list, revoke } from './devices.ts'
import { authExpiring, authenticated, failed, serverDraining, sessionRevoked, stateSync } from './session.ts'
import { sync } from './sync.ts'

export const sessions = feature('sessions', {
  events: [authenticated, stateSync, authExpiring, sessionRevoked, serverDraining, failed],
  commands: {
    authenticate,
    'auth:refresh': refresh,
    'state:sync': sync,
    'device:list': list,
    'device:revoke': revoke,
  },
})
