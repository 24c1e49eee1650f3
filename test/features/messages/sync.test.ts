import { describe, expect, test } from 'bun:test'
import type { Envelope } from '../../../src/protocol/envelope.ts'
import { testService } from '../../support/service.ts'

const room_id = 'lobby'

/** A room in which so many things were said, from number 2 on. */
async function said(count: number, more: Record<string, unknown> = {}) {
  const service = testService()
  await service.room(room_id, ['ada', 'bob'], more)
  const ada = service.user('ada')
  const say = (text: string, to = room_id) => ada.send('message:send', { room_id: to, content: { text } })
  for (let n = 0; n < count; n++) await say(`${n}`)
  const sync = async (asked: object, user = ada, limit?: number) =>
    (await user.send('message:sync', { rooms: [{ room_id, ...asked }], ...(limit && { limit }) })).rooms[0]
  return { service, ada, say, sync }
}

const seqs = (events: Envelope<{ seq: number }>[]) => events.map(({ payload }) => payload.data.seq)

describe('message:sync', () => {
  test('gives all that came after a number, of whatever kind, as it was told live', async () => {
    const { service, ada, sync } = await said(2)
    const { message_id } = await ada.send('message:send', { room_id, content: { text: 'hi' } })
    await ada.send('message:react', { room_id, message_id, emoji: '👍', op: 'add' })
    await ada.send('room:update', { room_id, name: 'Lobby' })
    const answer = await sync({ after_seq: 2 }, service.user('bob'))
    expect(answer).toMatchObject({ room_id, epoch: expect.any(String), last_seq: 6, has_more: false })
    expect(answer).not.toHaveProperty('reset')
    expect(answer.events.map(({ payload }: Envelope) => payload)).toEqual(
      (await service.user('bob').log(room_id)).slice(2),
    )
    for (const one of answer.events)
      expect(one).toMatchObject({
        type: 'message',
        tenant_id: 'acme',
        timestamp: service.clock.now(),
        id: expect.any(String),
      })
  })

  test('gives a page of at most `limit`, and says whether there is more', async () => {
    const { sync } = await said(300)
    const first = await sync({ after_seq: 1 })
    expect([first.events.length, first.has_more, first.last_seq]).toEqual([200, true, 301])
    const second = await sync({ after_seq: 201 }, undefined, 50)
    expect([seqs(second.events)[0], second.events.length, second.has_more]).toEqual([202, 50, true])
    const last = await sync({ after_seq: 251 }, undefined, 50)
    expect([seqs(last.events).at(-1), last.has_more]).toEqual([301, false])
  })

  test('at the head gives nothing, and no reset', async () => {
    const { sync } = await said(1)
    const { epoch } = await sync({ after_seq: 0 })
    expect(await sync({ epoch, after_seq: 2 })).toEqual({ room_id, epoch, events: [], last_seq: 2, has_more: false })
  })

  test('asks for a new start where the epoch is another, or the number past the head', async () => {
    const { sync } = await said(3)
    const { epoch } = await sync({ after_seq: 0 })
    const reset = { room_id, epoch, events: [], last_seq: 4, has_more: false, reset: true }
    expect(await sync({ epoch: 'of another time', after_seq: 2 })).toEqual(reset)
    expect(await sync({ epoch: 'of another time', after_seq: 4 })).toEqual(reset)
    expect(await sync({ epoch, after_seq: 5 })).toEqual(reset)
    expect(await sync({ after_seq: 1e15 })).toEqual(reset)
  })

  test('asks for a new start after the room was made again', async () => {
    const { ada, sync, service } = await said(3)
    const { epoch } = await sync({ after_seq: 0 })
    await ada.send('room:delete', { room_id })
    await service.room(room_id, ['ada'])
    const again = await sync({ epoch, after_seq: 1 })
    expect(again).toMatchObject({ events: [], last_seq: 1, reset: true })
    expect(again.epoch).not.toBe(epoch)
  })

  test('is cut at 256 KiB over all rooms together, and says of each whether there is more', async () => {
    const { ada, service } = await said(0)
    await service.room('other', ['ada'])
    await service.room('third', ['ada'])
    for (const room of [room_id, 'other', 'third'])
      for (let n = 0; n < 3; n++)
        await ada.send('message:send', { room_id: room, content: { text: 'x'.repeat(60_000) }, client_id: `${n}` })
    const rooms = [room_id, 'other', 'third'].map((room) => ({ room_id: room, after_seq: 1 }))
    const answer = await ada.send('message:sync', { rooms })
    expect(answer.rooms.map(({ events, has_more }: any) => [events.length, has_more])).toEqual([
      [3, false],
      [1, true],
      [0, true],
    ])
  })

  test('tells no number past the `last_seq` it names, also while more is said', async () => {
    const { service, sync, say } = await said(2)
    const { read } = service.log
    service.log.read = async (...asked) => {
      service.log.read = read
      await say('meanwhile')
      return read(...asked)
    }
    const { events, last_seq, has_more } = await sync({ after_seq: 0 })
    expect([seqs(events), last_seq, has_more]).toEqual([[1, 2, 3], 3, false])
  })

  test('of a room that shows what came after one joined skips what came before', async () => {
    const { service, ada, sync } = await said(2, { history: 'since_join' })
    await ada.send('room:invite', { room_id, user_ids: ['eve'] })
    const eve = service.user('eve')
    await eve.send('room:join', { room_id })
    const { events } = await sync({ after_seq: 0 }, eve)
    expect(events.map(({ payload }: Envelope) => payload.action)).toEqual([
      ...Array(3).fill('log_skipped'),
      'room_member_joined',
    ])
  })

  test('is refused where one of the rooms is not the caller’s to read', async () => {
    const { service, sync } = await said(1)
    await service.room('secret', ['bob'])
    const both = {
      rooms: [
        { room_id, after_seq: 0 },
        { room_id: 'secret', after_seq: 0 },
      ],
    }
    expect(await service.user('ada').refused('message:sync', both)).toBe('forbidden')
    expect(await service.user('ada', { tenant: 'globex' }).refused('message:sync', both)).toBe('not_found')
    await service.user('ada').send('room:kick', { room_id, user_id: 'bob' })
    await expect(sync({ after_seq: 0 }, service.user('bob'))).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('says which field is wrong', async () => {
    const { ada } = await said(0)
    const from = { room_id, after_seq: 0 }
    for (const [path, data] of [
      ['rooms', { rooms: [] }],
      ['rooms', { rooms: Array(101).fill(from) }],
      ['rooms', { rooms: from }],
      ['rooms.0.after_seq', { rooms: [{ room_id }] }],
      ['rooms.0.after_seq', { rooms: [{ room_id, after_seq: -1 }] }],
      ['rooms.0.epoch', { rooms: [{ ...from, epoch: 7 }] }],
      ['limit', { rooms: [from], limit: 201 }],
    ] as const)
      expect(await ada.failure('message:sync', data)).toMatchObject({ code: 'validation_failed', details: [{ path }] })
  })
})
