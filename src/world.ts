/** Config → the world: which adapter stands behind which port. */
import { apiKeyTokens } from './adapters/apikeys/tokens.ts'
import { developmentTokens } from './adapters/jose/development.ts'
import { joseTokens, type World as KeyWorld } from './adapters/jose/tokens.ts'
import { memoryLeases } from './adapters/memory/leases.ts'
import { memoryLimiter } from './adapters/memory/limiter.ts'
import { memoryRoster } from './adapters/memory/roster.ts'
import { memorySuspects } from './adapters/memory/suspects.ts'
import { pinoLogger } from './adapters/pino/logger.ts'
import { prometheusMeter } from './adapters/prometheus/meter.ts'
import { openSqlite } from './adapters/sqlite/sqlite.ts'
import type { Config } from './config.ts'
import { features } from './features/registry.ts'
import { revocable, revocations } from './pipeline/revocations.ts'
import type { Clock } from './ports/clock.ts'

export type World = Awaited<ReturnType<typeof openWorld>>

export async function openWorld(config: Config, clock: Clock) {
  const logger = pinoLogger({ level: config.logLevel, server: config.server })
  const meter = prometheusMeter({
    commands: features.flatMap(({ commands }) => Object.keys(commands)),
    events: features.flatMap(({ events }) => events.map(({ name }) => name)),
    server: config.server,
  })
  const report = (error: unknown, where: string, id?: string) => {
    meter.failed(where)
    logger.error({ err: error, where, id }, 'Something failed.')
  }
  const { log, store, close, health } = await openSqlite({
    directory: config.dataDir,
    clock,
    report: (error: unknown) => report(error, 'store'),
    onCommit: ({ entries, ms }: { entries: number; ms: number }) => meter.committed(entries, ms),
  })
  const keyWorld = { now: clock.now, report: (error: unknown) => report(error, 'keys') }
  const { tokens: all, signer } = tokensOf(config, keyWorld)
  const revoked = revocations(store, clock)
  await revoked.read()
  const tokens = revocable(all, revoked)
  return {
    clock,
    logger,
    meter,
    report,
    log,
    store,
    tokens,
    revocations: revoked,
    /** Servers may bring a key of their own, by HTTP. */
    httpTokens: apiKeyTokens(config.apiKeys, tokens),
    /** In development only. */
    signer,
    leases: memoryLeases(clock),
    roster: memoryRoster(),
    limiter: config.rateLimits ? memoryLimiter(clock) : undefined,
    suspects: memorySuspects(clock),
    /** Each with its state, for readiness. */
    dependencies: () => ({ store: health() }),
    async close() {
      await close()
      meter.close()
    },
  }
}

function tokensOf({ environment, dataDir, verification }: Config, world: KeyWorld) {
  const configured = verification && joseTokens(verification, world)
  if (environment === 'development') {
    const development = developmentTokens({ environment, dataDir, configured }, world)
    return { tokens: development, signer: development }
  }
  if (!configured) throw new Error('In production, tokens need a key.')
  return { tokens: configured, signer: undefined }
}
