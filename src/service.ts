/** For whoever embeds or tests the service: it starts, says where it is, and stops. */
import type { Server } from 'socket.io'
import type { Config } from './config.ts'
import { clientNetworks } from './engine/address.ts'
import { type EngineHooks, type EngineOptions, standardOptions } from './engine/options.ts'
import type { Health } from './features/feature.ts'
import { features } from './features/registry.ts'
import { envelope, refusal } from './protocol/envelope.ts'
import { Failure } from './protocol/failure.ts'
import { newId, roomKey, tenantKey } from './protocol/ids.ts'
import { systemClock } from './runtime/clock.ts'
import { ownRuntime, type Runtime } from './runtime/runtime.ts'
import { type Outsiders, outsiders } from './server/arriving/outsiders.ts'
import { suspecting } from './server/arriving/suspicion.ts'
import type { ServerConnection } from './server/connection/connection.ts'
import { pages } from './server/http/pages.ts'
import { httpDoor } from './server/http.ts'
import { type RunningServer, startServer } from './server/server.ts'
import { startWorkers } from './workers/workers.ts'
import { openWorld, type World } from './world.ts'

export { type Config, readConfig } from './config.ts'
export { startEngine } from './runtime/engine.ts'

export interface Service {
  readonly url: string
  readonly io: Server
  /** An event of your own to everyone of a tenant who is connected; it may be lost. */
  broadcast(tenant_id: string, event: string, data: unknown): void
  /** The same to those who hear a room. */
  broadcastToRoom(tenant_id: string, room_id: string, event: string, data: unknown): void
  connectionCount(): number
  healthCheck(): Promise<Health>
  /** Answers what was accepted, tells connections to come again, and lets go of everything. */
  stop(): Promise<void>
}

/** How long what was accepted may take to be answered, once the service is to stop. */
const DRAIN_MS = 10_000
const DRAIN_LOOK_MS = 5
/** How long the last answers have to reach their clients. */
const LAST_MS = 500
/** Namespaces that wait for a sign-in are refused by so much earlier than their connection is closed. */
const REFUSED_MS = 2_000
/** Clients that are told to come again spread over so long. */
const RECONNECT_MS = 2_000

