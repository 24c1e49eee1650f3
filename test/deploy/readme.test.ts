import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { running, stock } from '../support/running.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string) => Bun.file(join(ROOT, path)).text()
const examples = [...(await read('README.md')).matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code as string)

const example = (says: string) => examples.find((code) => code.includes(says)) ?? ''

/** Runs as it would in a folder where what it imports is installed. */
const run = (code: string, env: Record<string, string> = {}) =>
  Bun.spawn([process.execPath, '-e', code], { cwd: ROOT, env: { ...process.env, ...env }, stdout: 'pipe' })

describe('the README', () => {
  test('has a client that works as it stands: it hears its own message, and that it is durable', async () => {
    const { url } = await running({ NODE_ENV: 'development', JWT_SECRET: '' })
    const client = example('const answer = await socket.emitWithAck')
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

  test('has the same with the client of this repository', async () => {
    const { url } = await running({ NODE_ENV: 'development', JWT_SECRET: '' })
    const child = run(example("'parley/client'").replaceAll('http://localhost:3001', url))
    const said = await outputUntil(
      child.stdout,
      (text) => text.includes('sent 2\n') && text.includes('Good morning.\n') && text.includes('ada online\n'),
    )
    child.kill()
    await child.exited
    expect(said).toContain('ready\n')
    expect(said).toContain('2 Good morning.\n')
  })

  test('has lines for any client by which nothing is missed or doubled when the connection is cut', async () => {
    const service = await running({ NODE_ENV: 'development', JWT_SECRET: '', RATE_LIMITS: 'off' })
    const around = `
      import { io } from 'socket.io-client'
      const newToken = async () => (await (await fetch('http://localhost:3001/dev/token?user_id=ada&tenant_id=acme')).json()).token
      const heard = []
      const show = ({ payload }) => heard.push(payload.data.message?.content.text) && console.log('heard', heard.length)
      ${example('const positions = {}')}
      await ask('room:create', { room_id: 'office', kind: 'group' })
      for (let n = 1; n <= 60; n++) console.log((await send('office', { text: 'no. ' + n })).type)
      while (heard.length < 60) await new Promise((then) => setTimeout(then, 5))
      console.log(JSON.stringify(heard))`
    const child = run(around.replaceAll('http://localhost:3001', service.url))
    let cuts = 0
    const said = await outputUntil(child.stdout, (text) => {
      if (cuts < 2 && text.includes(`heard ${20 * (cuts + 1)}\n`)) {
        cuts++
        for (const socket of service.io.of('/').sockets.values()) socket.conn.close()
      }
      return text.includes(']\n')
    })
    child.kill()
    await child.exited
    const heard = JSON.parse(said.trim().split('\n').at(-1) as string)
    expect(heard).toEqual(Array.from({ length: 60 }, (_, n) => `no. ${n + 1}`))
    expect(cuts).toBe(2)
  })

  test('signs a token that the service takes in production', async () => {
    const JWT_SECRET = 'a secret of no less than thirty-two bytes'
    const signing = example('new SignJWT')
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
