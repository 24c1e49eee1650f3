import { describe, expect, test } from 'bun:test'
import { testService } from '../../support/service.ts'

const room_id = 'lobby'

/** A room in which so many things were said, from number 2 on. */
async function said(count: number, more: Record<string, unknown> = {}) {
  const service = testService()
  await service.room(room_id, ['ada', 'bob'], more)
  const ada = service.user('ada')
  for (let n = 0; n < count; n++) await ada.send('message:send', { room_id, content: { text: `${n}` } })
  const page = async (asked = {}, user = ada) => {
    const { messages, has_more } = await user.send('message:history', { room_id, ...asked })
    return { seqs: messages.map(({ seq }: { seq: number }) => seq), has_more, messages }
  }
  return { service, ada, page }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n)

describe('message:history', () => {
  test('without a number is the newest 50, oldest first', async () => {
    const { page } = await said(60)
    expect(await page()).toMatchObject({ seqs: range(12, 61), has_more: true })
  })

  test('goes back from a number, and forward from a number, and knows when there is no more', async () => {
    const { page } = await said(10)
    expect(await page({ before_seq: 6, limit: 3 })).toMatchObject({ seqs: [3, 4, 5], has_more: true })
    expect(await page({ before_seq: 5, limit: 3 })).toMatchObject({ seqs: [2, 3, 4], has_more: false })
    expect(await page({ after_seq: 5, limit: 3 })).toMatchObject({ seqs: [6, 7, 8], has_more: true })
    expect(await page({ after_seq: 8, limit: 3 })).toMatchObject({ seqs: [9, 10, 11], has_more: false })
    expect(await page({ after_seq: 4, before_seq: 7 })).toMatchObject({ seqs: [5, 6], has_more: false })
    expect(await page({ after_seq: 1e15 })).toMatchObject({ seqs: [], has_more: false })
    expect(await page({ before_seq: 1 })).toMatchObject({ seqs: [], has_more: false })
  })

  test('holds messages only, not what else the log holds', async () => {
    const { service, ada, page } = await said(1)
    await ada.send('room:update', { room_id, name: 'Lobby' })
    await ada.send('message:send', { room_id, content: { text: 'on' } })
    expect((await page()).seqs).toEqual([2, 4])
    expect(service.reported).toEqual([])
  })

  test('has what was acknowledged just before', async () => {
    const { ada, page } = await said(0)
    const { seq } = await ada.send('message:send', { room_id, content: { text: 'now' } })
    expect((await page()).seqs).toEqual([seq])
  })

  test('is cut at 256 KiB, from the end that was asked for', async () => {
    const { ada, page } = await said(0)
    for (let n = 0; n < 6; n++)
      await ada.send('message:send', { room_id, content: { text: 'x'.repeat(60_000) }, client_id: `${n}` })
    expect(await page()).toMatchObject({ seqs: [4, 5, 6, 7], has_more: true })
    expect(await page({ after_seq: 1 })).toMatchObject({ seqs: [2, 3, 4, 5], has_more: true })
    expect(await page({ before_seq: 4 })).toMatchObject({ seqs: [2, 3], has_more: false })
  })

  test('weighs bytes, of text that takes more of them and of binary', async () => {
    const { ada, page } = await said(0)
    for (let n = 0; n < 5; n++) await ada.send('message:send', { room_id, content: { text: '語'.repeat(21_000) } })
    expect((await page()).seqs).toHaveLength(4)
    for (let n = 0; n < 3; n++) await ada.send('message:send', { room_id, content: { data: new Uint8Array(120_000) } })
    expect((await page({ after_seq: 6 })).seqs).toEqual([7, 8])
  })

  test('gives one message at least, however large', async () => {
    const { ada, page } = await said(1)
    await ada.send('message:send', { room_id, content: { data: new Uint8Array(400_000) } })
    expect(await page()).toMatchObject({ seqs: [3], has_more: true })
  })

  test('passes over what is for others, so that no page is empty while something is left', async () => {
    const { service, ada, page } = await said(3)
    await service.user('ada').send('room:invite', { room_id, user_ids: ['eve'] })
    const eve = service.user('eve')
    await eve.send('room:join', { room_id })
    for (let n = 0; n < 30; n++)
      await ada.send('message:send', { room_id, content: { text: 'psst' }, recipients: ['bob'] })
    await ada.send('message:send', { room_id, content: { text: 'aloud' } })
    expect(await page({ limit: 2 }, eve)).toMatchObject({ seqs: [4, 36], has_more: true })
    expect(await page({ limit: 5, before_seq: 36 }, eve)).toMatchObject({ seqs: [2, 3, 4], has_more: false })
    expect(await page({ limit: 5, after_seq: 4 }, eve)).toMatchObject({ seqs: [36], has_more: false })
  })

  test('of a room that shows what came after one joined ends there', async () => {
    const { service, ada, page } = await said(10, { history: 'since_join' })
    await ada.send('room:invite', { room_id, user_ids: ['eve'] })
    const eve = service.user('eve')
    await eve.send('room:join', { room_id })
    for (const text of ['a', 'b']) await ada.send('message:send', { room_id, content: { text } })
    expect(await page({}, eve)).toMatchObject({ seqs: [13, 14], has_more: false })
    expect(await page({ limit: 1 }, eve)).toMatchObject({ seqs: [14], has_more: true })
    expect(await page({ before_seq: 13, limit: 5 }, eve)).toMatchObject({ seqs: [], has_more: false })
    expect(await page({ after_seq: 0, limit: 2 }, eve)).toMatchObject({ seqs: [13, 14], has_more: false })
    expect((await page({ limit: 200 })).seqs).toHaveLength(12)
    expect((await page({}, service.user('root', { permissions: ['admin'] }))).seqs).toHaveLength(12)
  })

  test('of a public room is for everyone of the tenant, else for members', async () => {
    const { service } = await said(1, { visibility: 'public' })
    await service.room('private', ['ada'])
    expect(await service.user('eve').refused('message:history', { room_id })).toBe('not refused')
    expect(await service.user('eve', { tenant: 'globex' }).refused('message:history', { room_id })).toBe('not_found')
    expect(await service.user('eve').refused('message:history', { room_id: 'private' })).toBe('forbidden')
    expect(await service.user('ada', { permissions: [] }).refused('message:history', { room_id })).toBe('not refused')
  })

  test('is not for one who was removed', async () => {
    const { service, ada } = await said(1)
    expect(await service.user('bob').refused('message:history', { room_id })).toBe('not refused')
    await ada.send('room:kick', { room_id, user_id: 'bob' })
    expect(await service.user('bob').refused('message:history', { room_id })).toBe('forbidden')
  })

  test('says which field is wrong', async () => {
    const { ada } = await said(0)
    for (const [path, asked] of [
      ['limit', { limit: 201 }],
      ['limit', { limit: 0 }],
      ['limit', { limit: 1.5 }],
      ['before_seq', { before_seq: 0 }],
      ['after_seq', { after_seq: -1 }],
      ['after_seq', { after_seq: '1' }],
    ] as const)
      expect(await ada.failure('message:history', { room_id, ...asked })).toMatchObject({ details: [{ path }] })
  })
})
