import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { features } from '../../src/features/registry.ts'
import { pages } from '../../src/server/http/pages.ts'
import { door } from '../server/http/door.ts'
import { describeInChromium, openChromium } from '../support/chromium.ts'

const commands = features.flatMap(({ commands }) => Object.keys(commands))
const events: string[] = features.flatMap(({ events }) => events.map(({ name }) => name))

describeInChromium('/docs', () => {
  let browser: Browser
  let server: Bun.Server<undefined>
  let wrong: string[] = []

  beforeAll(async () => {
    const { app } = door({ pages: pages({ socketPath: '/socket.io/', parser: 'json', development: false }) })
    server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: (request) => app.fetch(request) })
    browser = await openChromium()
  })
  afterAll(async () => {
    await browser.close()
    await server.stop(true)
  })
  afterEach(() => {
    expect(wrong.splice(0)).toEqual([])
  })

  async function opened(hash = '', viewport = { width: 1280, height: 800 }): Promise<Page> {
    wrong = []
    const page = await browser.newPage({ viewport })
    page.on('pageerror', ({ message }) => wrong.push(message))
    page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()))
    await page.goto(`${server.url.href}docs${hash}`)
    await page.waitForSelector('.card', { state: 'attached' })
    return page
  }

  const shown = (page: Page, selector: string) =>
    page.locator(`${selector}:visible`).evaluateAll((found) => found.map(({ id }) => id))

  test('shows every command, every event and every address', async () => {
    const page = await opened()
    const ids = await shown(page, '.card')
    for (const name of commands) expect(ids).toContain(`command-${name}`)
    for (const name of events) expect(ids).toContain(`event-${name}`)
    expect(ids).toContain('route-post-socket-rooms-message')
    expect(ids).toContain('route-get-metrics')
    await page.close()
  })

  test('tells of a command who may, how often, what it takes and what it gives', async () => {
    const page = await opened('#command-message:send')
    const card = page.locator('[id="command-message:send"]')
    const text = (await card.allInnerTexts()).join().replace(/\s+/g, ' ')
    expect(text).toContain('How often 50 in 10 s')
    expect(text).toContain('Permission message:send')
    expect(text).toContain('recipients optional list of 1 to 100: Name')
    expect(text).toContain('durability log or wal')
    await page.close()
  })

  test('opens what a link names, and no link of it leads nowhere', async () => {
    const page = await opened('#route-post-socket-rooms')
    expect(await page.locator('.card[open]').evaluateAll((found) => found.map(({ id }) => id))).toEqual([
      'route-post-socket-rooms',
    ])
    const dangling = await page
      .locator('a[href^="#"]')
      .evaluateAll((links) =>
        links.map((link) => link.getAttribute('href') ?? '').filter((href) => !document.getElementById(href.slice(1))),
      )
    expect(dangling).toEqual([])
    await page.close()
  })

  test('leaves only what has the words that one looks for, and shows all again to who follows a link', async () => {
    const page = await opened()
    await page.keyboard.press('/')
    await page.keyboard.type('Reaction message_id')
    expect(await shown(page, '.card')).toEqual(['command-message:react', 'event-message_reaction'])
    await page.locator('#find').fill('no such thing')
    expect(await page.locator('#nothing').isVisible()).toBe(true)
    await page.locator('.part[href="#refusals"]').click()
    expect((await shown(page, '.card')).length).toBeGreaterThan(commands.length)
    await page.close()
  })

  test.each([
    [360, 640],
    [390, 844],
    [1440, 900],
  ])('fits a screen of %i by %i, with all of it open', async (width, height) => {
    const page = await opened('', { width, height })
    const wider = await page.evaluate(() => {
      for (const card of document.querySelectorAll('details')) card.open = true
      return document.documentElement.scrollWidth - innerWidth
    })
    expect(wider).toBeLessThanOrEqual(0)
    await page.close()
  })

  test('says so where the documents cannot be read', async () => {
    const page = await browser.newPage()
    await page.route('**/asyncapi.json', (route) => route.fulfill({ status: 503 }))
    await page.goto(`${server.url.href}docs`)
    expect(await page.getByRole('alert').textContent()).toContain('asyncapi.json could not be read (503)')
    await page.close()
  })
})
