import { afterEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryWorld } from '../../src/adapters/memory/world.ts'
import { type Opening, openSqlite } from '../../src/adapters/sqlite/sqlite.ts'
import { logContract } from '../contracts/log.contract.ts'
import { begun, chances, knownOf, shorten, someDoing } from '../contracts/model.ts'
import { storeContract } from '../contracts/store.contract.ts'
import { fakeClock } from '../support/clock.ts'

const open: { close(): Promise<void> }[] = []
const directories: string[] = []

afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
})

function freshDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'parley-sqlite-'))
  directories.push(directory)
  return directory
}

/** In a directory that it may find used before. */
async function opened(directory: string, more: Partial<Opening> = {}) {
  const reported: unknown[] = []
  const report = (error: unknown) => void reported.push(error)
  const one = await openSqlite({ directory, clock: { now: Date.now }, report, ...more })
  open.push(one)
  return { ...one, reported }
}

async function world() {
  const { clock, pass } = fakeClock()
  return { ...(await opened(freshDirectory(), { clock })), pass, now: clock.now }
}

logContract('sqlite', world)
storeContract('sqlite', world)

describe('sqlite: random doings', () => {
  test.each([1, 2, 3])(
    'end as they do in memory, also where the file is closed and opened again (seed %i)',
    async (seed) => {
      const chance = chances(seed)
      const { clock, pass } = fakeClock()
      const directory = freshDirectory()
      const model = { ...memoryWorld(clock), pass, now: clock.now, reported: [] }
      const again = async () => ({ ...(await opened(directory, { clock, foldAt: 40 })), pass, now: clock.now })
      let under = await again()
      for (const one of [model, under]) await begun(one)
      for (let round = 0; round < 40; round++) {
        const doings = Array.from({ length: 1 + chance.below(12) }, () => someDoing(chance, clock.now()))
        const [expected, found] = await Promise.all(
          [model, under].map((one) => Promise.all(doings.map((doing) => doing(one)))),
        )
        expect(found).toEqual(expected as NonNullable<typeof expected>)
        await pass(chance.below(1_000))
        if (chance.in(0.2)) await shorten(chance, model, under)
        if (chance.in(0.15)) {
          await under.close()
          under = await again()
        }
        if (round % 4 === 3) expect(await knownOf(under)).toEqual(await knownOf(model))
      }
      expect(under.reported).toEqual([])
    },
    60_000,
  )
})
