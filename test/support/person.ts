/** Someone in front of the demo page: what they do, what they see, and what the browser complains of. */
import { expect } from 'bun:test'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'

/** What a browser says of itself when a network goes away: no fault of the page's. */
const NETWORK = /net::ERR_|WebSocket connection to .* failed/

const PATIENCE_MS = 60_000

export interface Person extends AsyncDisposable {
  readonly name: string
  readonly page: Page
  /** Faults of the page, as the browser reports them. */
  readonly faults: string[]
}

/** `before` runs in the page ahead of all that the page brings. */
export async function person(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
  before?: () => void,
): Promise<Person> {
  const context = await browser.newContext({ viewport: { width: 1024, height: 720 }, ...options })
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    const isFault = ['error', 'warning'].includes(message.type()) && !NETWORK.test(message.text())
    if (isFault) faults.push(message.text())
  })
  await page.addInitScript(rememberPictures)
  if (before) await page.addInitScript(before)
  await page.goto(address)
  const name = new URL(address).searchParams.get('user') ?? ''
  return { name, page, faults, [Symbol.asyncDispose]: () => context.close() }
}

/** The bytes of every picture that the page showed, in the order shown. */
function rememberPictures() {
  const shown: Blob[] = []
  const create = URL.createObjectURL
  Object.assign(globalThis, { shownPictures: shown })
  URL.createObjectURL = (blob: Blob) => {
    shown.push(blob)
    return create(blob)
  }
}

export const lastPicture = ({ page }: Person): Promise<number[]> =>
  page.evaluate(async () => {
    const { shownPictures } = globalThis as unknown as { shownPictures: Blob[] }
    const bytes = await shownPictures.at(-1)?.arrayBuffer()
    return [...new Uint8Array(bytes ?? new ArrayBuffer(0))]
  })

export async function begin({ page }: Person, kind: 'Person' | 'Group' | 'Channel', fields: Record<string, string>) {
  await page.click('#new-room')
  await page.click(`.tabs label:has-text("${kind}")`)
  for (const [name, value] of Object.entries(fields)) {
    const field = page.locator(`#dialog [name=${name}]`)
    if (name === 'visibility') await field.and(page.locator(`[value=${value}]`)).check()
    else await field.fill(value)
  }
  await page.click('#dialog [type=submit]')
  await page.waitForSelector('.composer')
}

export const open = ({ page }: Person, title: string): Promise<void> => page.click(`.room:has-text("${title}")`)

export async function say({ page }: Person, text: string) {
  await page.fill('.composer textarea', text)
  await page.click('.composer [type=submit]')
}

export const message = ({ page }: Person, text: string): Locator => page.locator('.message', { hasText: text })

export const heard = (who: Person, text: string): Promise<void> => message(who, text).waitFor()

export const ticked = (who: Person, text: string, state: string): Promise<void> =>
  message(who, text).locator(`.tick[data-state=${state}]`).waitFor()

export async function choose(who: Person, text: string, item: string) {
  await message(who, text).hover()
  await message(who, text).locator('.more').click()
  await who.page.locator('#menu').getByRole('menuitem', { name: item }).click()
}

/** What the conversation says, from the top: the words alone. */
export const words = ({ page }: Person): Promise<string[]> =>
  page.locator('.message .text').evaluateAll((all) => all.map((one) => one.firstChild?.textContent ?? ''))

export function faultless(...people: Person[]) {
  for (const { name, faults } of people) expect(faults, `the browser of ${name}`).toEqual([])
}

// What follows runs in the page.

/** Too large to be sent as it is, and nothing that compresses well. */
export async function noisyPicture(): Promise<string> {
  const canvas = Object.assign(document.createElement('canvas'), { width: 900, height: 600 })
  const brush = canvas.getContext('2d') as CanvasRenderingContext2D
  const picture = brush.createImageData(canvas.width, canvas.height)
  crypto.getRandomValues(picture.data.subarray(0, 65_536))
  for (let at = 65_536; at < picture.data.length; at += 65_536) picture.data.copyWithin(at, 0, 65_536)
  for (let at = 3; at < picture.data.length; at += 4) picture.data[at] = 255
  brush.putImageData(picture, 0, 0)
  return canvas.toDataURL('image/png').split(',')[1] as string
}

/** Where on the screen the topmost message is, before and after older ones have come above it. */
export async function scrollToTop() {
  const scroll = document.querySelector('.scroll') as HTMLElement
  const { length } = document.querySelectorAll('.message')
  scroll.scrollTop = 10
  const top = [...document.querySelectorAll('.message')].find(
    (one) => one.getBoundingClientRect().bottom > scroll.getBoundingClientRect().top,
  ) as Element
  const before = top.getBoundingClientRect().top
  while (document.querySelectorAll('.message').length === length) await new Promise(requestAnimationFrame)
  return { before, after: top.getBoundingClientRect().top }
}

/** What a screen reader would have no word for, and ids that are there twice. */
export function unnamedControls(): string[] {
  const nameOf = (one: Element) =>
    one.getAttribute('aria-label') || one.textContent?.trim() || (one as HTMLInputElement).labels?.length || ''
  const controls = [...document.querySelectorAll('button, a[href], input, textarea, [role=img]')]
  const images = [...document.images].filter((image) => !image.hasAttribute('alt'))
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
  const twice = ids.filter((id, at) => ids.indexOf(id) !== at)
  return [...controls.filter((one) => !nameOf(one)), ...images].map((one) => one.outerHTML).concat(twice)
}
