/** A connection without a socket: it enters and leaves rooms, and remembers it. */
import type { Connection } from '../../src/features/caller.ts'
import type { Log } from '../../src/ports/log.ts'
import type { Position } from '../../src/protocol/entry.ts'
import { Failure } from '../../src/protocol/failure.ts'
import { newId, roomKey, roomSubject } from '../../src/protocol/ids.ts'

export interface FakeConnection extends Connection {
  /** What it did, in words: `entered lobby`, `left lobby`, `ended: unavailable`, `does not want typing of lobby`. */
  readonly did: string[]
}

export function fakeConnection(log: Log, tenant: string): FakeConnection {
  const heard = new Map<string, Position>()
  const did: string[] = []
  const watched = new Set<string>()
  const noDoor = () => Promise.reject(new Failure('internal', 'There is no door here.'))
  return {
    id: newId(),
    tenant_id: tenant,
    lanes: new Map(),
    did,
    async enter(room_id, from) {
      did.push(from ? `entered ${room_id} from ${from.seq}` : `entered ${room_id}`)
      const [head] = await log.heads([roomKey(tenant, room_id)])
      if (from && from.epoch !== head?.epoch) throw new Failure('resync_required', 'Start anew.')
      heard.set(room_id, head as Position)
      return head as Position
    },
    leave(room_id) {
      did.push(`left ${room_id}`)
      heard.delete(room_id)
      watched.delete(roomSubject(room_id, 'presence'))
    },
    want(room_id, feature, wanted) {
      did.push(`${wanted ? 'wants' : 'does not want'} ${feature} of ${room_id}`)
      if (!wanted) watched.delete(roomSubject(room_id, feature))
    },
    watch(subject, wanted) {
      if (wanted) watched.add(subject)
      else watched.delete(subject)
    },
    watched,
    end(why) {
      did.push(`ended: ${why.code}`)
    },
    ready: () => undefined,
    received: (room_id, seq) => void did.push(`has ${room_id} up to ${seq}`),
    kept: async () => {},
    heard: (room_id) => heard.get(room_id),
    signIn: noDoor,
    refresh: noDoor,
  }
}
