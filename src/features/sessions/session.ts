import * as v from 'valibot'
import { event } from '../../protocol/event.ts'
import { Name, RoomId, SeqOrNone, UserId } from '../../protocol/ids.ts'
import { Title } from '../../protocol/text.ts'

export const Token = v.pipe(v.string(), v.minLength(1), v.maxLength(16_384))

/** What a connection may say of the device it is on. */
export const OnDevice = v.object({
  device_id: v.optional(Name),
  device_name: v.optional(Title),
  platform: v.optional(v.pipe(Title, v.maxLength(64))),
})

export const Credentials = v.object({ token: Token, ...OnDevice.entries })

export const PositionIn = v.object({ epoch: v.pipe(v.string(), v.maxLength(128)), seq: SeqOrNone })

export const Authenticated = v.object({
  user_id: UserId,
  tenant_id: Name,
  device_id: v.nullable(v.string()),
  session_id: v.string(),
  permissions: v.array(v.string()),
  protocol: v.number(),
  expires_at: v.nullable(v.number()),
  recovered: v.boolean(),
  limits: v.record(v.string(), v.number()),
  server: v.object({ id: v.string(), region: v.nullable(v.string()), version: v.string() }),
})

export const authenticated = event('authenticated', {
  about: 'Who you are on this connection, and what it takes.',
  data: Authenticated,
})

export const DeviceView = v.object({
  device_id: v.string(),
  name: v.nullable(v.string()),
  platform: v.nullable(v.string()),
  online: v.boolean(),
  /** Whether someone is at it: it is online, and not idle. */
  active: v.boolean(),
  current: v.boolean(),
  last_seen_at: v.number(),
  /** When someone last did something at it; of one that is not online that is not known. */
  last_active_at: v.nullable(v.number()),
})

export const Synced = v.object({
  rooms: v.array(
    v.object({
      room_id: RoomId,
      kind: v.string(),
      name: v.string(),
      epoch: v.string(),
      /** Not there where this connection does not hear the room. */
      attach_seq: v.optional(SeqOrNone),
      read_seq: SeqOrNone,
      delivered_seq: SeqOrNone,
      unread: v.number(),
      updated_at: v.number(),
    }),
  ),
  devices: v.array(DeviceView),
  calls: v.array(v.unknown()),
  next_cursor: v.optional(v.string()),
})

export const stateSync = event('state_sync', {
  about: 'Your rooms, the most recently active first: each with where its live stream starts on this connection.',
  data: Synced,
})

export const authExpiring = event('auth_expiring', {
  about: 'Your token expires soon: send a newer one with `auth:refresh`.',
  data: v.object({ expires_at: v.number() }),
})

export const serverDraining = event('server_draining', {
  about: 'This server goes away: connect again within the time.',
  data: v.object({ reconnect_in_ms: v.number() }),
})

export const connectionQuality = event('connection_quality', {
  about: 'How well this connection gets through, when that changes; until you are told otherwise, it is `good`.',
  data: v.object({
    quality: v.picklist(['good', 'fair', 'poor']),
    /** How long an answer to a ping takes. */
    rtt_ms: v.number(),
    /** Of the pings lately, how many were answered late: 0 to 1. */
    loss: v.number(),
  }),
})

export const sessionRevoked = event('session_revoked', {
  about: 'This connection ends, because what it rests on was revoked, or another device took its place.',
  data: v.object({ reason: v.string() }),
})

export const failed = event('error', {
  about: 'A command without an acknowledgement was refused, or why the connection closes.',
  data: v.object({
    code: v.string(),
    message: v.string(),
    retryable: v.boolean(),
    retry_after_ms: v.optional(v.number()),
    details: v.optional(v.unknown()),
  }),
})
