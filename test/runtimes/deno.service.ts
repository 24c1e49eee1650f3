import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { cleanUp, environment, folder, stock, tokenOf } from '../support/running.ts'
import { shipped } from '../support/shipped.ts'
import { passes } from './list.ts'

const ROOT = join(import.meta.dirname, '../..')

passes('deno')

test('on deno a `.env` file is read, and what the environment says goes before it', async () => {
  const cwd = await folder()
  await Bun.write(join(cwd, '.env'), 'REGION=from-the-file\nFLY_MACHINE_ID=fromthefile\n')
  const service = await shipped(environment(cwd, { LOG_LEVEL: 'info', FLY_MACHINE_ID: 'own' }), 'deno', cwd)
  cleanUp(() => service[Symbol.asyncDispose]())
  const { server } = await stock(service.url, { auth: { token: await tokenOf('ada') } }).hears('authenticated')
  expect(server).toMatchObject({ region: 'from-the-file', id: 'own' })
})

test('on deno what browsers are handed has no types', async () => {
  const code = `import { deno } from './src/runtime/deno.ts'; console.log(deno.stripTypes('const n: number = 1'))`
  const child = Bun.spawn(['sh', '.ci/deno', 'eval', code], { cwd: ROOT, stderr: 'inherit' })
  expect((await new Response(child.stdout).text()).replaceAll(' ', '').trim()).toBe('constn=1')
})
