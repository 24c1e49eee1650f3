/**
 * What each device has for certain, so that it can come back to it, to this server or to the one that is started after
 * it. A pong proves that all that was told before its ping has arrived; those that heard something are pinged for it.
 */
import type { Clock } from '../../ports/clock.ts'
import type { Change, Store } from '../../ports/store.ts'
import { deviceKey } from '../../protocol/ids.ts'
import type { ServerConnection } from '../connection/connection.ts'
import { positionsOf } from './certain.ts'
import { leastOf, type Positions, positionsIn, returns, type Stand } from './returns.ts'
import { type Device, saving } from './saving.ts'

const TICK_MS = 5_000
const AT_ONCE = 500
const PAUSE_MS = 20

interface World {
  readonly store: Pick<Store, 'checkpoint' | 'apply'>
  readonly clock: Clock
  /** ms in which one may come back; 0 for never. */
  readonly windowMs: number
  /** Rooms that moved since this was asked last. */
  moved(): Iterable<string>
  hearers(room: string): Iterable<unknown>
  /** Pings the client, unless a ping is under way. */
  ping(conn: object): void
  /** In ms of a clock that is never set anew. */
  moment(): number
  report(error: unknown): void
}

/** A client of a device that is connected here. */
interface Client {
  readonly connection: ServerConnection
  readonly device: Device
  /** As it is told who it is: by this it says so when it comes back. */
  readonly name: string
  /** Whom it takes the place of, until it knows that it did. */
  readonly before: string | undefined
  /** What it came back to; nothing where it began anew. */
  readonly start: Positions | undefined
  /** The moment when it was up to date. */
  syncedAt: number
  /** All that was told before this moment has arrived. */
  proven: number
  /** Whether anything was told since it was last written. */
  heard: boolean
}

export type Checkpoints = ReturnType<typeof checkpoints>

