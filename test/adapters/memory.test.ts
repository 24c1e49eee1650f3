import { heapStats } from 'bun:jsc'
import { expect, test } from 'bun:test'
import { memoryLeases } from '../../src/adapters/memory/leases.ts'
import { memoryLimiter } from '../../src/adapters/memory/limiter.ts'
import { memoryRoster } from '../../src/adapters/memory/roster.ts'
import { memorySuspects } from '../../src/adapters/memory/suspects.ts'
import { memoryWorld } from '../../src/adapters/memory/world.ts'
import { leasesContract } from '../contracts/leases.contract.ts'
import { limiterContract } from '../contracts/limiter.contract.ts'
import { logContract } from '../contracts/log.contract.ts'
import { peopleContract } from '../contracts/people.contract.ts'
import { rosterContract } from '../contracts/roster.contract.ts'
import { storeContract } from '../contracts/store.contract.ts'
import { suspectsContract } from '../contracts/suspects.contract.ts'
import { fakeClock } from '../support/clock.ts'

leasesContract('memory', async () => {
  const { clock, pass } = fakeClock()
  return { leases: memoryLeases(clock), pass }
})

limiterContract('memory', async () => {
  const { clock, pass } = fakeClock()
  return { limiter: memoryLimiter(clock), pass }
})

suspectsContract('memory', async (most) => {
  const { clock, pass } = fakeClock()
  return { suspects: memorySuspects(clock, most), now: clock.now, pass }
})

async function world() {
  const { clock, pass } = fakeClock()
  const reported: unknown[] = []
  return { ...memoryWorld(clock, (error) => void reported.push(error)), pass, now: clock.now, reported }
}

logContract('memory', world)
storeContract('memory', world)
peopleContract('memory', world)
rosterContract('memory', async () => memoryRoster())

test('the memory limiter remembers nobody who can take all again', async () => {
  const { clock, pass } = fakeClock()
  const limiter = memoryLimiter(clock)
  const objects = () => {
    Bun.gc(true)
    const { Object: count = 0 } = heapStats().objectTypeCounts
    return count
  }
  const before = objects()
  for (let second = 0; second < 100; second++) {
    for (let n = 0; n < 200; n++) limiter.take(`user ${second} ${n}`, { take: 2, every_ms: 1_000 })
    await pass(1_000)
  }
  expect(objects() - before).toBeLessThan(2_000)
  limiter.take('user 0 0', { take: 2, every_ms: 1_000 })
})

test('the memory roster answers at once, without a promise', () => {
  const roster = memoryRoster()
  const answers = [roster.of('acme', ['ada']), roster.users('acme', undefined, 1), roster.leave('acme', 'ada', 'c')]
  expect(answers).toEqual([[[]], [], { left: false, others: [] }])
})
