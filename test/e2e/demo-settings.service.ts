/** The demo page where the service, or the browser, is not as it comes. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import type { Browser } from 'playwright-core'
import { describeInChromium, openChromium } from '../support/chromium.ts'
import { begin, faultless, heard, open, type Person, person, say, ticked } from '../support/person.ts'
import { type Shipped, shipped } from '../support/shipped.ts'

const SECRET = 'a secret that is long enough for production'

const tokenOf = (user: string, expires: string | number) =>
  new SignJWT({ tenant_id: 'acme' })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(user)
    .setIssuedAt()
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(SECRET))

describeInChromium('the demo page, elsewhere', () => {
  let browser: Browser
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-demo-'))
    browser = await openChromium()
  })

  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })

  let services = 0
  const start = (env: Record<string, string>) => shipped({ DATA_DIR: join(folder, String(++services)), ...env })

  const arrives = async ({ url }: Shipped, user: string): Promise<Person> => {
    const one = await person(browser, `${url}/?user=${user}&tenant=acme`)
    await one.page.waitForSelector('html[data-connection=ready]')
    return one
  }

  async function talk(ada: Person, bea: Person) {
    await begin(ada, 'Person', { user: 'bea' })
    await say(ada, 'Can you hear me?')
    await open(bea, 'ada')
    await say(bea, 'Loud and clear')
    await heard(ada, 'Loud and clear')
    await ticked(ada, 'Can you hear me?', 'read')
  }

  test('where the service speaks msgpack, so does the page', async () => {
    await using service = await start({ SOCKET_PARSER: 'msgpack' })
    await using ada = await arrives(service, 'ada')
    await using bea = await arrives(service, 'bea')
    await talk(ada, bea)
    faultless(ada, bea)
  })

  test('where no WebSocket comes through, the page talks by polling', async () => {
    await using service = await start({})
    const url = `${service.url}/?tenant=acme&user=`
    await using ada = await person(browser, `${url}ada`, {}, cutWebSockets)
    await using bea = await person(browser, `${url}bea`, {}, cutWebSockets)
    const polled = ada.page.waitForRequest((request) => request.url().includes('transport=polling'))
    await talk(ada, bea)
    await polled
    faultless(ada, bea)
  })

  test('in production one comes in with a token, and is told when it is no good', async () => {
    await using service = await start({ NODE_ENV: 'production', JWT_SECRET: SECRET })
    await using ada = await person(browser, service.url)
    const { page } = ada
    expect(await page.locator('#sign-in [name=user]').isHidden()).toBe(true)
    await page.fill('#sign-in [name=token]', 'not a token')
    await page.click('#sign-in [type=submit]')
    await page.locator('#sign-in-refused', { hasText: 'three parts' }).waitFor()
    await page.fill('#sign-in [name=token]', await tokenOf('ada', 1))
    await page.click('#sign-in [type=submit]')
    await page.locator('#sign-in-refused', { hasText: 'has run out' }).waitFor()
    await page.fill('#sign-in [name=token]', await tokenOf('ada', '1h'))
    await page.click('#sign-in [type=submit]')
    await page.locator('#me', { hasText: 'ada' }).waitFor()
    await page.waitForSelector('html[data-connection=ready]')
    await page.reload()
    await page.waitForSelector('html[data-connection=ready]')
    faultless(ada)
  })
})

/** As a proxy would that knows nothing of them. */
function cutWebSockets() {
  class Cut {
    onerror?: (event: Event) => void
    constructor() {
      setTimeout(() => this.onerror?.(new Event('error')))
    }
    close() {}
  }
  Object.assign(globalThis, { WebSocket: Cut })
}
