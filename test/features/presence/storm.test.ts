import { describe, expect, test } from 'bun:test'
import { GRACE, people, room_id, tenant } from './people.ts'

/** Over which clients spread their coming back. */
const SPREAD_MS = 2_000
const TOLD = ['user_presence', 'presence_summary']

/** So many users in one room, each of whom watches it. */
async function crowd(count: number) {
  const users = people(count)
  const here = await tenant(users.slice(0, 500))
  const { service, arrives } = here

  async function come(spread: number) {
    const all = []
    for (const user_id of users) {
      const user = await arrives(user_id)
      await user.send('presence:subscribe', { room_id })
      await service.pass(spread / count)
      all.push(user)
    }
    return all
  }

  return { ...here, users, come, deliveries: () => TOLD.reduce((sum, name) => sum + service.watched(name), 0) }
}

const everyone = async (all: { leave(how: 'dropped'): Promise<void> }[]) => {
  for (const one of all) await one.leave('dropped')
}

describe('all users of a room that each of them watches', () => {
  test.each([50, 100, 200, 400])('%i, dropped and back within 15 s, are no event at all', async (count) => {
    const { service, come, deliveries } = await crowd(count)
    const all = await come(0)
    await service.pass(5_000)
    const before = deliveries()
    await everyone(all)
    await service.pass(GRACE - SPREAD_MS - 1)
    await come(SPREAD_MS)
    await service.pass(GRACE * 2)
    expect(deliveries() - before).toBe(0)
  })

  /** In a second a watcher is told of 10 one by one, and once of all the others. */
  const A_WATCHER = (10 + 1) * (SPREAD_MS / 1_000 + 1)

  test.each([50, 100, 200, 400])('%i, back after that, cost each a bounded number of events', async (count) => {
    const { service, come, deliveries, users } = await crowd(count)
    const all = await come(0)
    await service.pass(5_000)
    await everyone(all)
    await service.pass(GRACE * 2)
    const before = deliveries()
    const back = await come(SPREAD_MS)
    await service.pass(5_000)
    expect(deliveries() - before).toBeGreaterThan(count)
    expect(deliveries() - before).toBeLessThanOrEqual(A_WATCHER * count)
    const { presences, summary } = (await back[0]?.send('presence:subscribe', { room_id })) ?? {}
    expect(summary?.counts.online ?? presences.length).toBe(users.length)
  })

  test('cost no more where the service itself began anew', async () => {
    const { service, come, deliveries } = await crowd(100)
    await come(SPREAD_MS)
    await service.pass(5_000)
    expect(deliveries()).toBeLessThanOrEqual(A_WATCHER * 100)
  })

  test('who sign out at once cost those who stay a bounded number of events', async () => {
    const { service, come, deliveries } = await crowd(100)
    const all = await come(0)
    await service.pass(5_000)
    const before = deliveries()
    for (const one of all.slice(0, 50)) await one.leave('signed out')
    await service.pass(5_000)
    expect(deliveries() - before).toBeLessThanOrEqual(11 * 50)
    expect(service.told('presence_summary').at(-1)?.counts).toEqual({ online: 50, away: 0, dnd: 0, offline: 50 })
  })

  test('are looked at together: the store is asked once for all of them', async () => {
    const { service, arrives, watches, users } = await crowd(200)
    await watches(users[0] as string)
    await service.pass(5_000)
    let asked = 0
    const { presences } = service.store
    service.store.presences = (...all) => {
      asked++
      return presences(...all)
    }
    for (const user_id of users) await arrives(user_id)
    await service.pass(5_000)
    expect(asked).toBe(1)
    expect(service.told('presence_summary').at(-1)?.counts).toEqual({ online: 200, away: 0, dnd: 0, offline: 0 })
  })
})
