import { describe, expect, test } from 'bun:test'
import type { Connected, Present, Roster } from '../../src/ports/roster.ts'

const present = (connection_id: string, more: Partial<Present> = {}): Present => ({
  connection_id,
  server_id: 'server',
  device_id: 'phone',
  session_id: 'session',
  platform: undefined,
  transport: 'websocket',
  address: '127.0.0.1',
  since: 1_000,
  active_at: 1_000,
  idle: false,
  quality: undefined,
  rtt_ms: undefined,
  ...more,
})

/** In an order of their own. */
const ids = (connections: readonly Present[] | undefined) =>
  connections?.map(({ connection_id }) => connection_id).toSorted()

const names = (users: readonly Connected[]) => users.map(({ user_id }) => user_id)

/** What every `Roster` must do, whatever is behind it. */
export function rosterContract(name: string, make: () => Promise<Roster>) {
  describe(`${name} roster`, () => {
    test('knows who is connected, and with what', async () => {
      const roster = await make()
      const whole = present('c1', { device_id: undefined, platform: 'web', quality: 'fair', rtt_ms: 12 })
      expect(await roster.enter('acme', 'ada', whole)).toEqual([whole])
      expect(ids(await roster.enter('acme', 'ada', present('c2')))).toEqual(['c1', 'c2'])
      const [ada] = await roster.of('acme', ['ada'])
      expect(ada).toContainEqual(whole)
      expect(ids(ada)).toEqual(['c1', 'c2'])
    })

    test('has a connection once, as it entered last', async () => {
      const roster = await make()
      await roster.enter('acme', 'ada', present('c1', { idle: true, rtt_ms: 5 }))
      const again = present('c1', { transport: 'polling' })
      expect(await roster.enter('acme', 'ada', again)).toEqual([again])
      expect(await roster.of('acme', ['ada'])).toEqual([[again]])
    })

    test('says what is left of a user when a connection leaves', async () => {
      const roster = await make()
      for (const id of ['c1', 'c2', 'c3']) await roster.enter('acme', 'ada', present(id))
      const { left, others } = await roster.leave('acme', 'ada', 'c2')
      expect([left, ids(others)]).toEqual([true, ['c1', 'c3']])
      await roster.leave('acme', 'ada', 'c1')
      expect(await roster.leave('acme', 'ada', 'c3')).toEqual({ left: true, others: [] })
      expect(await roster.of('acme', ['ada'])).toEqual([[]])
    })

    test('says to one only that a connection left, however often it is said', async () => {
      const roster = await make()
      await roster.enter('acme', 'ada', present('c1'))
      await roster.enter('acme', 'ada', present('c2'))
      const answers = await Promise.all([1, 2, 3].map(() => roster.leave('acme', 'ada', 'c1')))
      expect(answers.map(({ left }) => left).toSorted()).toEqual([false, false, true])
      expect(answers.map(({ others }) => ids(others))).toEqual([['c2'], ['c2'], ['c2']])
      expect(await roster.leave('acme', 'nobody', 'c1')).toEqual({ left: false, others: [] })
      expect(await roster.leave('nowhere', 'ada', 'c2')).toEqual({ left: false, others: [] })
      expect(ids((await roster.of('acme', ['ada']))[0])).toEqual(['c2'])
    })

    test('notes what changes of a connection, and of nothing else', async () => {
      const roster = await make()
      await roster.enter('acme', 'ada', present('c1', { rtt_ms: 7 }))
      await roster.enter('acme', 'ada', present('c2'))
      const noted = await roster.note('acme', 'ada', 'c1', { idle: true, active_at: 9, quality: 'poor' })
      expect(noted).toContainEqual(present('c1', { idle: true, active_at: 9, quality: 'poor', rtt_ms: 7 }))
      expect(noted).toContainEqual(present('c2'))
      const again = await roster.note('acme', 'ada', 'c1', { transport: 'polling', idle: false })
      expect(again).toContainEqual(present('c1', { transport: 'polling', active_at: 9, quality: 'poor', rtt_ms: 7 }))
      expect(await roster.of('acme', ['ada'])).toEqual([again])
    })

    test('notes nothing of a connection that is not there, nor brings it back', async () => {
      const roster = await make()
      expect(await roster.note('acme', 'ada', 'c1', { idle: true })).toEqual([])
      await roster.enter('acme', 'ada', present('c1'))
      await roster.enter('acme', 'ada', present('c2'))
      await roster.leave('acme', 'ada', 'c1')
      expect(await roster.note('acme', 'ada', 'c1', { idle: true })).toEqual([present('c2')])
      expect(names(await roster.users('acme', undefined, 10))).toEqual(['ada'])
    })

    test('answers for many users at once, in their order', async () => {
      const roster = await make()
      const users = Array.from({ length: 3_000 }, (_, n) => `user-${n}`)
      for (const user_id of users.filter((_, n) => n % 3 === 0))
        await roster.enter('acme', user_id, present(`of ${user_id}`))
      const found = await roster.of('acme', [...users, 'user-0', '__proto__', 'constructor'])
      expect(found.slice(0, 3_000).map(ids)).toEqual(users.map((one, n) => (n % 3 === 0 ? [`of ${one}`] : [])))
      expect(found.slice(3_000).map(ids)).toEqual([['of user-0'], [], []])
      expect(await roster.of('acme', [])).toEqual([])
    })

    test('lists who is connected by user id, page by page, each with what they have', async () => {
      const roster = await make()
      // as bytes the last two are the other way round than as JavaScript compares them
      const users = ['Z', '__proto__', 'a', 'b', 'b/c', 'é', '\uFF5E', '🙂']
      for (const user_id of users.toReversed()) await roster.enter('acme', user_id, present(`of ${user_id}`))
      await roster.enter('acme', 'gone', present('gone'))
      await roster.leave('acme', 'gone', 'gone')
      const page = async (after?: string) => names(await roster.users('acme', after, 4))
      expect(await page()).toEqual(users.slice(0, 4))
      expect(await page('b')).toEqual(users.slice(4))
      expect(await page('bb')).toEqual(users.slice(5))
      expect(await page('🙂')).toEqual([])
      expect(await roster.users('acme', 'a', 1)).toEqual([{ user_id: 'b', connections: [present('of b')] }])
    })

    test('keeps tenants apart', async () => {
      const roster = await make()
      await roster.enter('acme', 'ada', present('c1'))
      expect(await roster.enter('other', 'ada', present('c1', { idle: true }))).toEqual([present('c1', { idle: true })])
      expect(await roster.leave('other', 'ada', 'c1')).toEqual({ left: true, others: [] })
      expect(await roster.of('acme', ['ada'])).toEqual([[present('c1')]])
      expect(await roster.users('other', undefined, 10)).toEqual([])
      expect(await roster.users('never', undefined, 10)).toEqual([])
    })

    test('hands out what it has, not its own list', async () => {
      const roster = await make()
      const first = await roster.enter('acme', 'ada', present('c1'))
      await roster.enter('acme', 'ada', present('c2'))
      expect(ids(first)).toEqual(['c1'])
    })
  })
}
