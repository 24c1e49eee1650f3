import { afterEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { memoryWorld } from '../../src/adapters/memory/world.ts'
import { hashOf } from '../../src/adapters/sqlite/hashes.ts'
import { bitsFor, HOT_MS, keysOf, pagesOf } from '../../src/adapters/sqlite/keys.ts'
import {
  CHECKPOINT,
  PRESENCE,
  QUEUED,
  QUEUED_OVER,
  REVOCATIONS,
  REVOKED_OVER,
} from '../../src/adapters/sqlite/people.ts'
import { LAST_RUN, RUNS_DOWN, RUNS_UP } from '../../src/adapters/sqlite/reading.ts'
import { type Opening, openSqlite } from '../../src/adapters/sqlite/sqlite.ts'
import { logContract } from '../contracts/log.contract.ts'
import { begun, chances, knownOf, shorten, someDoing } from '../contracts/model.ts'
import { peopleContract } from '../contracts/people.contract.ts'
import { storeContract } from '../contracts/store.contract.ts'
import {
  commit,
  DAY_MS,
  draft,
  MINUTE_MS,
  pagesFor,
  refusal,
  say,
  seqs,
  start,
  state,
  textOf,
} from '../contracts/world.ts'
import { fakeClock } from '../support/clock.ts'

const open: { close(): Promise<void> }[] = []
const directories: string[] = []

afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
})

function freshDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'parley-sqlite-'))
  directories.push(directory)
  return directory
}

/** In a directory that it may find used before. */
async function opened(directory: string, more: Partial<Opening> = {}) {
  const reported: unknown[] = []
  const report = (error: unknown) => void reported.push(error)
  const one = await openSqlite({ directory, clock: { now: Date.now }, report, ...more })
  open.push(one)
  return { ...one, reported }
}

async function world() {
  const { clock, pass } = fakeClock()
  return { ...(await opened(freshDirectory(), { clock })), pass, now: clock.now }
}

logContract('sqlite', world)
storeContract('sqlite', world)
peopleContract('sqlite', world)

describe('sqlite: random doings', () => {
  test.each([1, 2, 3])(
    'end as they do in memory, also where the file is closed and opened again (seed %i)',
    async (seed) => {
      const chance = chances(seed)
      const { clock, pass } = fakeClock()
      const directory = freshDirectory()
      const model = { ...memoryWorld(clock), pass, now: clock.now, reported: [] }
      const again = async () => ({ ...(await opened(directory, { clock, foldAt: 40 })), pass, now: clock.now })
      let under = await again()
      for (const one of [model, under]) await begun(one)
      for (let round = 0; round < 40; round++) {
        const doings = Array.from({ length: 1 + chance.below(12) }, () => someDoing(chance, clock.now()))
        const [expected, found] = await Promise.all(
          [model, under].map((one) => Promise.all(doings.map((doing) => doing(one)))),
        )
        expect(found).toEqual(expected as NonNullable<typeof expected>)
        await pass(chance.below(1_000))
        if (chance.in(0.2)) await shorten(chance, model, under)
        if (chance.in(0.15)) {
          await under.close()
          under = await again()
        }
        if (round % 4 === 3) expect(await knownOf(under)).toEqual(await knownOf(model))
      }
      expect(under.reported).toEqual([])
    },
    60_000,
  )
})

