import { feature } from '../feature.ts'
import { create } from './create.ts'
import { remove } from './delete.ts'
import { get, list, members } from './find.ts'
import { join } from './join.ts'
import { leave } from './leave.ts'
import { invite, kick, role } from './members.ts'
import { roomDeleted, roomInvited, roomJoined, roomMemberJoined, roomMemberLeft, roomUpdated } from './room.ts'
import { subscribe, unsubscribe } from './subscribe.ts'
import { update } from './update.ts'

export const rooms = feature('rooms', {
  events: [roomJoined, roomInvited, roomUpdated, roomMemberJoined, roomMemberLeft, roomDeleted],
  commands: {
    'room:create': create,
    'room:join': join,
    'room:leave': leave,
    'room:subscribe': subscribe,
    'room:unsubscribe': unsubscribe,
    'room:get': get,
    'room:list': list,
    'room:members': members,
    'room:update': update,
    'room:invite': invite,
    'room:kick': kick,
    'room:role': role,
    'room:delete': remove,
  },
})
