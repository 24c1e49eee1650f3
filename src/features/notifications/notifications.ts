/** What is addressed to a person rather than said in a room. It reaches the connections that are there. */
import * as v from 'valibot'
import { event } from '../../protocol/event.ts'
import { Name, newId, UserId } from '../../protocol/ids.ts'
import { Text, Title } from '../../protocol/text.ts'
import { type Context, command, feature } from '../feature.ts'
import { admin } from '../rooms/rules.ts'

const Priority = v.picklist(['low', 'normal', 'high'])

const notification = event('notification', {
  about: 'Something for you.',
  data: v.object({
    notification_id: v.string(),
    kind: v.string(),
    title: v.string(),
    body: v.string(),
    data: v.optional(v.unknown()),
    priority: Priority,
    created_at: v.number(),
    expires_at: v.optional(v.number()),
  }),
})

const notify = command({
  about: 'Tells a user something, on all of their connections or on those of one device.',
  input: v.object({
    user_id: UserId,
    device_id: v.optional(Name),
    title: Title,
    body: Text,
    kind: v.optional(v.pipe(v.string(), v.maxLength(64)), 'message'),
    data: v.optional(v.unknown()),
    priority: v.optional(Priority, 'normal'),
  }),
  output: v.object({ notification_id: v.string() }),
  allow: admin,
  rate: { take: 200, every_ms: 10_000 },

  handle(ctx: Context, { user_id, device_id, ...said }) {
    const told = { ...said, notification_id: newId(ctx.now), created_at: ctx.now }
    if (device_id === undefined) ctx.toUsers([user_id], notification, told)
    else ctx.toDevice(user_id, device_id, notification, told)
    return { notification_id: told.notification_id }
  },
})

export const notifications = feature('notifications', {
  events: [notification],
  commands: { 'notification:send': notify },
})
