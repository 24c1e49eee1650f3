/** The client where it runs: on Node, Bun and Deno as a program, and in a browser with a store of its own. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { type Client, parley } from '../../src/client/client.ts'
import { describeInChromium, openChromium } from '../support/chromium.ts'
import { cleanUp, count, folder } from '../support/running.ts'
import { type Shipped, shipped } from '../support/shipped.ts'

const ROOT = join(import.meta.dirname, '../..')
const PROGRAM = join(import.meta.dirname, 'talkative.ts')
const SENT = 40

const numbered = (from: number, to: number) => count(from, to).map((n) => `no. ${n}`)

async function start(data: string, port = 0): Promise<Shipped> {
  const service = await shipped({ DATA_DIR: data, SOCKET_PORT: `${port}`, RATE_LIMITS: 'off' })
  cleanUp(() => service[Symbol.asyncDispose]())
  return service
}

/** All that was said in the room, as its log has it. */
async function logged({ url }: Shipped, tenant_id: string): Promise<string[]> {
  const asked = await fetch(`${url}/dev/token?user_id=ada&tenant_id=${tenant_id}`)
  const { token } = (await asked.json()) as { token: string }
  const client = parley(url, { token })
  const { messages } = await client.request('message:history', { room_id: 'lobby', limit: 200 })
  await client.close()
  return messages.map(({ content }) => content?.text ?? '')
}

/** Node does not take TypeScript everywhere: there the program is made JavaScript first, as its users would. */
async function forNode(): Promise<string> {
  const outdir = await folder()
  await symlink(join(ROOT, 'node_modules'), join(outdir, 'node_modules'))
  await Bun.build({ entrypoints: [PROGRAM], outdir, target: 'node', packages: 'external', naming: '[name].mjs' })
  return join(outdir, 'talkative.mjs')
}

const commands: Record<string, () => Promise<string[]>> = {
  bun: async () => [process.execPath, PROGRAM],
  node: async () => ['node', await forNode()],
  deno: async () => ['sh', join(ROOT, '.ci/deno'), 'run', '-A', PROGRAM],
}

/** Only where services are required must all of them be there. */
function isHere(runtime: string): boolean {
  const programs = { bun: [process.execPath], node: ['node'], deno: ['deno', 'npx'] }[runtime] ?? []
  if (process.env['SERVICES'] === 'required' || programs.some((program) => Bun.which(program))) return true
  console.warn(`SKIPPED: the client on ${runtime}, which is not here.`)
  return false
}

describe.each(Object.keys(commands).filter(isHere))('on %s', (runtime) => {
  test('what is said while the service is killed and comes back is there once and in order, and so it is told', async () => {
    const data = await folder()
    let service = await start(data)
    const command = await commands[runtime]?.()
    const { PATH = '', HOME = '' } = process.env
    const child = Bun.spawn([...(command ?? []), service.url, 'acme', `${SENT}`], {
      cwd: ROOT,
      env: { PATH, HOME },
      stdout: 'pipe',
      stderr: 'inherit',
    })
    cleanUp(() => child.kill())
    let said = ''
    let kills = 0
    const decoder = new TextDecoder()
    for await (const part of child.stdout) {
      said += decoder.decode(part, { stream: true })
      const heard = said.split('\n').length - 1
      if (heard < 10 * (kills + 1) || kills === 2) continue
      kills++
      await service.kill()
      service = await start(data, service.port)
    }
    expect(await child.exited).toBe(0)
    const { heard, seqs, states } = JSON.parse(said.trim().split('\n').at(-1) as string)
    expect(heard).toEqual(numbered(1, SENT))
    expect(seqs).toEqual(count(2, SENT + 1))
    expect(states.filter((state: string) => state === 'ready')).toHaveLength(3)
    expect(await logged(service, 'acme')).toEqual(numbered(1, SENT))
  }, 60_000)
})

/** What the page keeps at hand for the test; what was heard, also over a reload. */
declare const here: { client: Client; heard: string[] }

