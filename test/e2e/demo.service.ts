/** Two people in two browsers, on the demo page, with the service as it is shipped. */
import { expect, test } from 'bun:test'
import { describeInChromium } from '../support/chromium.ts'
import {
  begin,
  choose,
  faultless,
  heard,
  lastPicture,
  message,
  noisyPicture,
  open,
  say,
  ticked,
  unnamedControls,
  words,
} from '../support/person.ts'
import { stage } from '../support/stage.ts'

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }

describeInChromium('the demo page', () => {
  const { tenant, arrives, stranger, twoTalk, kill, startAgain } = stage()

  test('two people pick their names, find each other, and talk', async () => {
    const tenant_id = tenant()
    await using ada = await stranger()
    await ada.page.fill('#sign-in [name=user]', 'ada')
    await ada.page.fill('#sign-in [name=tenant]', tenant_id)
    await ada.page.click('#sign-in [type=submit]')
    await ada.page.waitForSelector('#no-rooms h2')
    await using bea = await arrives('bea', tenant_id)

    await begin(ada, 'Person', { user: 'bea' })
    await say(ada, 'Hello <b>Bea</b> & welcome')
    await open(bea, 'ada')
    await heard(bea, 'Hello <b>Bea</b> & welcome')
    await say(bea, 'Hello Ada')
    await heard(ada, 'Hello Ada')
    expect(await words(ada)).toEqual(['Hello <b>Bea</b> & welcome', 'Hello Ada'])
    expect(await words(bea)).toEqual(await words(ada))
    faultless(ada, bea)
  })

  test('a message shows that it was sent, delivered and read, each when it is so', async () => {
    const tenant_id = tenant()
    await using ada = await arrives('ada', tenant_id)
    await begin(ada, 'Person', { user: 'bea' })
    await say(ada, 'Are you there?')
    await ticked(ada, 'Are you there?', 'sent')
    await using bea = await arrives('bea', tenant_id)
    await bea.page.waitForSelector('.room .badge')
    expect(await bea.page.title()).toBe('(1) Parley')
    await ticked(ada, 'Are you there?', 'delivered')
    await open(bea, 'ada')
    await ticked(ada, 'Are you there?', 'read')
    await bea.page.waitForFunction(() => document.title === 'Parley')
    faultless(ada, bea)
  })

  test('a message is edited, answered, reacted to and deleted, for both', async () => {
    const [ada, bea] = await twoTalk()
    await using _ada = ada
    await using _bea = bea
    await say(ada, 'See you at noon')
    await heard(bea, 'See you at noon')

    await choose(ada, 'See you at noon', 'Edit')
    await say(ada, 'See you at one')
    await message(bea, 'See you at one').locator('.meta', { hasText: 'edited' }).waitFor()

    await choose(bea, 'See you at one', 'React with 👍')
    await message(ada, 'See you at one').locator('.reaction', { hasText: '1' }).click()
    await message(bea, 'See you at one').locator('.reaction', { hasText: '2' }).waitFor()
    await message(ada, 'See you at one').locator('.reaction[aria-pressed=true]').click()
    await message(bea, 'See you at one').locator('.reaction', { hasText: '1' }).waitFor()

    await choose(bea, 'See you at one', 'Reply')
    await say(bea, 'Fine with me')
    await message(ada, 'Fine with me').locator('.quote', { hasText: 'See you at one' }).waitFor()

    await choose(bea, 'Fine with me', 'Delete')
    await ada.page.locator('.message.deleted').waitFor()
    expect(await words(ada)).toEqual(['See you at one', 'Message deleted'])
    expect(await words(bea)).toEqual(await words(ada))
    faultless(ada, bea)
  })

  test('a picture is made small, and arrives byte for byte', async () => {
    const [ada, bea] = await twoTalk()
    await using _ada = ada
    await using _bea = bea
    const buffer = Buffer.from(await ada.page.evaluate(noisyPicture), 'base64')
    expect(buffer.length).toBeGreaterThan(200_000)
    await ada.page.setInputFiles('.composer input[type=file]', { name: 'noise.png', mimeType: 'image/png', buffer })
    await ada.page.waitForSelector('.above img')
    const sent = await lastPicture(ada)
    await say(ada, 'Look at this')

    const image = message(bea, 'Look at this').locator('img')
    await image.waitFor()
    await bea.page.waitForFunction(() => document.querySelector<HTMLImageElement>('.picture img')?.naturalWidth)
    expect(await lastPicture(bea)).toEqual(sent)
    expect(sent.length).toBeWithin(1_000, 100_001)
    await bea.page.reload()
    await message(bea, 'Look at this').locator('img').waitFor()
    expect(await lastPicture(bea)).toEqual(sent)
    faultless(ada, bea)
  })

  test('who loses the network misses nothing, and what was written meanwhile goes out once', async () => {
    const [ada, bea] = await twoTalk()
    await using _ada = ada
    await using _bea = bea
    await say(ada, 'before')
    await heard(bea, 'before')
    await bea.page.context().setOffline(true)
    await bea.page.waitForSelector('#banner:not([hidden])')
    const meanwhile = Array.from({ length: 12 }, (_, n) => `while away, no. ${n + 1}.`)
    for (const text of meanwhile) {
      await say(ada, text)
      await ticked(ada, text, 'sent')
    }
    await say(bea, 'from afar')
    await ticked(bea, 'from afar', 'waiting')
    await bea.page.context().setOffline(false)

    await ticked(ada, 'before', 'read')
    await heard(ada, 'from afar')
    await heard(bea, meanwhile.at(-1) as string)
    await ticked(bea, 'from afar', 'read')
    expect(await words(bea)).toEqual(['before', ...meanwhile, 'from afar'])
    expect(await words(ada)).toEqual(await words(bea))
    expect(await bea.page.locator('#banner').isHidden()).toBe(true)
    faultless(ada, bea)
  })

  test('the service is killed and started again, and both go on by themselves', async () => {
    const [ada, bea] = await twoTalk()
    await using _ada = ada
    await using _bea = bea
    await say(ada, 'before')
    await heard(bea, 'before')
    await kill()
    await ada.page.waitForSelector('#banner:not([hidden])')
    await say(ada, 'ada, into the dark')
    await say(bea, 'bea, into the dark')
    await ticked(ada, 'into the dark', 'waiting')
    await startAgain()

    await heard(ada, 'bea, into the dark')
    await heard(bea, 'ada, into the dark')
    await say(ada, 'and after')
    await ticked(ada, 'and after', 'read')
    const all = await words(ada)
    expect(all).toHaveLength(4)
    expect(all[0]).toBe('before')
    expect(all.slice(1, 3).sort()).toEqual(['ada, into the dark', 'bea, into the dark'])
    expect(all[3]).toBe('and after')
    expect(await words(bea)).toEqual(all)
    faultless(ada, bea)
  })

  test('what the service refuses for good says so, and is discarded', async () => {
    const [ada, bea] = await twoTalk()
    await using _ada = ada
    await using _bea = bea
    await say(ada, 'x'.repeat(70_000))
    await ticked(ada, 'xxx', 'failed')
    await say(ada, 'shorter')
    await heard(bea, 'shorter')
    await message(ada, 'xxx').locator('.more').click()
    await ada.page.locator('#menu').getByRole('menuitem', { name: 'Discard' }).click()
    await message(ada, 'xxx').waitFor({ state: 'detached' })
    expect(await words(ada)).toEqual(['shorter'])
    faultless(ada, bea)
  })

  test('a private group takes whom it invites, an open one who comes, and a channel has readers', async () => {
    const tenant_id = tenant()
    await using ada = await arrives('ada', tenant_id)
    await using bea = await arrives('bea', tenant_id)
    await begin(ada, 'Group', { name: 'Secret garden', visibility: 'private' })
    await ada.page.click('[aria-label="About this conversation"]')
    await ada.page.fill('#dialog [name=user]', 'bea')
    await ada.page.click('#dialog button:has-text("Invite")')
    await bea.page.locator('.invitation', { hasText: 'Secret garden' }).getByRole('button', { name: 'Join' }).click()
    await say(bea, 'What a garden')
    await ada.page.keyboard.press('Escape')
    await heard(ada, 'What a garden')

    await begin(ada, 'Channel', { name: 'Bulletin' })
    await say(ada, 'The news')
    await bea.page.click('#new-room')
    await bea.page.locator('.open-rooms li', { hasText: 'Bulletin' }).getByRole('button', { name: 'Join' }).click()
    await heard(bea, 'The news')
    await bea.page.locator('.silent').waitFor()
    expect(await bea.page.locator('.composer').isHidden()).toBe(true)
    faultless(ada, bea)
  })

  test('on a small phone one pane shows at a time, nothing runs over the edge, and each control has a name', async () => {
    const tenant_id = tenant()
    await using ada = await arrives('ada', tenant_id, { ...PHONE, colorScheme: 'dark' })
    expect(await ada.page.evaluate(unnamedControls)).toEqual([])
    await begin(ada, 'Person', { user: 'someone-with-a-rather-long-name-that-goes-on-and-on' })
    await say(ada, `a-word-without-an-end-${'x'.repeat(300)}`)
    await ticked(ada, 'a-word', 'sent')
    expect(await ada.page.locator('#rooms').isVisible()).toBe(false)
    expect(await ada.page.evaluate(unnamedControls)).toEqual([])
    expect(await ada.page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
    await ada.page.click('.back')
    expect(await ada.page.locator('#rooms').isVisible()).toBe(true)
    expect(await ada.page.locator('#conversation').isVisible()).toBe(false)
    faultless(ada)
  })

  test('all can be done from the keyboard', async () => {
    const [ada, bea] = await twoTalk()
    await using _ada = ada
    await using _bea = bea
    await ada.page.focus('.composer textarea')
    await ada.page.keyboard.type('first line')
    await ada.page.keyboard.press('Shift+Enter')
    await ada.page.keyboard.type('second line')
    await ada.page.keyboard.press('Enter')
    await heard(bea, 'second line')
    await ada.page.keyboard.press('ArrowUp')
    await ada.page.keyboard.type(', edited')
    await ada.page.keyboard.press('Enter')
    await heard(bea, 'second line, edited')
    await message(bea, 'second line').locator('.more').focus()
    await bea.page.keyboard.press('Enter')
    await bea.page.keyboard.press('ArrowRight')
    await bea.page.keyboard.press('Enter')
    await message(ada, 'second line').locator('.reaction', { hasText: '❤️' }).waitFor()
    expect(await words(bea)).toEqual(['first line\nsecond line, edited'])
    faultless(ada, bea)
  })
})