export function checkpoints(world: World) {
  const { store, clock, windowMs } = world
  const beganAt = clock.now()
  const away = returns()
  const clients = new Map<ServerConnection, Client>()
  const byConn = new WeakMap<object, Client>()
  const live = new Map<string, Set<Client>>()
  const loading = new Map<string, Promise<void>>()
  /** Those that came since the last tick. */
  const fresh = new Set<Client>()
  const writing = saving({ store, clock, changesOf, report: world.report })
  let stop = clock.after(TICK_MS, tick)

  function tick() {
    stop = clock.after(TICK_MS, tick)
    const asked = new Set([...fresh].filter(({ syncedAt, proven }) => proven <= syncedAt))
    fresh.clear()
    for (const room of world.moved())
      for (const hearer of world.hearers(room)) {
        const client = clients.get(hearer as ServerConnection)
        if (client) asked.add(client)
      }
    for (const client of asked) client.heard = true
    ping([...asked])
    away.sweep(clock.now())
  }

  /** Not thousands in one go: others want to be served. */
  function ping(asked: readonly Client[], from = 0) {
    for (const { connection } of asked.slice(from, from + AT_ONCE)) world.ping(connection.socket.conn)
    if (from + AT_ONCE < asked.length) clock.after(PAUSE_MS, () => ping(asked, from + AT_ONCE))
  }

  /** Where it cannot be said what all its clients have, that is written: what was written before says too little by now. */
  function changesOf({ key, ...device }: Device): Change[] {
    const now = clock.now()
    const here = live.get(key)
    const gone = away.of(key, now)
    const names = [...gone.keys()]
    const stands = [...gone.values()]
    for (const client of here ?? []) {
      const stand = standOf(client, now)
      if (!stand) continue
      names.push(client.name)
      stands.push(stand)
    }
    if (stands.length === 0) return []
    const least = leastOf(stands)
    const { at, positions } = least ?? { at: now, positions: {} }
    return [
      {
        do: 'set_checkpoint',
        ...device,
        checkpoint: { at, connected: here !== undefined, clients: least ? names : [], positions },
      },
    ]
  }

  /** One that began anew stands nowhere before it certainly heard that it did. */
  function standOf({ connection, start, syncedAt, proven }: Client, now: number): Stand | undefined {
    if (!start && proven <= syncedAt) return undefined
    const positions = positionsOf(connection.certain(proven))
    if (!positions) return undefined
    const isUnderWay = syncedAt === Number.POSITIVE_INFINITY
    return {
      at: now,
      until: now + windowMs,
      last: true,
      positions: isUnderWay ? positionsIn(start, positions) : positions,
    }
  }

  async function load({ key, tenant_id, user_id, device_id }: Device) {
    const checkpoint = await store.checkpoint(tenant_id, user_id, device_id)
    if (!checkpoint) return
    const { at, connected, clients: names, positions } = checkpoint
    const until = (connected ? Math.max(at, beganAt) : at) + windowMs
    if (until < clock.now()) return
    for (const name of names) away.add(key, name, { at, until, last: !connected, positions })
  }

  /** What the store knows of a device is asked once, before any of its clients is here. */
  async function known(device: Device) {
    if (live.has(device.key) || away.of(device.key, clock.now()).size > 0) return
    const under = loading.get(device.key) ?? load(device)
    loading.set(device.key, under)
    await under.finally(() => loading.delete(device.key))
  }

  /** It came back before its old connection was found dead. */
  function takeOver(client: Client): Stand | undefined {
    const stand = standOf(client, clock.now())
    forget(client)
    if (stand) away.add(client.device.key, client.name, stand)
    client.connection.socket.conn.close()
    return stand
  }

  function forget(client: Client) {
    const { connection, device } = client
    clients.delete(connection)
    fresh.delete(client)
    byConn.delete(connection.socket.conn)
    const others = live.get(device.key)
    others?.delete(client)
    if (others?.size === 0) live.delete(device.key)
  }

  function deviceOf({ caller }: ServerConnection): Device | undefined {
    if (windowMs === 0 || caller?.device_id === undefined) return undefined
    const { tenant_id, user_id, device_id } = caller
    return { key: deviceKey(tenant_id, user_id, device_id), tenant_id, user_id, device_id }
  }

  return {
    /** Where the client behind a new connection stood, by the connection it says it had before. */
    async find(connection: ServerConnection, before: string | undefined): Promise<Stand | undefined> {
      const device = deviceOf(connection)
      if (!device) return undefined
      await known(device)
      const now = clock.now()
      const here = [...(live.get(device.key) ?? [])]
      const gone = away.of(device.key, now)
      if (before !== undefined) {
        const old = here.find(({ name }) => name === before)
        return old ? takeOver(old) : gone.get(before)
      }
      const stands = [...here.map((client) => standOf(client, now)), ...gone.values()]
      return leastOf(stands.filter((stand) => stand !== undefined))
    },

    /** It is to hear its rooms now: from where it stood, or anew. */
    begin(connection: ServerConnection, before: string | undefined, start: Positions | undefined) {
      const device = deviceOf(connection)
      if (!device) return
      const moments = { syncedAt: Number.POSITIVE_INFINITY, proven: 0, heard: false }
      const client = { connection, device, name: connection.socket.id, before, start, ...moments }
      clients.set(connection, client)
      byConn.set(connection.socket.conn, client)
      live.set(device.key, (live.get(device.key) ?? new Set<Client>()).add(client))
    },

    /** It was told that it is up to date. */
    synced(connection: ServerConnection) {
      const client = clients.get(connection)
      if (!client) return
      client.syncedAt = world.moment()
      client.heard = true
      fresh.add(client)
      if (!client.start) world.ping(connection.socket.conn) // until that is answered it has nowhere to come back to
    },

    /** The ping of this moment was answered. */
    ponged(conn: object, sentAt: number) {
      const client = byConn.get(conn)
      if (!client) return
      const knew = client.proven > client.syncedAt
      client.proven = sentAt
      const knows = client.proven > client.syncedAt
      if (knows && !knew && client.before !== undefined) away.remove(client.device.key, client.before)
      if (!client.heard || !knows) return
      client.heard = false
      writing.add(client.device)
    },

    /** What it hears, or has, is not what it was. */
    changed(connection: ServerConnection) {
      const client = clients.get(connection)
      if (client && client.syncedAt !== Number.POSITIVE_INFINITY) writing.add(client.device)
    },

    /** Comes true when it can come back to what it hears by now, if it can come back at all. */
    async kept(connection: ServerConnection) {
      const client = clients.get(connection)
      if (!client || !standOf(client, clock.now())) return
      writing.add(client.device)
      await writing.flush()
    },

    /** It has ended, but has not let go of its rooms yet. */
    left(connection: ServerConnection) {
      const client = clients.get(connection)
      if (!client) return
      const stand = standOf(client, clock.now())
      forget(client)
      const isForgotten = connection.endedFor === 'session_revoked'
      if (stand && !isForgotten) away.add(client.device.key, client.name, stand)
      writing.add(client.device)
    },

    /** All that is to be written by now is. */
    flush: writing.flush,

    close() {
      stop()
      writing.close()
    },
  }
}