describeInChromium('in a browser', () => {
  let browser: Browser
  let service: Shipped
  let data: string

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'parley-client-'))
    ;[browser, service] = await Promise.all([openChromium(), shipped({ DATA_DIR: data, RATE_LIMITS: 'off' })])
  })

  afterAll(async () => {
    await browser?.close()
    await service?.[Symbol.asyncDispose]()
    await rm(data, { recursive: true, force: true })
  })

  async function context() {
    const one = await browser.newContext()
    cleanUp(() => one.close())
    return one
  }

  /** A page of the service, with a client that keeps what it has; a client that has no `token` never gets anywhere. */
  async function opens(page: Page, tenant_id: string, token = true): Promise<Page> {
    await page.goto(service.url)
    await page.evaluate(begin, { tenant_id, token })
    return page
  }

  const waits = (page: Page, what: 'ready' | 'nothing pending') =>
    page.waitForFunction((what) => {
      const { client } = here
      return what === 'ready' ? client.state === 'ready' : client.outbox.pending.length === 0
    }, what)

  const says = (page: Page, texts: string[]) =>
    page.evaluate((all) => {
      for (const text of all) void here.client.send('lobby', { text })
    }, texts)

  const pending = (page: Page) =>
    page.evaluate(() => here.client.outbox.pending.map(({ data }) => data.content.text ?? ''))

  async function createRoom(page: Page) {
    await waits(page, 'ready')
    await page.evaluate(() => here.client.request('room:create', { room_id: 'lobby', kind: 'group' }))
  }

  test('a page that is reloaded in the middle of sending sends the rest, once and in order, and hears on where it was', async () => {
    const page = await opens(await (await context()).newPage(), 'reloaded')
    await createRoom(page)
    await says(page, numbered(1, 60))
    await page.waitForFunction(() => here.heard.length > 5)
    await opens(page, 'reloaded')
    expect((await pending(page)).length).toBeGreaterThan(0)
    await says(page, ['and after'])
    await waits(page, 'nothing pending')
    expect(await logged(service, 'reloaded')).toEqual([...numbered(1, 60), 'and after'])
    await page.waitForFunction(() => here.heard.at(-1) === 'and after')
    expect([...new Set(await page.evaluate(() => here.heard))]).toEqual([...numbered(1, 60), 'and after'])
  })

  test('a tab sends nothing of another that is open, and takes over what one that is gone has left', async () => {
    const shared = await context()
    const [first, second] = [await shared.newPage(), await shared.newPage()]
    await opens(second, 'tabs')
    await createRoom(second)
    await opens(first, 'tabs', false)
    await says(first, ['from the first tab'])
    await first.waitForFunction(() => here.client.outbox.pending.length)
    await opens(second, 'tabs')
    await waits(second, 'ready')
    expect(await pending(second)).toEqual([])
    await first.close()
    const third = await opens(await shared.newPage(), 'tabs')
    await waits(third, 'ready')
    await waits(third, 'nothing pending')
    expect(await logged(service, 'tabs')).toEqual(['from the first tab'])
  })

  test('a storage keeps all that it is given or nothing, and is there again after it was taken away', async () => {
    const page = await opens(await (await context()).newPage(), 'taken away')
    const left = await page.evaluate(async () => {
      const address = '/client/client.ts'
      const { browserStorage } = (await import(address)) as typeof import('../../src/client/client.ts')
      const storage = browserStorage('taken away')
      await storage.write('facts', [['first', 1]])
      const half = [
        ['second', 2],
        ['no value', () => {}],
      ] as const
      const refused = await storage.write('facts', half).then(
        () => 'taken',
        () => 'refused',
      )
      const before = await storage.all('facts')
      await new Promise((gone) => {
        indexedDB.deleteDatabase('parley/taken away').onsuccess = gone
      })
      await storage.write('facts', [['third', 3]])
      return { refused, before, after: await storage.all('facts') }
    })
    expect(left).toEqual({ refused: 'refused', before: [['first', 1]], after: [['third', 3]] })
  })

  test('a network that goes and comes is noticed at once, and what was said meanwhile is told', async () => {
    const own = await context()
    const page = await opens(await own.newPage(), 'network')
    await createRoom(page)
    await own.setOffline(true)
    await page.waitForFunction(() => here.client.state === 'offline')
    const other = await opens(await (await context()).newPage(), 'network')
    await says(other, ['while you were away'])
    await waits(other, 'nothing pending')
    await own.setOffline(false)
    await page.waitForFunction(() => here.heard.length === 1)
    expect(await page.evaluate(() => here.heard)).toEqual(['while you were away'])
    await waits(page, 'ready')
  })
})

// What follows runs in the page.

async function begin({ tenant_id, token }: { tenant_id: string; token: boolean }) {
  const address = '/client/client.ts'
  const sdk = (await import(address)) as typeof import('../../src/client/client.ts')
  const ask = async () => {
    const answer = await fetch(`/dev/token?user_id=ada&tenant_id=${tenant_id}`)
    return ((await answer.json()) as { token: string }).token
  }
  const never = () => new Promise<string>(() => {})
  const storage = sdk.browserStorage(`${tenant_id}/ada`)
  const client = sdk.parley(location.origin, { token: token ? ask : never, storage })
  const heard: string[] = JSON.parse(sessionStorage.getItem('heard') ?? '[]')
  client.on('message_new', ({ message }) => {
    heard.push(message.content?.text ?? '')
    sessionStorage.setItem('heard', JSON.stringify(heard))
  })
  Object.assign(globalThis, { here: { client, heard } })
  while (client.state === 'idle') await new Promise(requestAnimationFrame)
}
