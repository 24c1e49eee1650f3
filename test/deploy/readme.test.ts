import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { running, stock } from '../support/running.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string) => Bun.file(join(ROOT, path)).text()
const examples = [...(await read('README.md')).matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code as string)

/** Runs as it would in a folder where what it imports is installed. */
const run = (code: string, env: Record<string, string> = {}) =>
  Bun.spawn([process.execPath, '-e', code], { cwd: ROOT, env: { ...process.env, ...env }, stdout: 'pipe' })

describe('the README', () => {
  test('has a client that works as it stands: it hears its own message, and that it is durable', async () => {
    const { url } = await running({ NODE_ENV: 'development', JWT_SECRET: '' })
    const [client = ''] = examples
    const child = run(client.replaceAll('http://localhost:3001', url))
    const said = await outputUntil(
      child.stdout,
      (text) => text.includes('durability') && text.includes('Hello, Grace.\n'),
    )
    child.kill()
    await child.exited
    expect(said).toMatch(/^\d+ Hello, Grace\.$/m)
    expect(said).toMatch(/^ack \{\n.*message_id: .*duplicate: false,\s+durability: "log",\s+\}$/ms)
  })

  test('signs a token that the service takes in production', async () => {
    const JWT_SECRET = 'a secret of no less than thirty-two bytes'
    const [, signing = ''] = examples
    const child = run(`${signing}\nconsole.log(token)`, { JWT_SECRET })
    const token = (await new Response(child.stdout).text()).trim()
    const { url } = await running({ JWT_SECRET })
    const told = await stock(url, { auth: { token } }).hears('authenticated')
    expect(told).toMatchObject({
      user_id: 'ada',
      tenant_id: 'acme',
      permissions: ['message:send', 'room:create'],
    })
  })
})

test.each([
  'README.md',
  ...['CONTRIBUTING', 'SECURITY', 'CHANGELOG', 'ARCHITECTURE'].map((name) => `.github/${name}.md`),
])('%s points to nothing that is not there', async (path) => {
  const links = [...(await read(path)).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link]) => link as string)
  expect(links.filter((link) => !existsSync(join(ROOT, dirname(path), link)))).toEqual([])
})

async function outputUntil(output: ReadableStream<Uint8Array>, enough: (text: string) => boolean): Promise<string> {
  const text = new TextDecoder()
  let said = ''
  for await (const chunk of output) {
    said += text.decode(chunk, { stream: true })
    if (enough(said)) break
  }
  return said
}
