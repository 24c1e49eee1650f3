/** What is addressed to a person rather than said in a room. */
import { namespaces } from '../../protocol/namespaces.ts'
import { feature } from '../feature.ts'
import { acknowledge } from './acknowledge.ts'
import { direct } from './direct.ts'
import { notification } from './notification.ts'
import { notify } from './notify.ts'
import { handAll, tellAgain, untaken } from './queue.ts'

export const notifications = feature('notifications', {
  namespaces: [namespaces.notification],
  state: untaken,
  events: [notification],
  commands: { 'notification:send': notify, 'notification:ack': acknowledge, 'event:send': direct },
  async synced(ctx) {
    if (await handAll(ctx)) tellAgain(ctx, ctx.userId)
  },
  left(ctx, { here }) {
    if (here.length === 0) ctx.state.users.delete(ctx.userId)
  },
})
