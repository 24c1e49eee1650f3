/** The demo page, and what was said before one came. */
import { expect, test } from 'bun:test'
import { describeInChromium } from '../support/chromium.ts'
import { faultless, heard, open, scrollToTop, words } from '../support/person.ts'
import { stage } from '../support/stage.ts'

/** One pixel, as PNG. */
const DOT = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='

describeInChromium('the demo page, later', () => {
  const { tenant, arrives, signedIn } = stage()

  /** Ada has made a room with Bea in it, and said all this there. */
  async function said(tenant_id: string, name: string, messages: readonly object[]) {
    const socket = await signedIn('ada', tenant_id)
    const ask = (action: string, data: object) => socket.timeout(10_000).emitWithAck(action, data)
    const made = await ask('room:create', { kind: 'group', name, members: ['bea'] })
    const { room_id } = made.payload.data.room
    for (const one of messages) await ask('message:send', { room_id, ...one })
    socket.disconnect()
  }

  test('what was said long ago is fetched as one scrolls up, and what one looks at stays in its place', async () => {
    const tenant_id = tenant()
    const texts = Array.from({ length: 120 }, (_, n) => `no. ${n + 1} of many`)
    await said(
      tenant_id,
      'History',
      texts.map((text) => ({ content: { text } })),
    )

    await using bea = await arrives('bea', tenant_id)
    await open(bea, 'History')
    await heard(bea, 'no. 120 of many')
    const first = (await words(bea)).length
    expect(first).toBeLessThan(120)
    const { before, after } = await bea.page.evaluate(scrollToTop)
    expect(Math.abs(after - before)).toBeLessThan(2)
    while ((await words(bea)).length < 120) {
      const { length } = await words(bea)
      await bea.page.locator('.scroll').evaluate((scroll) => scroll.scrollTo(0, 0))
      await bea.page.waitForFunction((n) => document.querySelectorAll('.message').length > n, length)
    }
    expect(await words(bea)).toEqual(texts)
    await bea.page.locator('.early', { hasText: 'This is where it began.' }).waitFor()
    faultless(bea)
  })

  test('a room that is full of pictures opens', async () => {
    const tenant_id = tenant()
    const picture = { content: { type: 'image', data: Buffer.from(DOT, 'base64') }, metadata: { mime: 'image/png' } }
    await said(tenant_id, 'Gallery', Array(15).fill(picture))

    await using bea = await arrives('bea', tenant_id)
    await open(bea, 'Gallery')
    await bea.page.locator('.picture img').nth(14).waitFor()
    faultless(bea)
  })
})
