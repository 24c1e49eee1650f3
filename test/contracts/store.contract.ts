import { describe, expect, test } from 'bun:test'
import { Buffer } from 'node:buffer'
import type { Change, HistoryWhere, Scheduled, Store } from '../../src/ports/store.ts'
import { commit, draft, pagesFor, say, seqs, state, textOf, type Under } from './world.ts'

const member = (room: string, user_id: string, more: Partial<Extract<Change, { do: 'set_member' }>> = {}): Change => ({
  do: 'set_member',
  room,
  user_id,
  role: 'member',
  joined_at: 1_000,
  ...more,
})

const setRoom = (room: string, more: Parameters<typeof state>[1] = {}): Change => ({
  do: 'set_room',
  room,
  state: state(room, more),
})

const texts = (messages: readonly { body: unknown }[]) => messages.map(textOf)

const userIds = async (store: Store, room: string, after?: string, limit = 100) =>
  (await store.members(room, after, limit)).map(({ user_id }) => user_id)

/** What every `Store` must do beside its log, whatever is behind it. */
export function storeContract(name: string, make: () => Promise<Under>) {
  describe(`${name} store: rooms`, () => {
    test('are as they were set, the last time', async () => {
      const { log, store } = await make()
      expect(await store.room('a')).toBeUndefined()
      const first = state('a', { metadata: { deep: [1, { two: null }] }, permissions: { 'message:send': 'admin' } })
      const changes = [{ do: 'set_room', room: 'a', state: first }] as const
      const { epoch } = (await commit(log, 'a', changes, { touches: ['room'] })).entry
      expect(await store.room('a')).toEqual({ ...first, member_count: 0, epoch, touched: 1 })
      const second = { ...first, name: 'Another', archived: true, retention_s: 60, version: 2 }
      await commit(log, 'a', [{ do: 'set_room', room: 'a', state: second }], { touches: ['room'] })
      expect(await store.room('a')).toEqual({ ...second, member_count: 0, epoch, touched: 2 })
    })

    test('know what touched them last, also long ago', async () => {
      const { log, store } = await make()
      await commit(log, 'a', [setRoom('a')], { touches: ['room'] })
      for (let n = 0; n < 5; n++) await say(log, 'a', `${n}`)
      expect(await store.room('a')).toMatchObject({ touched: 1 })
    })

    test('count their members', async () => {
      const { log, store } = await make()
      await commit(log, 'a', [setRoom('a'), member('a', 'ada'), member('a', 'bob'), member('a', 'ada')])
      expect((await store.room('a'))?.member_count).toBe(2)
      await store.apply([
        { do: 'drop_member', room: 'a', user_id: 'bob' },
        { do: 'drop_member', room: 'a', user_id: 'eve' },
      ])
      expect((await store.room('a'))?.member_count).toBe(1)
    })

    test('count those who were members before them', async () => {
      const { store } = await make()
      await store.apply([member('a', 'ada')])
      await store.apply([setRoom('a')])
      expect((await store.room('a'))?.member_count).toBe(1)
      expect(await store.roomsOf('acme', 'ada')).toHaveLength(1)
    })

    test('that were never made can be changed to no effect', async () => {
      const { store } = await make()
      await store.apply([])
      await store.apply([{ do: 'drop_room', room: 'a' }])
      await store.apply([{ do: 'drop_member', room: 'a', user_id: 'ada' }])
      await store.apply([{ do: 'receipt', room: 'a', user_id: 'ada', read_seq: 1 }])
      expect(await store.room('a')).toBeUndefined()
    })

    test('of a tenant come by their ids, page by page', async () => {
      const { store } = await make()
      const ids = ['b', 'a', 'c', 'Z', 'é', '🙂']
      await store.apply(ids.map((id) => setRoom(id)))
      await store.apply([setRoom('other', { tenant_id: 'other' })])
      const page = async (after?: string) => (await store.rooms('acme', after, 4)).map(({ room }) => room.room_id)
      expect(await page()).toEqual(['Z', 'a', 'b', 'c'])
      expect(await page('c')).toEqual(['é', '🙂'])
      expect(await page('🙂')).toEqual([])
    })

    test('of a user come with the membership and where the log ends', async () => {
      const { log, store, now, pass } = await make()
      await commit(log, 'a', [setRoom('a'), member('a', 'ada', { role: 'owner' }), member('a', 'bob')], {
        touches: ['room'],
      })
      await commit(log, 'b', [setRoom('b'), member('b', 'bob')])
      await pass(10)
      const { entry } = await say(log, 'a', 'one')
      const [joined, ...others] = await store.roomsOf('acme', 'ada')
      expect(others).toEqual([])
      expect(joined).toMatchObject({
        room: { room_id: 'a', member_count: 2, touched: 1 },
        epoch: entry.epoch,
        last_seq: 2,
      })
      expect(joined?.member).toMatchObject({ user_id: 'ada', role: 'owner', joined_seq: 1 })
      expect(joined?.updated_at).toBe(now())
      expect(await store.roomsOf('acme', 'bob')).toHaveLength(2)
      expect(await store.roomsOf('other', 'bob')).toEqual([])
    })

    test('in which nothing was said yet were last active when they were made', async () => {
      const { store } = await make()
      await store.apply([setRoom('a'), member('a', 'ada')])
      expect(await store.roomsOf('acme', 'ada')).toMatchObject([{ last_seq: 0, updated_at: 1_000 }])
      expect((await store.rooms('acme', undefined, 10))[0]?.member).toBeUndefined()
    })

    test('that keep their entries for a limited time are found among all tenants', async () => {
      const { store } = await make()
      await store.apply([
        setRoom('a'),
        setRoom('b', { retention_s: 60 }),
        setRoom('c', { tenant_id: 'other', retention_s: 5 }),
      ])
      const found = async () => (await store.retained()).toSorted((one, other) => one.retention_s - other.retention_s)
      expect(await found()).toEqual([
        { room: 'c', retention_s: 5 },
        { room: 'b', retention_s: 60 },
      ])
      await store.apply([setRoom('b')])
      expect(await found()).toHaveLength(1)
    })

    test('of two tenants with the same id do not meet', async () => {
      const { store } = await make()
      const same = (tenant_id: string) => [
        { do: 'set_room', room: `${tenant_id}/room/x`, state: state('x', { tenant_id }) } as const,
        member(`${tenant_id}/room/x`, 'ada'),
      ]
      await store.apply([...same('acme'), ...same('other')])
      expect(await store.roomsOf('acme', 'ada')).toMatchObject([{ room: { tenant_id: 'acme', room_id: 'x' } }])
      expect(await store.rooms('other', undefined, 10)).toMatchObject([{ room: { tenant_id: 'other' } }])
    })

    test('tell how many messages they hold, and about how many bytes', async () => {
      const { log, store, now, pass } = await make()
      for (let n = 0; n < 4; n++) await say(log, 'a', 'x'.repeat(1_000))
      await commit(log, 'a', [])
      await pass(1_000)
      await say(log, 'a', 'x'.repeat(1_000))
      const [before, none] = await store.sizes(['a', 'never'])
      expect(before?.messages).toBe(5)
      expect(before?.bytes).toBeGreaterThan(5_000)
      expect(before?.bytes).toBeLessThan(10_000)
      expect(none).toEqual({ messages: 0, bytes: 0 })
      await log.cut('a', now(), 3)
      const [after] = await store.sizes(['a'])
      expect(after?.messages).toBe(2)
      expect(after?.bytes).toBeLessThan(before?.bytes as number)
    })
  })

  describe(`${name} store: a dropped room`, () => {
    test('goes with its members, invitations and messages, and comes back with none of them', async () => {
      const { log, store } = await make()
      await commit(log, 'a', [setRoom('a'), member('a', 'ada')])
      await store.apply([{ do: 'invite', room: 'a', user_id: 'bob', by: 'ada', at: 1 }])
      const { entry } = await say(log, 'a', 'one')
      await store.apply([{ do: 'react', room: 'a', seq: 2, user_id: 'ada', emoji: '👍', op: 'add' }])
      await commit(log, 'a', [{ do: 'drop_room', room: 'a' }])

      expect(await store.room('a')).toBeUndefined()
      expect(await store.member('a', 'ada')).toBeUndefined()
      expect(await store.invitation('a', 'bob')).toBeUndefined()
      expect(await store.message('a', entry.id)).toBeUndefined()
      expect(await store.history('a', { limit: 10 })).toEqual([])
      expect(await store.roomsOf('acme', 'ada')).toEqual([])
      expect(await store.rooms('acme', undefined, 10)).toEqual([])

      await commit(log, 'a', [setRoom('a')])
      await say(log, 'a', 'anew')
      expect((await store.room('a'))?.member_count).toBe(0)
      const [message] = await store.history('a', { limit: 10 })
      expect(message?.reactions.size).toBe(0)
      expect(message && textOf(message)).toBe('anew')
    })
  })

  describe(`${name} store: members`, () => {
    test('begin where they join: at the number of the entry that made them members', async () => {
      const { log, store } = await make()
      await say(log, 'a', 'one')
      await commit(log, 'a', [member('a', 'ada', { role: 'admin', joined_at: 7 })])
      expect(await store.member('a', 'ada')).toEqual({
        user_id: 'ada',
        role: 'admin',
        joined_at: 7,
        joined_seq: 2,
        read_seq: 2,
        delivered_seq: 2,
      })
    })

    test('begin at the last number where no entry made them members, and in another room at that one’s', async () => {
      const { log, store } = await make()
      await say(log, 'a', 'one')
      await store.apply([member('a', 'ada')])
      await commit(log, 'b', [member('a', 'bob'), member('b', 'bob')])
      expect(await store.member('a', 'ada')).toMatchObject({ joined_seq: 1, read_seq: 1 })
      expect(await store.member('a', 'bob')).toMatchObject({ joined_seq: 1 })
      expect(await store.member('b', 'bob')).toMatchObject({ joined_seq: 1 })
    })

    test('keep everything but their role when they are set again, and begin anew when they come back', async () => {
      const { log, store } = await make()
      await commit(log, 'a', [member('a', 'ada')])
      await say(log, 'a', 'two')
      await store.apply([{ do: 'receipt', room: 'a', user_id: 'ada', read_seq: 2 }])
      await commit(log, 'a', [member('a', 'ada', { role: 'owner', joined_at: 99 })])
      expect(await store.member('a', 'ada')).toMatchObject({
        role: 'owner',
        joined_at: 1_000,
        joined_seq: 1,
        read_seq: 2,
      })
      await store.apply([{ do: 'drop_member', room: 'a', user_id: 'ada' }])
      expect(await store.member('a', 'ada')).toBeUndefined()
      await commit(log, 'a', [member('a', 'ada')])
      expect(await store.member('a', 'ada')).toMatchObject({ joined_seq: 4, read_seq: 4 })
    })

    test('come by user id, page by page, whatever they are called', async () => {
      const { store } = await make()
      const ids = ['eve', 'ada', 'bob', '__proto__', 'a/b', '🙂']
      await store.apply(ids.map((id) => member('a', id)))
      expect(await userIds(store, 'a', undefined, 4)).toEqual(['__proto__', 'a/b', 'ada', 'bob'])
      expect(await userIds(store, 'a', 'bob')).toEqual(['eve', '🙂'])
      expect(await userIds(store, 'never')).toEqual([])
      expect(await store.member('a', 'constructor')).toBeUndefined()
    })

    test('have receipts that never go back', async () => {
      const { log, store } = await make()
      await commit(log, 'a', [member('a', 'ada')])
      const receipt = (read_seq?: number, delivered_seq?: number): Change => ({
        do: 'receipt',
        room: 'a',
        user_id: 'ada',
        read_seq,
        delivered_seq,
      })
      await store.apply([receipt(5, 7), receipt(3, 9), receipt(undefined, 2)])
      expect(await store.member('a', 'ada')).toMatchObject({ read_seq: 5, delivered_seq: 9 })
      await store.apply([receipt(4, 4)])
      await store.apply([{ ...receipt(9), user_id: 'nobody' } as Change])
      expect(await store.member('a', 'ada')).toMatchObject({ read_seq: 5, delivered_seq: 9 })
      expect(await store.member('a', 'nobody')).toBeUndefined()
    })

    test('keep no receipt of an earlier membership, also where all happens at once', async () => {
      const { store } = await make()
      await store.apply([member('a', 'ada')])
      await store.apply([
        { do: 'receipt', room: 'a', user_id: 'ada', read_seq: 5 },
        { do: 'drop_member', room: 'a', user_id: 'ada' },
        member('a', 'ada'),
      ])
      expect(await store.member('a', 'ada')).toMatchObject({ read_seq: 0 })
    })

    test('are invited, and no longer', async () => {
      const { store } = await make()
      await store.apply([{ do: 'invite', room: 'a', user_id: 'ada', by: 'bob', at: 5 }])
      await store.apply([{ do: 'invite', room: 'a', user_id: 'ada', by: 'eve', at: 6 }])
      expect(await store.invitation('a', 'ada')).toEqual({ user_id: 'ada', by: 'eve', at: 6 })
      expect(await store.invitation('b', 'ada')).toBeUndefined()
      await store.apply([{ do: 'uninvite', room: 'a', user_id: 'ada' }])
      expect(await store.invitation('a', 'ada')).toBeUndefined()
    })
  })

  describe(`${name} store: messages`, () => {
    test('are found by id in their room, and nothing else is', async () => {
      const { log, store } = await make()
      const { entry } = await say(log, 'a', 'one')
      const other = await say(log, 'a', 'not a message', { action: 'room_updated' })
      await say(log, 'b', 'elsewhere')
      expect(await store.message('a', entry.id)).toEqual({
        entry,
        body: entry.body,
        version: 1,
        edited_at: undefined,
        reactions: new Map(),
        edits: [],
        touched: 1,
      })
      for (const id of [other.entry.id, `${entry.id.slice(0, -1)}9`, 'x', '', '__proto__'])
        expect(await store.message('a', id)).toBeUndefined()
      expect(await store.message('b', entry.id)).toBeUndefined()
    })

    test('read as they were edited last, and know by which entries', async () => {
      const { log, store } = await make()
      const { entry } = await say(log, 'a', 'one')
      const edit = (text: string, version: number): Change => ({
        do: 'edit_message',
        room: 'a',
        seq: 1,
        body: { content: { text, data: Buffer.from([version]) } },
        version,
        edited_at: version * 1_000,
      })
      await commit(log, 'a', [edit('two', 2)], { touches: [entry.id] })
      await commit(log, 'a', [edit('three', 3)], { touches: [entry.id] })
      const message = await store.message('a', entry.id)
      expect(message).toMatchObject({ version: 3, edited_at: 3_000, edits: [2, 3], touched: 3 })
      expect(message && textOf(message)).toBe('three')
      const body = message?.body as { content: { data: Uint8Array } } | undefined
      expect([...(body?.content.data ?? [])]).toEqual([3])
      expect(message?.entry).toEqual(entry)
    })

    test('that were deleted have no body and no reactions, and stay so', async () => {
      const { log, store, now } = await make()
      const { entry } = await say(log, 'a', 'one')
      await store.apply([{ do: 'react', room: 'a', seq: 1, user_id: 'ada', emoji: '👍', op: 'add' }])
      await commit(log, 'a', [{ do: 'delete_message', room: 'a', seq: 1 }], { touches: [entry.id], redacts: [1] })
      const deleted = await store.message('a', entry.id)
      expect(deleted).toMatchObject({ body: undefined, touched: 2 })
      expect(deleted?.entry).toMatchObject({ redacted_at: now(), body: undefined })
      expect(deleted?.reactions.size).toBe(0)
      await store.apply([{ do: 'edit_message', room: 'a', seq: 1, body: 'again', version: 9, edited_at: 1 }])
      expect((await store.message('a', entry.id))?.body).toBeUndefined()
      expect(texts(await store.history('a', { limit: 10 }))).toEqual([undefined])
    })

    test('that expired have no body, edited or not, before and after it was taken', async () => {
      const { log, store, now, pass } = await make()
      const { entry } = await say(log, 'a', 'one', { expires_at: now() + 1_000 })
      await commit(log, 'a', [{ do: 'edit_message', room: 'a', seq: 1, body: 'x', version: 2, edited_at: 1 }])
      expect((await store.message('a', entry.id))?.body).toBe('x')
      await pass(1_000)
      expect((await store.message('a', entry.id))?.body).toBeUndefined()
      expect((await store.message('a', entry.id))?.entry.body).toBeUndefined()
      await log.expire(now(), 10)
      expect(await store.message('a', entry.id)).toMatchObject({ body: undefined, version: 2 })
    })

    test('have reactions in the order they came', async () => {
      const { log, store } = await make()
      const { entry } = await say(log, 'a', 'one')
      const react = (user_id: string, emoji: string, op: 'add' | 'remove' = 'add'): Change => ({
        do: 'react',
        room: 'a',
        seq: 1,
        user_id,
        emoji,
        op,
      })
      const reactions = async () => [...((await store.message('a', entry.id))?.reactions ?? [])]
      await store.apply([react('ada', '👍'), react('bob', '__proto__'), react('eve', '👍'), react('ada', '👍')])
      expect(await reactions()).toEqual([
        ['👍', ['ada', 'eve']],
        ['__proto__', ['bob']],
      ])
      await store.apply([react('ada', '👍', 'remove'), react('nobody', '👍', 'remove')])
      expect(await reactions()).toEqual([
        ['__proto__', ['bob']],
        ['👍', ['eve']],
      ])
      await store.apply([react('eve', '👍', 'remove'), react('bob', '__proto__', 'remove')])
      expect(await reactions()).toEqual([])
    })

    test('change nothing when the same is applied twice', async () => {
      const { log, store } = await make()
      const { entry } = await say(log, 'a', 'one')
      const changes: Change[] = [
        { do: 'edit_message', room: 'a', seq: 1, body: 'x', version: 2, edited_at: 5 },
        { do: 'react', room: 'a', seq: 1, user_id: 'ada', emoji: '👍', op: 'add' },
      ]
      await store.apply(changes)
      const once = await store.message('a', entry.id)
      await store.apply(changes)
      expect(await store.message('a', entry.id)).toEqual(once as NonNullable<typeof once>)
    })
  })

  describe(`${name} store: history`, () => {
    async function talk({ log }: Under) {
      for (let n = 1; n <= 10; n++) {
        if (n % 3 === 0) await say(log, 'a', 'in between', { action: 'room_member_joined' })
        else await say(log, 'a', `${n}`)
      }
    }

    test('gives the newest messages, oldest first, and nothing that is none', async () => {
      const under = await make()
      await talk(under)
      const { store } = under
      expect(texts(await store.history('a', { limit: 3 }))).toEqual(['7', '8', '10'])
      expect(texts(await store.history('a', { limit: 100 }))).toEqual(['1', '2', '4', '5', '7', '8', '10'])
      expect(await store.history('a', { limit: 0 })).toEqual([])
      expect(await store.history('never', { limit: 10 })).toEqual([])
    })

    test('gives those nearest before or after a number', async () => {
      const under = await make()
      await talk(under)
      const { store } = under
      expect(texts(await store.history('a', { before_seq: 8, limit: 2 }))).toEqual(['5', '7'])
      expect(texts(await store.history('a', { before_seq: 1, limit: 2 }))).toEqual([])
      expect(texts(await store.history('a', { after_seq: 2, limit: 2 }))).toEqual(['4', '5'])
      expect(texts(await store.history('a', { after_seq: 0, limit: 1 }))).toEqual(['1'])
      expect(texts(await store.history('a', { after_seq: 10, limit: 2 }))).toEqual([])
      expect(texts(await store.history('a', { after_seq: 2, before_seq: 8, limit: 100 }))).toEqual(['4', '5', '7'])
    })

    test('shows messages as they are now, and ends where the log was cut', async () => {
      const { log, store, now, pass } = await make()
      for (const text of ['one', 'two', 'three']) {
        await say(log, 'a', text)
        await pass(10)
      }
      await store.apply([{ do: 'edit_message', room: 'a', seq: 2, body: draft('2').body, version: 2, edited_at: 5 }])
      await store.apply([{ do: 'react', room: 'a', seq: 3, user_id: 'ada', emoji: '👍', op: 'add' }])
      await log.cut('a', now() - 20, 10)
      const messages = await store.history('a', { limit: 10 })
      expect(texts(messages)).toEqual(['2', 'three'])
      expect(messages.map(({ version }) => version)).toEqual([2, 1])
      expect(messages[1]?.reactions.get('👍')).toEqual(['ada'])
      expect(seqs(messages.map(({ entry }) => entry))).toEqual([2, 3])
    })

    test('for a reader has all that is for them, however much else there is, before and after a number', async () => {
      const { log, store } = await make()
      for (let n = 1; n <= 300; n++) {
        const audience = n % 50 === 0 ? ['bob', 'eve'] : ['ada', `user-${n}`]
        await say(log, 'a', `${n}`, { kept: { sender_id: 'ada' }, audience: n % 70 === 0 ? undefined : audience })
      }
      const pages = (where: Omit<HistoryWhere, 'limit'>) => pagesFor(store, 'a', { ...where, for: 'eve', limit: 3 })
      expect(await pages({})).toEqual([50, 70, 100, 140, 150, 200, 210, 250, 280, 300])
      expect(await pages({ before_seq: 141 })).toEqual([50, 70, 100, 140])
      expect(await pages({ after_seq: 209 })).toEqual([210, 250, 280, 300])
    })

    test('has the very message that was acknowledged', async () => {
      const { log, store } = await make()
      for (let n = 0; n < 20; n++) {
        const { entry } = await say(log, 'a', `${n}`)
        expect((await store.history('a', { limit: 1 }))[0]?.entry).toEqual(entry)
      }
    })
  })

  describe(`${name} store: unread`, () => {
    test('counts the messages of others after a number, up to a limit', async () => {
      const { log, store } = await make()
      for (const sender_id of ['ada', 'bob', 'bob', 'ada', 'eve']) await say(log, 'a', 'x', { kept: { sender_id } })
      await say(log, 'a', 'x', { kept: { sender_id: 'bob' }, action: 'message_updated' })
      expect(await store.unread('a', 'ada', 0, 100)).toBe(3)
      expect(await store.unread('a', 'ada', 2, 100)).toBe(2)
      expect(await store.unread('a', 'bob', 0, 100)).toBe(3)
      expect(await store.unread('a', 'nobody', 0, 2)).toBe(2)
      expect(await store.unread('a', 'ada', 6, 100)).toBe(0)
      expect(await store.unread('never', 'ada', 0, 100)).toBe(0)
    })

    test('leaves out what is not for the user, and what was deleted', async () => {
      const { log, store } = await make()
      const kept = { sender_id: 'bob' }
      await say(log, 'a', 'for ada', { kept, audience: ['bob', 'ada'] })
      await say(log, 'a', 'for eve', { kept, audience: ['bob', 'eve'] })
      await say(log, 'a', 'deleted', { kept })
      await say(log, 'a', 'for all', { kept })
      await commit(log, 'a', [{ do: 'delete_message', room: 'a', seq: 3 }], { redacts: [3] })
      expect(await store.unread('a', 'ada', 0, 100)).toBe(2)
      expect(await store.unread('a', 'eve', 0, 100)).toBe(2)
      expect(await store.unread('a', 'zoe', 0, 100)).toBe(1)
      expect(await store.unread('a', 'bob', 0, 100)).toBe(0)
    })

    test('leaves out what was cut off', async () => {
      const { log, store, now, pass } = await make()
      for (let n = 0; n < 5; n++) await say(log, 'a', 'x')
      await pass(10)
      await log.cut('a', now(), 3)
      expect(await store.unread('a', 'bob', 0, 100)).toBe(2)
    })
  })

  describe(`${name} store: devices and what is scheduled`, () => {
    test('devices belong to one user of one tenant', async () => {
      const { store } = await make()
      const device = { device_id: 'phone', name: 'My phone', platform: undefined, last_seen_at: 5 }
      const set = (user_id: string, more = {}): Change => ({
        do: 'set_device',
        tenant_id: 'acme',
        user_id,
        device: { ...device, ...more },
      })
      await store.apply([set('ada'), set('ada', { device_id: 'laptop' }), set('bob'), set('ada', { last_seen_at: 9 })])
      expect(await store.devices('acme', 'ada')).toEqual([
        { ...device, device_id: 'laptop' },
        { ...device, last_seen_at: 9 },
      ])
      expect(await store.devices('other', 'ada')).toEqual([])
      await store.apply([{ do: 'drop_device', tenant_id: 'acme', user_id: 'ada', device_id: 'phone' }])
      expect(await store.devices('acme', 'ada')).toHaveLength(1)
      expect(await store.devices('acme', 'bob')).toHaveLength(1)
    })

    test('what is scheduled comes when it is due, the earliest first', async () => {
      const { store } = await make()
      const scheduled = (scheduled_id: string, deliver_at: number, tenant_id = 'acme') => ({
        scheduled_id,
        tenant_id,
        user_id: 'ada',
        deliver_at,
        data: { content: { text: scheduled_id, data: [1, null] } },
      })
      const all = [scheduled('late', 300), scheduled('first', 100), scheduled('second', 200, 'other')]
      await store.apply(all.map((one) => ({ do: 'schedule', scheduled: one })))
      expect(await store.due(99, 10)).toEqual([])
      expect(await store.due(250, 10)).toEqual([all[1], all[2]] as typeof all)
      expect(await store.due(999, 1)).toEqual([all[1]] as typeof all)
      expect(await store.scheduled('acme', 'late')).toEqual(all[0] as (typeof all)[0])
      expect(await store.scheduled('acme', 'second')).toBeUndefined()
      await store.apply([{ do: 'unschedule', tenant_id: 'acme', scheduled_id: 'first' }])
      expect(await store.due(250, 10)).toEqual([all[2]] as typeof all)
    })

    test('what could not be sent makes way for what is due later', async () => {
      const { store } = await make()
      const [first, second] = ['first', 'second'].map((scheduled_id, n) => ({
        scheduled_id,
        tenant_id: 'acme',
        user_id: 'ada',
        deliver_at: 100 + n,
        data: null,
      })) as [Scheduled, Scheduled]
      const again: Scheduled = { ...first, deliver_at: 200, tries: 1 }
      await store.apply([first, second, again].map((scheduled) => ({ do: 'schedule', scheduled })))
      expect(await store.due(199, 10)).toEqual([second])
      expect(await store.due(200, 10)).toEqual([second, again])
      expect(await store.scheduled('acme', 'first')).toMatchObject({ tries: 1 })
    })
  })
}
