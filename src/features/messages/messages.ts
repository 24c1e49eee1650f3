import { logSkipped } from '../../protocol/event.ts'
import { feature } from '../feature.ts'
import { remove } from './delete.ts'
import { edit } from './edit.ts'
import type { Gathered } from './gathering.ts'
import { history } from './history.ts'
import { messageDeleted, messageNew, messageReaction, messageReceipt, messageUpdated } from './message.ts'
import { react } from './react.ts'
import { delivered, read } from './receipts.ts'
import { send } from './send.ts'
import { sync } from './sync.ts'

export const messages = feature('messages', {
  state: (): Gathered => new Map(),
  events: [messageNew, messageUpdated, messageDeleted, messageReaction, messageReceipt, logSkipped],
  commands: {
    'message:send': send,
    'message:edit': edit,
    'message:delete': remove,
    'message:react': react,
    'message:read': read,
    'message:delivered': delivered,
    'message:history': history,
    'message:sync': sync,
  },
})