describe('sqlite: opened again', () => {
  test('goes on where it was: numbers, epochs, keys, what touched what, members', async () => {
    const directory = freshDirectory()
    const first = await opened(directory)
    await commit(
      first.log,
      'a',
      [
        { do: 'set_room', room: 'a', state: state('a') },
        { do: 'set_member', room: 'a', user_id: 'ada', role: 'owner', joined_at: 1 },
      ],
      { touches: ['room'] },
    )
    const { entry } = await first.log.append('a', 'k', draft('one'))
    await first.close()

    const { log, store } = await opened(directory)
    expect(await log.heads(['a'])).toEqual([{ epoch: entry.epoch, seq: 2 }])
    expect(await log.append('a', 'k', draft('one'))).toEqual({ entry, durability: 'log', duplicate: true })
    expect(await store.room('a')).toMatchObject({ touched: 1, member_count: 1 })
    expect((await say(log, 'a', 'next', {}, { since: { room: 1 } })).entry).toMatchObject({
      seq: 3,
      epoch: entry.epoch,
    })
    expect((await log.read('a', await start(log, 'a'), 10)).map(textOf)).toEqual([undefined, 'one', 'next'])
  })

  test('knows the keys of a day, those in memory and those that are not', async () => {
    const { clock, pass } = fakeClock()
    const directory = freshDirectory()
    const first = await opened(directory, { clock })
    for (let hour = 0; hour < 20; hour++) {
      for (const n of [0, 1, 2]) await first.log.append('a', `${hour}/${n}`, draft(`${hour}/${n}`))
      await pass(60 * MINUTE_MS)
    }
    await first.close()
    const { log } = await opened(directory, { clock })
    for (let hour = 0; hour < 20; hour++) {
      const key = `${hour}/1`
      expect(await log.append('a', key, draft(key), { asked: true })).toMatchObject({ duplicate: true })
    }
    expect(seqs(await log.heads(['a']))).toEqual([60])
  })

  test('has the dropped room’s new epoch, and none of its entries', async () => {
    const directory = freshDirectory()
    const first = await opened(directory)
    for (const text of ['one', 'two']) await say(first.log, 'a', text)
    await commit(first.log, 'a', [{ do: 'drop_room', room: 'a' }])
    const before = await first.log.heads(['a'])
    await first.close()
    const { log } = await opened(directory)
    expect(await log.heads(['a'])).toEqual(before)
    expect((await say(log, 'a', 'anew')).entry.seq).toBe(1)
  })

  test('has all it had where an older version wrote it, and room for what is new', async () => {
    const directory = freshDirectory()
    const first = await opened(directory)
    const device = { device_id: 'phone', name: 'Phone', platform: undefined, last_seen_at: 5 }
    await first.store.apply([{ do: 'set_device', tenant_id: 'acme', user_id: 'ada', device }])
    const { entry } = await first.log.append('a', 'k', draft('one'))
    await first.close()
    const db = new DatabaseSync(join(directory, 'parley.db'))
    for (const table of ['presences', 'checkpoints', 'queued', 'revocations']) db.exec(`DROP TABLE ${table}`)
    db.exec('ALTER TABLE scheduled DROP COLUMN tries; PRAGMA user_version = 1')
    db.close()

    const { log, store, close } = await opened(directory)
    expect(await store.devices('acme', 'ada')).toEqual([device])
    expect(await log.append('a', 'k', draft('one'))).toMatchObject({ duplicate: true, entry: { id: entry.id } })
    const presence = { status: 'dnd' } as const
    await store.apply([{ do: 'set_presence', tenant_id: 'acme', user_id: 'ada', presence }])
    await close()
    expect(await (await opened(directory)).store.presences('acme', ['ada'])).toEqual([presence])
  })

  test('is refused while it is open, with a sentence that names the directory', async () => {
    const directory = freshDirectory()
    await opened(directory)
    expect(await refusal(opened(directory))).toMatchObject({
      message: expect.stringContaining(`The data in ${directory} is in use by another process.`),
    })
  })

  test('is refused where a newer version wrote it', async () => {
    const directory = freshDirectory()
    await (await opened(directory)).close()
    const db = new DatabaseSync(join(directory, 'parley.db'))
    db.exec('PRAGMA user_version = 99')
    db.close()
    expect(await refusal(opened(directory))).toMatchObject({
      message: expect.stringContaining('was written by a newer version of this program'),
    })
    expect(await refusal(opened(directory))).toMatchObject({ message: expect.stringContaining('newer version') }) // and not "in use"
  })
})

