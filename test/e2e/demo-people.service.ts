/** The demo page, and who is at it: how they are, and that they write. */
import { expect, test } from 'bun:test'
import { describeInChromium } from '../support/chromium.ts'
import { faultless, heard, type Person, say, unnamedControls } from '../support/person.ts'
import { stage } from '../support/stage.ts'

const subtitle = ({ page }: Person, words: string) =>
  page.locator('#conversation .bar small', { hasText: words }).waitFor()

async function chooses({ page }: Person, status: string) {
  await page.click('.own')
  await page.locator('#menu').getByRole('menuitemradio', { name: status }).click()
}

describeInChromium('the demo page, and people', () => {
  const { twoTalk } = stage()

  test('each sees how the other is, as they choose to be seen, and that they went', async () => {
    const [ada, bea] = await twoTalk()
    await using _ada = ada
    await subtitle(ada, 'Online')
    await ada.page.waitForSelector('.room .avatar[data-status=online]')
    await chooses(bea, 'Do not disturb')
    await subtitle(ada, 'Do not disturb')
    await bea.page.waitForSelector('.own .avatar[data-status=dnd]')
    await chooses(bea, 'Invisible')
    await ada.page.waitForSelector('.room .avatar[data-status=offline]')
    await chooses(bea, 'Online')
    await subtitle(ada, 'Online')
    expect(await bea.page.evaluate(unnamedControls)).toEqual([])
    await bea.page.click('#sign-out')
    await subtitle(ada, 'Last here')
    faultless(ada, bea)
    await bea[Symbol.asyncDispose]()
  })

  test('that someone is writing is seen, until they have written', async () => {
    const [ada, bea] = await twoTalk()
    await using _ada = ada
    await using _bea = bea
    await bea.page.locator('.composer textarea').pressSequentially('Hel')
    await subtitle(ada, 'bea is typing…')
    await say(bea, 'Hello')
    await heard(ada, 'Hello')
    await subtitle(ada, 'Online')
    await bea.page.locator('.composer textarea').pressSequentially('B')
    await subtitle(ada, 'bea is typing…')
    await bea.page.locator('.composer textarea').press('Backspace')
    await subtitle(ada, 'Online')
    faultless(ada, bea)
  })
})
