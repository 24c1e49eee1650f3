/** Config → the world: which adapter stands behind which port. */
import { apiKeyTokens } from './adapters/apikeys/tokens.ts'
import { developmentTokens } from './adapters/jose/development.ts'
import { joseTokens } from './adapters/jose/tokens.ts'
import { memoryLeases } from './adapters/memory/leases.ts'
import { memoryLimiter } from './adapters/memory/limiter.ts'
import { pinoLogger } from './adapters/pino/logger.ts'
import { prometheusMeter } from './adapters/prometheus/meter.ts'
import { openSqlite } from './adapters/sqlite/sqlite.ts'
import type { Config } from './config.ts'
import { features } from './features/registry.ts'
import type { Clock } from './ports/clock.ts'
import type { Tokens } from './ports/tokens.ts'

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
  const { tokens, signer } = tokensOf(config, clock)
  return {
    clock,
    logger,
    meter,
    report,
    log,
    store,
    tokens,
    /** In development only. */
    signer,
    leases: memoryLeases(clock),
    limiter: config.rateLimits ? memoryLimiter(clock) : undefined,
    /** Each with its state, for readiness. */
    dependencies: () => ({ store: health() }),
    async close() {
      await close()
      meter.close()
    },
  }
}

function tokensOf({ environment, dataDir, verification, apiKeys }: Config, clock: Clock) {
  const world = { now: () => clock.now() }
  const configured: Tokens | undefined = verification && joseTokens(verification, world)
  if (environment === 'development') {
    const development = developmentTokens({ environment, dataDir, configured }, world)
    return { tokens: apiKeyTokens(apiKeys, development), signer: development }
  }
  if (!configured) throw new Error('In production, tokens need a key.')
  return { tokens: apiKeyTokens(apiKeys, configured), signer: undefined }
}
