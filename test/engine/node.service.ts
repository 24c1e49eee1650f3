/** What the engine on Bun is tested for, Socket.IO's own engine is tested for, on node:http. */
import { expect, test } from 'bun:test'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

test("Socket.IO's own engine, with our guards, passes this folder", async () => {
  const child = Bun.spawn([process.execPath, 'test', '--timeout', '20000', 'test/engine'], {
    cwd: ROOT,
    env: { ...process.env, ENGINE: 'node' },
    stderr: 'pipe',
  })
  const said = await new Response(child.stderr).text()
  expect(said.split('\n').filter((line) => line.startsWith('(fail)'))).toEqual([])
  expect(await child.exited).toBe(0)
})