describe('sqlite: what cannot be committed', () => {
  /** As a full disk would: nothing can be written any more. */
  function full(directory: string) {
    const other = new DatabaseSync(join(directory, 'parley.db'))
    other.exec("CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'no room'); END")
    return {
      over() {
        other.exec('DROP TRIGGER full')
        other.close()
      },
    }
  }

  const unavailable = { code: 'unavailable', more: { retry_after_ms: 1_000 } }

  test('is unavailable, with what was numbered on top of it, and nobody is told', async () => {
    const directory = freshDirectory()
    const { log, store, health, reported } = await opened(directory)
    await commit(log, 'a', [{ do: 'set_room', room: 'a', state: state('a') }], { touches: ['room'] })
    const before = await log.heads(['a', 'new'])
    const heard: number[] = []
    await log.follow('a', ({ seq }) => void heard.push(seq))

    const disk = full(directory)
    const attempts = Array.from({ length: 30 }, (_, n) =>
      commit(log, n % 2 ? 'a' : 'new', [{ do: 'set_member', room: 'a', user_id: 'ada', role: 'owner', joined_at: 1 }], {
        touches: ['room'],
      }),
    )
    const results = await Promise.allSettled([...attempts, store.apply([{ do: 'drop_room', room: 'a' }])])
    const refused = results.filter(({ status }) => status === 'rejected')
    expect(refused.length).toBeGreaterThanOrEqual(30)
    for (const { reason } of refused as PromiseRejectedResult[]) expect(reason).toMatchObject(unavailable)
    expect(await log.heads(['a', 'new'])).toEqual(before)
    expect(await store.member('a', 'ada')).toBeUndefined()
    expect(heard).toEqual([])
    expect(health()).toMatchObject({ status: 'failing', detail: expect.stringContaining('no room') })
    expect(reported).toHaveLength(1)

    disk.over()
    expect((await say(log, 'a', 'again', {}, { since: { room: 1 } })).entry.seq).toBe(2)
    expect((await say(log, 'new', 'first')).entry.seq).toBe(1)
    expect(heard).toEqual([2])
    expect(health()).toEqual({ status: 'ok' })
  })

  test('leaves its key free, and a duplicate that waited for it fails with it', async () => {
    const directory = freshDirectory()
    const { log } = await opened(directory)
    await say(log, 'a', 'one')
    const disk = full(directory)
    const both = await Promise.allSettled([1, 2].map(() => log.append('a', 'k', draft('two'))))
    expect(both).toMatchObject([{ reason: unavailable }, { reason: unavailable }])
    disk.over()
    expect(await log.append('a', 'k', draft('other'))).toMatchObject({ duplicate: false, entry: { seq: 2 } })
  })

  test('takes a dropped room back, and the bodies that were to go', async () => {
    const directory = freshDirectory()
    const { log, store } = await opened(directory)
    const { entry } = await say(log, 'a', 'one')
    await store.apply([{ do: 'set_room', room: 'a', state: state('a') }])
    const disk = full(directory)
    const refused = [
      say(log, 'a', 'x', {}, { redacts: [1], touches: [entry.id] }),
      commit(log, 'a', [{ do: 'drop_room', room: 'a' }]),
      say(log, 'a', 'anew'),
    ]
    expect(await Promise.allSettled(refused)).toMatchObject(refused.map(() => ({ reason: unavailable })))
    disk.over()
    expect(await log.read('a', await start(log, 'a'), 10)).toEqual([entry])
    expect(await store.room('a')).toMatchObject({ room_id: 'a' })
    expect((await say(log, 'a', 'two', {}, { since: { [entry.id]: 1 } })).entry).toMatchObject({
      seq: 2,
      epoch: entry.epoch,
    })
  })

  test('is tried again by itself, so that health returns without a caller', async () => {
    const directory = freshDirectory()
    const { log, health, tidy } = await opened(directory)
    const disk = full(directory)
    expect(await refusal(say(log, 'a', 'one'))).toMatchObject(unavailable)
    disk.over()
    await tidy()
    expect(health()).toEqual({ status: 'ok' })
  })
})