export async function startService(config: Config, runtime?: Runtime): Promise<Service> {
  const { openEngine, stripTypes } = runtime ?? (await ownRuntime())
  const clock = systemClock
  const world = await openWorld(config, clock)
  const { meter, logger, log, store, report } = world
  const late: { server?: RunningServer } = {}
  const networkOf = clientNetworks(config.trustedProxies)
  const turnOut = (network: string) =>
    wires.turnOut(network, new Failure('protocol_abuse', 'Too much from this address was refused.'))
  const crowded = (network: string) => late.server?.crowded(network) ?? false
  const suspicion = config.rateLimits ? suspecting({ ...world, crowded, turnOut }) : undefined
  const strangers = outsiders(suspicion, networkOf)
  const { io, wires, serve } = openEngine(
    engineOptions(config),
    engineHooks(world, strangers, () => late.server),
  )
  const server = startServer({ ...world, io, wires, suspicion, networkOf, settings: settingsOf(config) })
  late.server = server
  const workers = startWorkers({ clock, log, store, dispatch: server.dispatch, report })

  const app = httpDoor({
    dispatch: server.dispatch,
    commands: server.commands,
    service: { features, version: config.server.version, socketPath: config.path },
    tokens: world.httpTokens,
    developmentTokens: world.signer,
    meter,
    ready: async () => {
      const { status, dependencies } = server.health()
      return { ready: status === 'ok', dependencies }
    },
    pages: pages({
      socketPath: config.path,
      parser: config.parser,
      development: world.signer !== undefined,
      stripTypes,
    }),
    logger,
    clock,
    outsiders: strangers,
    addressOf: (request) => addresses.get(request),
    maxBody: config.maxPayloadBytes,
    origins: config.origins,
  })
  const addresses = new WeakMap<Request, string>()
  const served = await serve({
    host: config.host,
    port: config.port,
    fetch(request, { address }) {
      addresses.set(request, address)
      return app.fetch(request)
    },
    onError: (error) => report(error, 'http'),
  }).catch(async (error) => {
    await workers.stop()
    server.close()
    await world.close()
    throw error
  })
  logger.info({ url: served.url, version: config.server.version, environment: config.environment }, 'Parley listens.')
  if (!config.rateLimits) logger.warn({}, 'RATE_LIMITS is off: what clients may ask for in a time is not limited.')

  function tell(tenant_id: string, place: string, action: string, data: unknown) {
    const stamp = { id: newId(), tenant_id, timestamp: clock.now(), action }
    server.fanout.tell([place], envelope('event', stamp, data))
  }

  async function stop() {
    logger.info({ connections: server.connectionCount() }, 'Parley stops.')
    server.drain(RECONNECT_MS)
    for (let waited = 0; server.underWay > 0 && waited < DRAIN_MS; waited += DRAIN_LOOK_MS)
      await new Promise<void>((then) => void clock.after(DRAIN_LOOK_MS, then))
    await workers.stop()
    server.closeConnections()
    await server.keep()
    server.close()
    await Promise.race([served.stop(true), new Promise<void>((then) => void clock.after(LAST_MS, then))])
    await served.stop()
    await world.close()
  }

  let stopping: Promise<void> | undefined
  return {
    url: served.url,
    io,
    broadcast: (tenant_id, event, data) => tell(tenant_id, tenantKey(tenant_id), event, data),
    broadcastToRoom: (tenant_id, room_id, event, data) => tell(tenant_id, roomKey(tenant_id, room_id), event, data),
    connectionCount: server.connectionCount,
    healthCheck: async () => server.health(),
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
}

const { burst, perSecond } = standardOptions.frames
const framesRate = { take: burst, every_ms: (burst * 1_000) / perSecond }

const settingsOf = ({ server, environment, authTimeoutMs, maxPayloadBytes, maxDevicesPerUser, ...rest }: Config) => ({
  server,
  development: environment === 'development',
  authTimeoutMs,
  maxPayloadBytes,
  maxDevicesPerUser,
  limits: rest.rateLimits ? rest.limits : undefined,
  frames: framesRate,
  deviceLimit: rest.deviceLimit,
  idleMs: rest.idleMs,
  recoveryWindowMs: rest.recoveryWindowMs,
})

const engineOptions = (config: Config): Partial<EngineOptions> => ({
  path: config.path,
  pingInterval: config.pingIntervalMs,
  pingTimeout: config.pingTimeoutMs,
  upgradeTimeout: config.upgradeTimeoutMs,
  connectTimeout: config.authTimeoutMs + REFUSED_MS,
  maxPayload: config.maxPayloadBytes,
  compression: config.compression,
  parser: config.parser,
  origins: config.origins,
  trustedProxies: config.trustedProxies,
  maxConnections: config.maxConnections,
  limits: config.rateLimits,
  signIn: true,
})

function engineHooks(
  { clock, meter, report }: World,
  { keepOut, ended }: Outsiders,
  server: () => RunningServer | undefined,
): EngineHooks {
  return {
    onEvent: (socket, name, args, ack) => server()?.onEvent(socket, name, args, ack),
    refuse: (_, sid) => (sid === undefined && server()?.draining ? goingAway() : undefined),
    refusal(failure: Failure, _, socket) {
      const connection = socket?.data as ServerConnection | undefined
      const tenant_id = connection?.tenant_id ?? ''
      server()?.refused(connection, failure.code)
      return refusal({ id: newId(), tenant_id, timestamp: clock.now(), action: 'error' }, failure)
    },
    keepOut,
    onClose(connection, { reason, slowConsumer }) {
      const { remoteAddress, standing } = connection
      meter.closed(slowConsumer ? 'slow_consumer' : reason)
      ended(remoteAddress, reason, standing === 'admitted')
      server()?.ended(connection)
    },
    onPong: (connection, rtt_ms, sentAt) => server()?.onPong(connection, rtt_ms, sentAt),
    onLate: (connection) => server()?.onLate(connection),
    onError: (error) => report(error, 'engine'),
  }
}

function goingAway(): Response {
  const { data } = new Failure('server_draining', 'This server goes away: connect to another.')
  return Response.json({ error: data }, { status: 503, headers: { 'retry-after': '1' } })
}
