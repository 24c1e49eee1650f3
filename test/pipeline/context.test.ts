import { describe, expect, test } from 'bun:test'
import { testService } from '../support/service.ts'

const room_id = 'lobby'
const hi = { room_id, content: { text: 'hi' } }

/** A room of which all is known here, and how often the store is asked about it. */
async function lobby({ hints = true } = {}) {
  const service = testService()
  if (!hints) service.log.follow = async () => () => {}
  await service.room(room_id, ['ada', 'bob'])
  const [ada, bob] = [service.user('ada'), service.user('bob')]
  for (const one of [ada, bob]) await one.send('message:send', hi)
  let asked = 0
  const { member } = service.store
  service.store.member = (...of) => {
    asked++
    return member(...of)
  }
  return { service, ada, bob, asked: () => asked }
}

describe('what a command looks at', () => {
  test('is asked of the store once, and kept until the room changes', async () => {
    const { ada, bob, asked } = await lobby()
    for (let n = 0; n < 5; n++) await ada.send('message:send', hi)
    expect(asked()).toBe(0)
    await ada.send('room:update', { room_id, name: 'Lobby' })
    await bob.send('message:send', hi)
    await bob.send('message:send', hi)
    expect(asked()).toBe(1)
  })

  test('is kept through receipts and reactions, which change nobody’s standing', async () => {
    const { ada, bob, asked } = await lobby()
    await bob.send('message:delivered', { room_id, seq: 3 })
    const before = asked()
    await ada.send('message:send', hi)
    await bob.send('message:send', hi)
    expect(asked()).toBe(before)
  })

  test('does not stand against the log, also where the hint of a change was lost', async () => {
    const { service, ada, bob } = await lobby({ hints: false })
    await ada.send('room:kick', { room_id, user_id: 'bob' })
    expect(await bob.refused('message:send', hi)).toBe('forbidden')
    expect(await bob.refused('message:history', { room_id })).toBe('forbidden')
    expect(await ada.refused('message:send', hi)).toBe('not refused')
    expect(service.reported).toEqual([])
  })
})
