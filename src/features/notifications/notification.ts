import * as v from 'valibot'
import { event } from '../../protocol/event.ts'

export const Priority = v.picklist(['low', 'normal', 'high'])

export const notification = event('notification', {
  about: 'Something for you. It comes again until `notification:ack` says that you have it.',
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
