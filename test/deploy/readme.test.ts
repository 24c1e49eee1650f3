import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { io } from 'socket.io-client'
import { type Environment, readConfig } from '../../src/config.ts'
import type { Envelope } from '../../src/protocol/envelope.ts'
import { startService } from '../../src/service.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string) => Bun.file(join(ROOT, path)).text()
const examples = [...(await read('README.md')).matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code as string)

/** Runs as it would in a folder where what it imports is installed. */
const run = (code: string, env: Record<string, string> = {}) =>
  Bun.spawn([process.execPath, '-e', code], { cwd: ROOT, env: { ...process.env, ...env }, stdout: 'pipe' })

async function running(env: Environment) {
  const place = await mkdtemp(join(tmpdir(), 'parley-'))
  const ours = { SOCKET_HOST: '127.0.0.1', SOCKET_PORT: '0', LOG_LEVEL: 'silent', DATA_DIR: place }
  const service = await startService(readConfig({ ...ours, ...env }))
  return {
    url: service.url,
    async [Symbol.asyncDispose]() {
      await service.stop()
      await rm(place, { recursive: true })
    },
  }
}

describe('the README', () => {
  test('has a client that works as it stands: it hears its own message, and that it is durable', async () => {
    await using service = await running({})
    const [client = ''] = examples
    const child = run(client.replaceAll('http://localhost:3001', service.url))
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
    await using service = await running({ NODE_ENV: 'production', JWT_SECRET })
    const socket = io(service.url, { auth: { token }, transports: ['websocket'], reconnection: false })
    const { payload } = await new Promise<Envelope>((hear) => socket.once('authenticated', hear))
    socket.disconnect()
    expect(payload.data).toMatchObject({
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
