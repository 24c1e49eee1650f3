import { feature } from '../feature.ts'
import { authenticate, refresh } from './authenticate.ts'
import { list as listDevices, revoke as revokeDevice } from './devices.ts'
import { list } from './list.ts'
import { revoke } from './revoke.ts'
import {
  authExpiring,
  authenticated,
  connectionQuality,
  failed,
  serverDraining,
  sessionRevoked,
  stateSync,
} from './session.ts'
import { sync } from './sync.ts'

export const sessions = feature('sessions', {
  events: [authenticated, stateSync, authExpiring, sessionRevoked, serverDraining, connectionQuality, failed],
  commands: {
    authenticate,
    'auth:refresh': refresh,
    'state:sync': sync,
    'device:list': listDevices,
    'device:revoke': revokeDevice,
    'session:list': list,
    'session:revoke': revoke,
  },
})
