/** HTTP's way to the commands of the registry. The routes are made of this table, and so is their document. */
import type { Route } from '../../documents/openapi.ts'

export const routes: readonly Route[] = [
  { method: 'get', path: '/socket/health', command: 'service:health', status: 200 },
  { method: 'get', path: '/socket/stats', command: 'service:stats', status: 200 },
  { method: 'get', path: '/socket/users', command: 'service:users', status: 200 },
  { method: 'get', path: '/socket/users/:user_id/connected', command: 'service:connected', status: 200 },
  { method: 'get', path: '/socket/users/:user_id/connections', command: 'service:connections', status: 200 },
  { method: 'get', path: '/socket/rooms', command: 'service:rooms', status: 200 },
  { method: 'post', path: '/socket/rooms', command: 'room:create', status: 201, defaults: { kind: 'group' } },
  { method: 'post', path: '/socket/rooms/join', command: 'room:join', status: 200, as: 'user_id' },
  { method: 'post', path: '/socket/rooms/leave', command: 'room:leave', status: 200, as: 'user_id' },
  {
    method: 'post',
    path: '/socket/rooms/message',
    command: 'message:send',
    status: 201,
    unless: 'duplicate',
    as: 'sender_id',
  },
  { method: 'post', path: '/socket/notifications', command: 'notification:send', status: 201 },
  { method: 'post', path: '/socket/events', command: 'event:send', status: 201 },
  { method: 'post', path: '/socket/revoke', command: 'session:revoke', status: 200 },
  { method: 'post', path: '/socket/broadcast', command: 'service:broadcast', status: 200 },
  { method: 'get', path: '/socket/suspects', command: 'service:suspects', status: 200 },
  { method: 'post', path: '/socket/suspects/pardon', command: 'service:pardon', status: 200 },
]
