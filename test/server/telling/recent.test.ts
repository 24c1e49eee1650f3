import { describe, expect, test } from 'bun:test'
import { memoryWorld } from '../../../src/adapters/memory/world.ts'
import type { Entry, Position } from '../../../src/protocol/entry.ts'
import { recentOf } from '../../../src/server/telling/recent.ts'
import { fakeClock, settled } from '../../support/clock.ts'
import { draft } from '../../support/follower.ts'

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n)
const seqs = (entries: readonly Entry[]) => entries.map(({ seq }) => seq)

/** A room with so many entries, and how often its log was read. */
async function room(entries: number) {
  const time = fakeClock()
  const { log } = memoryWorld(time.clock)
  const read: number[] = []
  const asked = {
    ...log,
    read: (...[name, after, limit]: Parameters<typeof log.read>) => {
      read.push(after.seq)
      return log.read(name, after, limit)
    },
  }
  const recent = recentOf(asked, time.clock)
  await log.follow('a', (entry) => recent.heard('a', entry))
  const say = (...texts: string[]) => Promise.all(texts.map((text) => log.append('a', text, draft(text))))
  await say(...range(1, entries).map((n) => `${n}`))
  const [{ epoch } = { epoch: '' }] = await log.heads(['a'])
  const after = (seq: number): Position => ({ epoch, seq })
  return { recent, log, read, say, after, time, from: async (seq: number) => seqs(await recent.read('a', after(seq))) }
}

describe('a room that many join', () => {
  test('is read once, however many come at once, each from where they were', async () => {
    const { from, read } = await room(100)
    const all = await Promise.all(range(60, 99).map((seq) => from(seq)))
    expect(all).toEqual(range(60, 99).map((seq) => range(seq + 1, 100)))
    expect(read).toHaveLength(1)
  })

  test('is not read again for those who come soon after, with what was said meanwhile', async () => {
    const { from, read, say } = await room(20)
    expect(await from(15)).toEqual(range(16, 20))
    await say('one', 'two')
    expect(await from(10)).toEqual(range(11, 22))
    expect(read).toHaveLength(1)
  })

  test('is read from further back for who missed more, and both know the rest', async () => {
    const { from, read } = await room(150)
    expect(await from(140)).toEqual(range(141, 150))
    expect(await from(20)).toEqual(range(21, 150))
    expect(await from(95)).toEqual(range(96, 150))
    expect(read).toEqual([90, 0])
  })

  test('is read in pages by who is far behind, and once by all of these', async () => {
    const { from, read } = await room(500)
    const behind = async () => {
      const heard: number[] = []
      while (heard.at(-1) !== 500) heard.push(...(await from(heard.at(-1) ?? 0)))
      return heard
    }
    expect(await Promise.all(range(1, 20).map(behind))).toEqual(Array(20).fill(range(1, 500)))
    expect(read).toEqual([0, 200, 400])
  })

  test('is read again after some seconds in which nobody came', async () => {
    const { from, read, time } = await room(10)
    await from(5)
    await time.pass(10_000)
    await from(5)
    expect(read).toHaveLength(2)
  })

  test('is read again at last however many come, since its log may have been cut', async () => {
    const { from, read, time, log } = await room(10)
    await from(5)
    await log.cut('a', Number.MAX_SAFE_INTEGER, 8)
    for (let s = 0; s < 40; s++) {
      await time.pass(1_000)
      await from(9)
    }
    expect(read.length).toBeGreaterThan(1)
    expect(await from(5)).toEqual([9, 10])
  })

  test('gives nothing of a message that was deleted, also where it is deleted while it is read', async () => {
    const { from, read, log, time } = await room(10)
    await from(5)
    const gone = { tenant_id: 'acme', room_id: 'a', action: 'message_deleted', kept: {} }
    await log.append('a', 'gone', gone, { redacts: [7] })
    expect(await from(5)).toEqual(range(6, 11))
    await time.pass(10_000)
    const under = from(2)
    await log.append('a', 'gone too', gone, { redacts: [8] })
    await under
    await settled()
    await from(2)
    expect(read).toHaveLength(4)
  })

  test('answers as its log does where that does not go on from a position', async () => {
    const { recent, from, after } = await room(10)
    await from(1)
    for (const seq of [10, 11, -5, 0.5, Number.NaN])
      expect((await recent.read('a', after(seq)))[0]?.seq).not.toBe(seq + 1)
    expect(await recent.read('a', { epoch: 'another', seq: 5 })).toEqual([])
  })

  test('that cannot be read says so to each who asks, and is read for the next', async () => {
    const { from, log } = await room(3)
    const { read } = log
    log.read = () => Promise.reject(new Error('away'))
    const refused = await Promise.allSettled([from(1), from(2)])
    expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    log.read = read
    expect(await from(1)).toEqual([2, 3])
  })
})
