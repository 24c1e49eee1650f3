import { afterEach } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlite } from '../../src/adapters/sqlite/sqlite.ts'
import { logContract } from '../contracts/log.contract.ts'
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

async function world() {
  const { clock, pass } = fakeClock()
  const reported: unknown[] = []
  const opened = await openSqlite({ directory: freshDirectory(), clock, report: (error) => void reported.push(error) })
  open.push(opened)
  return { ...opened, pass, now: clock.now, reported }
}

logContract('sqlite', world)
storeContract('sqlite', world)
