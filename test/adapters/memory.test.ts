import { memoryLeases } from '../../src/adapters/memory/leases.ts'
import { memoryLimiter } from '../../src/adapters/memory/limiter.ts'
import { memoryWorld } from '../../src/adapters/memory/world.ts'
import { leasesContract } from '../contracts/leases.contract.ts'
import { limiterContract } from '../contracts/limiter.contract.ts'
import { logContract } from '../contracts/log.contract.ts'
import { storeContract } from '../contracts/store.contract.ts'
import { fakeClock } from '../support/clock.ts'

leasesContract('memory', async () => {
  const { clock, pass } = fakeClock()
  return { leases: memoryLeases(clock), pass }
})

limiterContract('memory', async () => {
  const { clock, pass } = fakeClock()
  return { limiter: memoryLimiter(clock), pass }
})

async function world() {
  const { clock, pass } = fakeClock()
  const reported: unknown[] = []
  return { ...memoryWorld(clock, (error) => void reported.push(error)), pass, now: clock.now, reported }
}

logContract('memory', world)
storeContract('memory', world)
