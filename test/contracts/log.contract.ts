import { describe, expect, test } from 'bun:test'
import { Buffer } from 'node:buffer'
import { Stale } from '../../src/ports/log.ts'
import type { Entry } from '../../src/protocol/entry.ts'
import { madeAt, seqOf } from '../../src/protocol/ids.ts'
import { commit, DAY_MS, draft, MINUTE_MS, refusal, say, seqs, start, state, textOf, type Under } from './world.ts'

const STRANGE = ['__proto__', 'constructor', 'a/b', 'a%2Fb', '🙂', 'née', "'; DROP TABLE logs; --"]

const stale = (append: Promise<unknown>) =>
  append.then(
    () => undefined,
    (error) => (error instanceof Stale ? error : Promise.reject(error)),
  )

/** What every `Log` must do, whatever is behind it. */
export function logContract(name: string, make: () => Promise<Under>) {
  describe(`${name} log: numbers`, () => {
    test('are 1, 2, 3 … with no holes, in the order of the calls, also when many come at once', async () => {
      const { log } = await make()
      const keys = Array.from({ length: 50 }, (_, n) => `k${n}`)
      const appended = await Promise.all(keys.map((key) => log.append('a', key, draft(key))))
      expect(appended.map(({ entry }) => entry.seq)).toEqual(keys.map((_, n) => n + 1))
      expect(appended.map(({ entry }) => textOf(entry))).toEqual(keys)
    })

    test('belong to one room, and tell where it ends', async () => {
      const { log } = await make()
      await say(log, 'a', 'one')
      await say(log, 'a', 'two')
      expect((await say(log, 'b', 'elsewhere')).entry.seq).toBe(1)
      expect(seqs(await log.heads(['a', 'b', 'never']))).toEqual([2, 1, 0])
    })

    test('are told as soon as they are given, before the commit', async () => {
      const { log } = await make()
      const order: string[] = []
      const first = log
        .append('a', 'k1', draft('one'), { numbered: () => void order.push('numbered') })
        .then(() => void order.push('committed'))
      order.push('called')
      const second = say(log, 'a', 'two')
      await first
      expect(order).toEqual(['numbered', 'called', 'committed'])
      expect((await second).entry.seq).toBe(2)
    })

    test('go into the ids of entries, with the time they were said', async () => {
      const { log, now } = await make()
      for (const text of ['one', 'two']) {
        const { entry } = await say(log, 'a', text)
        expect(seqOf(entry.id)).toBe(entry.seq)
        expect(madeAt(entry.id)).toBe(entry.at)
        expect(entry.at).toBe(now())
      }
    })

    test('rooms with strange names do not meet', async () => {
      const { log } = await make()
      for (const room of STRANGE) await log.append(room, room, draft(room, { room_id: room }))
      for (const room of STRANGE) {
        const entries = await log.read(room, await start(log, room), 10)
        expect(entries.map(({ seq, room_id, body }) => ({ seq, room_id, text: textOf({ body }) }))).toEqual([
          { seq: 1, room_id: room, text: room },
        ])
      }
    })
  })

  describe(`${name} log: keys`, () => {
    test('used before give the first answer again', async () => {
      const { log } = await make()
      const first = await log.append('a', 'k', draft('one', { device_id: 'phone' }))
      const again = await log.append('a', 'k', draft('one', { device_id: 'laptop' }))
      expect(again).toEqual({ ...first, duplicate: true })
      expect(seqs(await log.heads(['a']))).toEqual([1])
    })

    test('used twice at once are one entry, and both calls get it', async () => {
      const { log } = await make()
      const numbered: number[] = []
      const [first, again] = await Promise.all(
        [1, 2].map((call) => log.append('a', 'k', draft('one'), { numbered: () => void numbered.push(call) })),
      )
      expect(again).toEqual({ ...(first as NonNullable<typeof first>), duplicate: true })
      expect(numbered).toEqual([1, 2])
      expect(seqs(await log.heads(['a']))).toEqual([1])
    })

    test('used before with something else are a conflict, and the first stays', async () => {
      const { log } = await make()
      const { entry } = await log.append('a', 'k', draft('one', { audience: ['ada', 'bob'] }))
      const others = [
        draft('two', { audience: ['ada', 'bob'] }),
        draft('one', { audience: ['ada'] }),
        draft('one'),
        draft('one', { audience: ['ada', 'bob'], kept: { sender_id: 'bob' } }),
        draft('one', { audience: ['ada', 'bob'], kept: { sender_id: 'ada', reply_to: 'x' } }),
        draft('one', { audience: ['ada', 'bob'], action: 'message_updated' }),
      ]
      for (const other of others) expect(await refusal(log.append('a', 'k', other))).toMatchObject({ code: 'conflict' })
      expect(await log.read('a', await start(log, 'a'), 10)).toEqual([entry])
    })

    test('are a conflict also while the first is being committed', async () => {
      const { log } = await make()
      const first = log.append('a', 'k', draft('one'))
      expect(await refusal(log.append('a', 'k', draft('two')))).toMatchObject({ code: 'conflict' })
      expect((await first).duplicate).toBe(false)
    })

    test('are the same where only members that are undefined, the order of members or the expiry differ', async () => {
      const { log, now } = await make()
      await log.append(
        'a',
        'k',
        draft('', { body: { content: { text: 'x', type: 'text' } }, expires_at: now() + 5_000 }),
      )
      const body = { content: { type: 'text', text: 'x', data: undefined }, metadata: undefined }
      const again = await log.append('a', 'k', draft('', { body, expires_at: now() + 9_000 }))
      expect(again.duplicate).toBe(true)
    })

    test('are compared by the bytes of what is binary', async () => {
      const { log } = await make()
      const photo = (bytes: Uint8Array) => draft('', { body: { content: { data: [bytes] } } })
      await log.append('a', 'k', photo(Buffer.from([1, 2, 3])))
      expect((await log.append('a', 'k', photo(new Uint8Array([1, 2, 3])))).duplicate).toBe(true)
      expect(await refusal(log.append('a', 'k', photo(Buffer.from([1, 2]))))).toMatchObject({ code: 'conflict' })
    })

    test('belong to one room', async () => {
      const { log } = await make()
      await log.append('a', 'k', draft('one'))
      expect(await log.append('b', 'k', draft('two'))).toMatchObject({ duplicate: false, entry: { seq: 1 } })
    })

    test('that look alike are told apart', async () => {
      const { log } = await make()
      for (const key of [...STRANGE, 'k', 'K', 'k ', 'kk']) await log.append('a', key, draft(key))
      expect(seqs(await log.heads(['a']))).toEqual([STRANGE.length + 4])
      for (const key of STRANGE) expect((await log.append('a', key, draft(key))).duplicate).toBe(true)
    })

    test('are known for ten minutes, and for a day where they may be old', async () => {
      const { log, pass } = await make()
      const first = await log.append('a', 'k', draft('one'))
      await pass(9 * MINUTE_MS)
      expect(await log.append('a', 'k', draft('one'))).toEqual({ ...first, duplicate: true })
      for (let hour = 0; hour < 23; hour++) {
        await pass(60 * MINUTE_MS)
        await say(log, 'b', `hour ${hour}`)
      }
      expect(await log.append('a', 'k', draft('one'), { asked: true })).toEqual({ ...first, duplicate: true })
      expect(await refusal(log.append('a', 'k', draft('two'), { asked: true }))).toMatchObject({ code: 'conflict' })
    })

    test('are free again after a day', async () => {
      const { log, pass } = await make()
      await log.append('a', 'k', draft('one'))
      await pass(DAY_MS + 1)
      expect(await log.append('a', 'k', draft('two'), { asked: true })).toMatchObject({
        duplicate: false,
        entry: { seq: 2 },
      })
    })

    test('of an entry whose body was taken away give the entry as it is', async () => {
      const { log } = await make()
      await log.append('a', 'k', draft('one'))
      await say(log, 'a', 'gone', {}, { redacts: [1] })
      const again = await log.append('a', 'k', draft('one'))
      expect(again).toMatchObject({ duplicate: true, entry: { seq: 1 } })
      expect(again.entry.body).toBeUndefined()
    })

    test('of an entry that was cut off are known as long as any other', async () => {
      const { log, now, pass } = await make()
      const { entry } = await log.append('a', 'k', draft('one'))
      await pass(MINUTE_MS)
      expect(await log.cut('a', now(), 10)).toBe(1)
      const again = await log.append('a', 'k', draft('one'))
      expect(again).toMatchObject({ duplicate: true, entry: { id: entry.id, seq: 1 } })
      const other = draft('one', { kept: { sender_id: 'bob' } })
      expect(await refusal(log.append('a', 'k', other))).toMatchObject({ code: 'conflict' })
      expect(await log.read('a', await start(log, 'a'), 10)).toEqual([])
    })

    test('whose append was refused can be used', async () => {
      const { log } = await make()
      await say(log, 'a', 'x', {}, { touches: ['room'] })
      expect(await refusal(log.append('a', 'k', draft('one'), { since: { room: 0 } }))).toBeInstanceOf(Stale)
      expect(await log.append('a', 'k', draft('two'), { since: { room: 1 } })).toMatchObject({ duplicate: false })
    })
  })

  describe(`${name} log: reading`, () => {
    test('gives what comes after a number, oldest first', async () => {
      const { log } = await make()
      for (const text of ['one', 'two', 'three', 'four']) await say(log, 'a', text)
      const from = await start(log, 'a')
      expect((await log.read('a', { ...from, seq: 1 }, 2)).map(textOf)).toEqual(['two', 'three'])
      expect(seqs(await log.read('a', { ...from, seq: 3 }, 100))).toEqual([4])
      expect(await log.read('a', { ...from, seq: 4 }, 100)).toEqual([])
      expect(await log.read('a', from, 0)).toEqual([])
      expect(await log.read('never', await start(log, 'never'), 10)).toEqual([])
    })

    test('gives the entry that the append answered, with all that was put into it', async () => {
      const { log, now } = await make()
      const all = {
        kept: { sender_id: 'ada', nested: { list: [1, null, 'x', { deep: true }], empty: {} } },
        body: { content: { text: 'née 🙂 \u2028 "quoted"' } },
        audience: ['ada', 'bob'],
        expires_at: now() + 60_000,
        device_id: 'phone',
      }
      const { entry, durability } = await say(log, 'a', '', all)
      expect(durability).toBe('log')
      expect(await log.read('a', await start(log, 'a'), 1)).toEqual([entry])
      expect(entry).toMatchObject({ ...all, tenant_id: 'acme', room_id: 'lobby', action: 'message_new', seq: 1 })
    })

    test('gives binary back as it was, wherever it stands', async () => {
      const { log } = await make()
      const bytes = Buffer.from([0, 1, 254, 255])
      const plain = new Uint8Array([7, 8])
      await say(log, 'a', '', {
        kept: { sender_id: 'ada', [STRANGE[0] as string]: 1, seal: bytes },
        body: { list: [plain, { deep: bytes }] },
      })
      const [entry] = await log.read('a', await start(log, 'a'), 1)
      const { kept, body } = entry as Entry<{ seal: Uint8Array }, { list: [Uint8Array, { deep: Uint8Array }] }>
      expect(Buffer.from(kept.seal).equals(bytes)).toBe(true)
      expect(Buffer.from(body?.list[0] as Uint8Array).equals(Buffer.from(plain))).toBe(true)
      expect(Buffer.from(body?.list[1].deep as Uint8Array).equals(bytes)).toBe(true)
    })

    test('knows one epoch a room, which every entry has, and nothing of another', async () => {
      const { log } = await make()
      const before = await start(log, 'a')
      const { entry } = await say(log, 'a', 'one')
      expect(entry.epoch).toBe(before.epoch)
      expect(await log.heads(['a'])).toEqual([{ epoch: entry.epoch, seq: 1 }])
      expect(await log.read('a', { epoch: 'of another time', seq: 0 }, 10)).toEqual([])
    })

    test('never sees time go back within a room', async () => {
      const { log, pass } = await make()
      const first = await say(log, 'a', 'one')
      await pass(-5_000)
      const second = await say(log, 'a', 'two')
      expect(second.entry.at).toBe(first.entry.at)
      expect((await say(log, 'b', 'elsewhere')).entry.at).toBe(first.entry.at - 5_000)
    })
  })

  describe(`${name} log: commits`, () => {
    test('are counted, duplicates are not', async () => {
      const { log } = await make()
      const before = await log.commits(['a'])
      await log.append('a', 'k', draft('one'))
      const after = await log.commits(['a'])
      await log.append('a', 'k', draft('one'))
      expect(after).not.toEqual(before)
      expect(await log.commits(['a'])).toEqual(after)
      expect(await log.commits(['a', 'b', 'c'])).toHaveLength(3)
    })

    test('bring what the store is to know, or nothing does', async () => {
      const { log, store } = await make()
      await commit(log, 'a', [{ do: 'set_room', room: 'a', state: state('a') }], { touches: ['room'] })
      expect(await store.room('a')).toMatchObject({ name: 'A room', touched: 1 })
      const refused = commit(log, 'a', [{ do: 'set_room', room: 'a', state: state('a', { name: 'No' }) }], {
        since: { room: 0 },
      })
      expect(await refusal(refused)).toBeInstanceOf(Stale)
      expect(await store.room('a')).toMatchObject({ name: 'A room' })
      expect(seqs(await log.heads(['a']))).toEqual([1])
    })

    test('do nothing a second time for the same key', async () => {
      const { log, store } = await make()
      const change = (user_id: string) => ({
        changes: [{ do: 'set_member', room: 'a', user_id, role: 'member', joined_at: 1 }] as const,
      })
      await log.append('a', 'k', draft('one'), change('ada'))
      await log.append('a', 'k', draft('one'), change('bob'))
      expect((await store.members('a', undefined, 10)).map(({ user_id }) => user_id)).toEqual(['ada'])
    })
  })

  describe(`${name} log: what is decided on`, () => {
    test('must not have changed since: the room', async () => {
      const { log } = await make()
      await say(log, 'a', 'one', {}, { touches: ['room'] })
      await say(log, 'a', 'two', {}, { since: { room: 1 } })
      await say(log, 'a', 'three', {}, { since: { room: 1 }, touches: ['room'] })
      expect(await refusal(say(log, 'a', 'four', {}, { since: { room: 1 } }))).toBeInstanceOf(Stale)
      expect((await say(log, 'a', 'five', {}, { since: { room: 3 } })).entry.seq).toBe(4)
    })

    test('must not have changed since: a message', async () => {
      const { log } = await make()
      const { entry } = await say(log, 'a', 'one')
      const other = (await say(log, 'a', 'other')).entry.id
      await say(log, 'a', 'edit', {}, { touches: [entry.id], since: { [entry.id]: 1 } })
      const late = say(log, 'a', 'late', {}, { touches: [entry.id], since: { [entry.id]: 1 } })
      expect(await refusal(late)).toBeInstanceOf(Stale)
      expect((await say(log, 'a', 'next', {}, { since: { [entry.id]: 3, [other]: 2 } })).entry.seq).toBe(4)
    })

    test('has changed as soon as the change has its number, and can be looked at again when it is settled', async () => {
      const { log, store } = await make()
      await commit(log, 'a', [{ do: 'set_room', room: 'a', state: state('a') }], { touches: ['room'] })
      const changes = [{ do: 'set_room', room: 'a', state: state('a', { name: 'New', version: 2 }) }] as const
      const changed = commit(log, 'a', changes, { touches: ['room'] })
      const refused = await stale(say(log, 'a', 'late', {}, { since: { room: 1 } }))
      await refused?.settled
      expect(await store.room('a')).toMatchObject({ name: 'New', touched: 2 })
      expect((await changed).entry.seq).toBe(2)
    })

    test('is another room where that was dropped, whatever its numbers', async () => {
      const { log } = await make()
      for (const text of ['one', 'two', 'three']) await say(log, 'a', text, {}, { touches: ['room'] })
      const dropped = commit(log, 'a', [{ do: 'drop_room', room: 'a' }], { touches: ['room'] })
      const refused = await stale(say(log, 'a', 'late', {}, { since: { room: 3 } }))
      expect(refused).toBeInstanceOf(Stale)
      await Promise.all([dropped, refused?.settled])
      expect(seqs(await log.heads(['a']))).toEqual([0])
      expect((await say(log, 'a', 'anew', {}, { since: { room: 0 } })).entry.seq).toBe(1)
    })

    test('is another room where that was dropped and made again, though its numbers are the same', async () => {
      const { log, store } = await make()
      const begin = () => commit(log, 'a', [{ do: 'set_room', room: 'a', state: state('a') }], { touches: ['room'] })
      await begin()
      const seen = await store.room('a')
      const along = { since: { room: seen?.touched as number }, epoch: seen?.epoch as string }
      await say(log, 'a', 'in time', {}, along)
      const again = [commit(log, 'a', [{ do: 'drop_room', room: 'a' }], { touches: ['room'] }), begin()]
      const refused = await stale(say(log, 'a', 'late', {}, along))
      expect(refused).toBeInstanceOf(Stale)
      await Promise.all([...again, refused?.settled])
      expect(await refusal(say(log, 'a', 'later', {}, along))).toBeInstanceOf(Stale)
      const now = await store.room('a')
      expect([now?.touched, now?.epoch === along.epoch]).toEqual([along.since.room, false])
      expect((await say(log, 'a', 'anew', {}, { ...along, epoch: now?.epoch })).entry.seq).toBe(2)
    })
  })

  describe(`${name} log: following`, () => {
    test('tells a room, and only that, in order, once, and no duplicates', async () => {
      const { log } = await make()
      const heard: (string | undefined)[] = []
      const unfollow = await log.follow('a', (entry) => void heard.push(textOf(entry)))
      await say(log, 'b', 'elsewhere')
      for (const key of ['one', 'two', 'two', 'three']) await log.append('a', key, draft(key))
      unfollow()
      unfollow()
      await log.append('a', 'four', draft('four'))
      expect(heard).toEqual(['one', 'two', 'three'])
    })

    test('tells it with the commit, so that it is in the log by then and the answer comes no earlier', async () => {
      const { log } = await make()
      const heard: number[] = []
      const seen: Promise<number[]>[] = []
      const from = await start(log, 'a')
      await log.follow('a', ({ seq }) => {
        heard.push(seq)
        seen.push(log.read('a', from, 100).then(seqs))
      })
      const answers = await Promise.all([1, 2, 3].map(async (n) => (await say(log, 'a', `${n}`)).entry.seq))
      expect(heard).toEqual(answers)
      for (const [i, read] of (await Promise.all(seen)).entries()) expect(read).toContain(heard[i] as number)
    })

    test('goes on for the others when one throws, and what it threw is reported', async () => {
      const { log, reported } = await make()
      const heard: number[] = []
      await log.follow('a', () => {
        throw new Error('a follower of no use')
      })
      await log.follow('a', ({ seq }) => void heard.push(seq))
      expect((await say(log, 'a', 'one')).entry.seq).toBe(1)
      expect(heard).toEqual([1])
      expect(reported).toMatchObject([{ message: 'a follower of no use' }])
    })

    test('counts every follower by itself, also the same twice', async () => {
      const { log } = await make()
      let heard = 0
      const count = () => void heard++
      const unfollow = await log.follow('a', count)
      await log.follow('a', count)
      await say(log, 'a', 'one')
      unfollow()
      await say(log, 'a', 'two')
      expect(heard).toBe(3)
    })

    test('tells who begins within a telling from the next entry on', async () => {
      const { log } = await make()
      const heard: number[] = []
      let begun = false
      await log.follow('a', () => {
        if (!begun) void log.follow('a', ({ seq }) => void heard.push(seq))
        begun = true
      })
      await say(log, 'a', 'one')
      await say(log, 'a', 'two')
      expect(heard).toEqual([2])
    })
  })

  describe(`${name} log: taking away`, () => {
    test('redacts bodies with the entry that says so, and leaves no hole', async () => {
      const { log, now, pass } = await make()
      for (const text of ['one', 'two', 'three']) await say(log, 'a', text)
      await pass(10)
      await say(log, 'a', '', { action: 'message_deleted', body: undefined }, { redacts: [1, 3, 99] })
      const entries = await log.read('a', await start(log, 'a'), 10)
      expect(seqs(entries)).toEqual([1, 2, 3, 4])
      expect(entries.map(textOf)).toEqual([undefined, 'two', undefined, undefined])
      expect(entries.map(({ redacted_at }) => redacted_at)).toEqual([now(), undefined, now(), undefined])
      expect(entries[0]).toMatchObject({ kept: { sender_id: 'ada' }, action: 'message_new' })
    })

    test('redacts what has its number but is not committed', async () => {
      const { log } = await make()
      await Promise.all([say(log, 'a', 'one'), say(log, 'a', '', { body: undefined }, { redacts: [1] })])
      expect((await log.read('a', await start(log, 'a'), 10)).map(textOf)).toEqual([undefined, undefined])
    })

    test('lets a body expire for every reader at its time', async () => {
      const { log, now, pass } = await make()
      await say(log, 'a', 'short', { expires_at: now() + 1_000 })
      await say(log, 'a', 'long', { expires_at: now() + 60_000 })
      const from = await start(log, 'a')
      await pass(999)
      expect((await log.read('a', from, 10)).map(textOf)).toEqual(['short', 'long'])
      await pass(1)
      expect((await log.read('a', from, 10)).map(textOf)).toEqual([undefined, 'long'])
    })

    test('takes the bodies whose time has come, so many at most, each once', async () => {
      const { log, now, pass } = await make()
      for (const n of [1, 2, 3]) await say(log, 'a', `${n}`, { expires_at: now() + n * 1_000 })
      await say(log, 'b', 'elsewhere', { expires_at: now() + 1_000 })
      await say(log, 'a', 'for ever')
      expect(await log.expire(now(), 10)).toBe(0)
      await pass(2_500)
      expect(await log.expire(now(), 2)).toBe(2)
      expect(await log.expire(now(), 10)).toBe(1)
      expect(await log.expire(now(), 10)).toBe(0)
      const entries = await log.read('a', await start(log, 'a'), 10)
      expect(entries.map(textOf)).toEqual([undefined, undefined, '3', 'for ever'])
      expect(entries[0]?.redacted_at).toBeUndefined()
      expect(entries[0]?.expires_at).toBeDefined()
    })

    test('counts no body twice when it is asked twice at once, nor one that was redacted', async () => {
      const { log, now, pass } = await make()
      for (const text of ['one', 'two', 'three']) await say(log, 'a', text, { expires_at: now() + 10 })
      await say(log, 'a', '', { body: undefined }, { redacts: [2] })
      await pass(20)
      const counts = await Promise.all([log.expire(now(), 10), log.expire(now(), 10)])
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2)
    })

    test('cuts the log from its oldest end, so many at most, and goes on numbering', async () => {
      const { log, now, pass } = await make()
      for (let n = 0; n < 5; n++) {
        await say(log, 'a', `${n}`)
        await pass(100)
      }
      await say(log, 'b', 'elsewhere')
      const from = await start(log, 'a')
      expect(await log.cut('a', now() - 200, 2)).toBe(2)
      expect(seqs(await log.read('a', from, 10))).toEqual([3, 4, 5])
      expect(await log.cut('a', now() - 200, 10)).toBe(1)
      expect(await log.cut('a', now() - 200, 10)).toBe(0)
      expect(seqs(await log.read('a', from, 10))).toEqual([4, 5])
      expect(seqs(await log.heads(['a', 'b']))).toEqual([5, 1])
      expect((await say(log, 'a', 'next')).entry).toMatchObject({ seq: 6, epoch: from.epoch })
    })

    test('cuts all there is, and still knows where the log ends', async () => {
      const { log, now, pass } = await make()
      const { epoch } = await start(log, 'a')
      for (let n = 0; n < 70; n++) await say(log, 'a', `${n}`)
      await pass(1_000)
      expect(await log.cut('a', now(), 100)).toBe(70)
      expect(await log.read('a', { epoch, seq: 0 }, 100)).toEqual([])
      expect(await log.heads(['a'])).toEqual([{ epoch, seq: 70 }])
      expect((await say(log, 'a', 'next')).entry.seq).toBe(71)
      expect(seqs(await log.read('a', { epoch, seq: 0 }, 100))).toEqual([71])
    })
  })

  describe(`${name} log: a dropped room`, () => {
    test('is empty at once, in a new epoch, and its keys are free', async () => {
      const { log } = await make()
      const heard: Entry[] = []
      await log.follow('a', (entry) => void heard.push(entry))
      const { entry } = await log.append('a', 'k', draft('one'))
      const gone = await commit(log, 'a', [{ do: 'drop_room', room: 'a' }])
      expect(gone.entry).toMatchObject({ seq: 2, epoch: entry.epoch })
      const [head] = await log.heads(['a'])
      expect(head?.seq).toBe(0)
      expect(head?.epoch).not.toBe(entry.epoch)
      expect(await log.read('a', { epoch: entry.epoch, seq: 0 }, 10)).toEqual([])
      const anew = await log.append('a', 'k', draft('two'))
      expect(anew).toMatchObject({ duplicate: false, entry: { seq: 1, epoch: head?.epoch } })
      expect(heard.map(({ seq, epoch }) => [seq, epoch === entry.epoch])).toEqual([
        [1, true],
        [2, true],
        [1, false],
      ])
    })

    test('moves its commit counter, and leaves others alone', async () => {
      const { log, store } = await make()
      await say(log, 'a', 'one')
      await say(log, 'b', 'one')
      const before = await log.commits(['a'])
      await store.apply([{ do: 'drop_room', room: 'a' }])
      expect(await log.commits(['a'])).not.toEqual(before)
      expect(seqs(await log.heads(['a', 'b']))).toEqual([0, 1])
    })

    test('has another epoch each time it is made again', async () => {
      const { log } = await make()
      const epochs = new Set<string>()
      for (let n = 0; n < 3; n++) {
        epochs.add((await say(log, 'a', 'one')).entry.epoch)
        await commit(log, 'a', [{ do: 'drop_room', room: 'a' }])
      }
      expect(epochs.size).toBe(3)
    })
  })
}
