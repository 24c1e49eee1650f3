/** Start here: configuration → world → listen → drain. */
import { ConfigError, readConfig } from './config.ts'
import { ownRuntime } from './runtime/runtime.ts'
import { startService } from './service.ts'

async function main() {
  const runtime = await ownRuntime()
  const service = await startService(readConfig({ ...runtime.envFile(), ...process.env }), runtime)
  let stopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (stopping) process.exit(1) // asked twice
      stopping = true
      service.stop().then(
        () => process.exit(0),
        (error) => fail(error),
      )
    })
}

/** Who starts the service is told in one sentence what is wrong; the rest is for who mends it. */
function fail(error: unknown): never {
  console.error(error instanceof ConfigError ? error.message : error)
  process.exit(1)
}

main().catch(fail)
