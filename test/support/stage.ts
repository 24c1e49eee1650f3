/** A service and a browser for the tests of one file, and people who come to the demo page. */
import { afterAll, beforeAll } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions } from 'playwright-core'
import { io, type Socket } from 'socket.io-client'
import { openChromium } from './chromium.ts'
import { begin, open, type Person, person } from './person.ts'
import { type Shipped, shipped } from './shipped.ts'

export function stage() {
  let browser: Browser
  let folder: string
  let service: Shipped
  let tenants = 0

  const start = (port = 0) => shipped({ DATA_DIR: folder, SOCKET_PORT: String(port), RATE_LIMITS: 'off' })

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-demo-'))
    ;[browser, service] = await Promise.all([openChromium(), start()])
  })

  afterAll(async () => {
    await browser?.close()
    await service?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const tenant = () => `demo-${++tenants}`

  async function arrives(user: string, tenant_id: string, options?: BrowserContextOptions): Promise<Person> {
    const query = new URLSearchParams({ user, tenant: tenant_id })
    const one = await person(browser, `${service.url}/?${query}`, options)
    await one.page.waitForSelector('html[data-connection=ready]')
    return one
  }

  return {
    tenant,
    arrives,
    /** Someone who has not said yet who they are. */
    stranger: () => person(browser, service.url),

    /** Ada has begun to talk with Bea, and both look at it. */
    async twoTalk(tenant_id = tenant()): Promise<[Person, Person]> {
      const [ada, bea] = await Promise.all([arrives('ada', tenant_id), arrives('bea', tenant_id)])
      await begin(ada, 'Person', { user: 'bea' })
      await open(bea, 'ada')
      await bea.page.waitForSelector('.composer')
      return [ada, bea]
    },

    /** Someone without a page. */
    async signedIn(user: string, tenant_id: string): Promise<Socket> {
      const query = new URLSearchParams({ user_id: user, tenant_id })
      const { token } = (await (await fetch(`${service.url}/dev/token?${query}`)).json()) as { token: string }
      const socket = io(service.url, { auth: { token }, transports: ['websocket'], forceNew: true })
      await new Promise((done) => socket.once('state_sync', done))
      return socket
    },

    kill: () => service.kill(),
    /** On the same port, with the same data. */
    async startAgain() {
      service = await start(service.port)
    },
  }
}