describe('sqlite: the file', () => {
  const bytesOf = (path: string) => (existsSync(path) ? readFileSync(path) : Buffer.alloc(0))

  test('does not hold what was deleted, expired or dropped, once it is closed', async () => {
    const { clock, pass } = fakeClock()
    const directory = freshDirectory()
    const { log, store, tidy, close } = await opened(directory, { clock })
    const secret = (what: string) => `secret-${what}-${'x'.repeat(50)}`
    await say(log, 'a', secret('deleted'))
    await say(log, 'a', secret('edited'))
    await say(log, 'a', secret('expired'), { expires_at: clock.now() + 1_000 })
    await say(log, 'a', 'kept-for-ever')
    await say(log, 'b', secret('dropped'))
    const edit = { do: 'edit_message', room: 'a', seq: 2, body: secret('overlay'), version: 2, edited_at: 1 } as const
    await commit(log, 'a', [edit])
    await tidy()
    await commit(log, 'a', [{ do: 'delete_message', room: 'a', seq: 1 }], { redacts: [1] })
    await commit(log, 'a', [{ do: 'delete_message', room: 'a', seq: 2 }], { redacts: [2] })
    await commit(log, 'b', [{ do: 'drop_room', room: 'b' }])
    await pass(2_000)
    expect(await log.expire(clock.now(), 10)).toBe(1)
    for (let piece = 0; piece < 4; piece++) await tidy()
    expect(await store.sizes(['a', 'b'])).toMatchObject([{ messages: 4 }, { messages: 0 }])
    await close()

    const held = Buffer.concat(['parley.db', 'parley.db-wal'].map((name) => bytesOf(join(directory, name))))
    expect(held.includes('kept-for-ever')).toBe(true)
    expect(held.includes('secret-')).toBe(false)
  })

  test('has a log of writes that does not grow with what is written', async () => {
    const directory = freshDirectory()
    const { log } = await opened(directory)
    const text = 'x'.repeat(10_000)
    for (let batch = 0; batch < 20; batch++) {
      await Promise.all(Array.from({ length: 100 }, () => say(log, 'a', text)))
      await log.read('a', await start(log, 'a'), 5)
    }
    expect(statSync(join(directory, 'parley.db-wal')).size).toBeLessThan(20 * 1_048_576)
  })

  test('finds the place of an entry by search, in one row for 64 of them', async () => {
    const directory = freshDirectory()
    const { log, store, close } = await opened(directory, { foldAt: 500 })
    for (let batch = 0; batch < 10; batch++)
      await Promise.all(Array.from({ length: 640 }, (_, n) => say(log, 'a', `${batch * 640 + n}`)))
    expect((await store.history('a', { before_seq: 3_001, limit: 2 })).map(textOf)).toEqual(['2998', '2999'])
    expect((await store.history('a', { after_seq: 70, limit: 2 })).map(textOf)).toEqual(['70', '71'])
    await close()

    const db = new DatabaseSync(join(directory, 'parley.db'))
    for (const sql of [LAST_RUN, RUNS_UP, RUNS_DOWN]) {
      const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[]
      expect(plan.map(({ detail }) => detail.replace(/ \(.*/, ''))).toEqual(['SEARCH runs USING PRIMARY KEY'])
    }
    expect(db.prepare('SELECT count(*) AS runs FROM runs').get()).toMatchObject({ runs: 100 })
    db.close()
  })

  test('is not read for what is for others, and a page ends after a long way over it', async () => {
    const { log, store, tidy } = await opened(freshDirectory(), { foldAt: 1_000 })
    await say(log, 'a', 'for all')
    const private_ = { audience: ['ada', 'bob'] }
    for (let batch = 0; batch < 6; batch++)
      await Promise.all(Array.from({ length: 1_000 }, (_, n) => say(log, 'a', `${n}`, private_)))
    await say(log, 'a', 'for eve', { audience: ['ada', 'eve'] })
    await tidy()
    const page = await store.history('a', { limit: 10, for: 'eve' })
    expect(page.map(({ entry }) => entry.audience?.includes('eve'))).toEqual([false, true])
    expect(await pagesFor(store, 'a', { limit: 10, for: 'eve' })).toEqual([1, 6_002])
    expect(await pagesFor(store, 'a', { limit: 10, after_seq: 0, for: 'eve' })).toEqual([1, 6_002])
    expect(await store.unread('a', 'eve', 0, 100)).toBe(2)
  })

  test('goes through no table for what is asked often', async () => {
    const directory = freshDirectory()
    await (await opened(directory)).close()
    const db = new DatabaseSync(join(directory, 'parley.db'))
    const asked = [
      'SELECT 1 FROM members WHERE tenant_id = ? AND user_id = ?',
      'SELECT 1 FROM scheduled WHERE deliver_at <= ? ORDER BY deliver_at LIMIT ?',
      'SELECT 1 FROM rooms WHERE tenant_id = ? AND room_id > ? ORDER BY room_id LIMIT ?',
      'SELECT 1 FROM reactions WHERE log = ? AND seq >= ? AND seq <= ?',
      'SELECT 1 FROM expiring WHERE expires_at <= ? ORDER BY expires_at, n LIMIT ?',
      ...[PRESENCE, CHECKPOINT, QUEUED, QUEUED_OVER, REVOCATIONS, REVOKED_OVER],
    ]
    for (const sql of asked) {
      const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[]
      for (const { detail } of plan) if (!/\(?subquery/.test(detail)) expect(detail).toStartWith('SEARCH')
    }
    db.close()
  })
})

describe('sqlite: keys', () => {
  /** As the file would keep them. */
  function kept() {
    const pages = new Map<string, Uint32Array>()
    let read = 0
    const keys = keysOf([], (generation, page) => {
      read++
      return pages.get(`${generation}/${page}`)
    })
    return {
      keys,
      reads: () => read,
      store() {
        for (const generation of keys.complete()) {
          const bits = bitsFor(generation.count)
          for (const [page, pairs] of pagesOf(generation.table as Uint32Array, bits))
            pages.set(`${generation.id}/${page}`, Uint32Array.from(pairs))
          keys.stored(generation, bits)
        }
      },
    }
  }

  const hashes = (count: number, seed: number) => Array.from({ length: count }, (_, n) => hashOf(`key ${n}`, seed))

  test('that were used are found: in memory, on disk lately, and on disk long ago', () => {
    const { keys, store } = kept()
    const [old, late, fresh] = [1, 2, 3].map((seed) => hashes(20_000, seed)) as [number[], number[], number[]]
    for (const [i, hash] of old.entries()) keys.add(hash, i, 0)
    for (const [i, hash] of late.entries()) keys.add(hash, 20_000 + i, 3_600_000)
    for (const [i, hash] of fresh.entries()) keys.add(hash, 40_000 + i, 4_200_000)
    store()
    const now = 4_200_000
    for (const i of [0, 1, 9_999, 19_999]) {
      expect(keys.find(old[i] as number, now, DAY_MS)).toContain(i)
      expect(keys.find(late[i] as number, now, HOT_MS)).toContain(20_000 + i)
      expect(keys.find(fresh[i] as number, now, HOT_MS)).toContain(40_000 + i)
    }
  })

  test('that are new are known to be so without a look at the disk', () => {
    const { keys, store, reads } = kept()
    for (const [i, hash] of hashes(50_000, 1).entries()) keys.add(hash, i, 0)
    keys.close()
    store()
    for (const hash of hashes(10_000, 2)) keys.find(hash, 0, HOT_MS)
    expect(reads()).toBeLessThan(20)
  })

  test('of more than a day ago are forgotten', () => {
    const { keys, store } = kept()
    keys.add(1, 1, 0)
    keys.add(2, 2, HOT_MS)
    store()
    expect(keys.expired(DAY_MS)).toEqual([])
    expect(keys.expired(DAY_MS + 1)).toMatchObject([{ id: 1 }])
    expect(keys.find(1, DAY_MS + 1, DAY_MS)).toEqual([])
  })
})
