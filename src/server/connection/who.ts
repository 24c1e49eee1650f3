/** A connection that has signed in, in the words for its client and for all servers. */
import type { Caller } from '../../features/caller.ts'
import { caps } from '../../features/rooms/caps.ts'
import { toldLimits } from '../../pipeline/limits.ts'
import type { Present } from '../../ports/roster.ts'
import type { Settings } from '../parts.ts'
import type { ServerConnection } from './connection.ts'

/** What `authenticated` says. */
export function authenticating(settings: Settings) {
  const limits = {
    ...caps,
    payload_bytes: settings.maxPayloadBytes,
    devices: settings.maxDevicesPerUser,
    ...(settings.limits && toldLimits(settings.limits, settings.frames)),
  }
  return ({ caller, expiresAt, protocol }: ServerConnection, recovered: boolean) => {
    const { user_id, tenant_id, device_id, session_id, permissions } = caller as Caller
    return {
      user_id,
      tenant_id,
      device_id: device_id ?? null,
      session_id,
      permissions: [...permissions.listed],
      protocol,
      expires_at: Number.isFinite(expiresAt) ? expiresAt : null,
      recovered,
      limits,
      server: settings.server,
    }
  }
}

/** As it is put into the roster. */
export const presentOf = (
  { id, socket, caller, transport, platform, lastActive, idle }: ServerConnection,
  server_id: string,
): Present => {
  const { device_id, session_id } = caller as Caller
  return {
    connection_id: id,
    server_id,
    device_id,
    session_id,
    platform,
    transport,
    address: socket.handshake.address,
    since: socket.handshake.issued,
    active_at: lastActive,
    idle,
    quality: undefined,
    rtt_ms: undefined,
  }
}
