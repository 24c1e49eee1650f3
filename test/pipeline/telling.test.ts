import { describe, expect, test } from 'bun:test'
import { features } from '../../src/features/registry.ts'
import { telling } from '../../src/pipeline/telling.ts'
import type { Entry } from '../../src/protocol/entry.ts'
import type { Envelope } from '../../src/protocol/envelope.ts'
import { testService } from '../support/service.ts'

const kept = { sender_id: 'ada', client_id: 'k' }
const entry: Entry = {
  tenant_id: 'acme',
  room_id: 'lobby',
  action: 'message_new',
  kept,
  body: { content: { type: 'text', text: 'hi' } },
  id: '019b76da-a800-7c75-8327-570000000007',
  epoch: 'e',
  seq: 7,
  at: 100,
}
const skipped: Envelope = {
  type: 'message',
  id: entry.id,
  tenant_id: 'acme',
  timestamp: 100,
  payload: { action: 'log_skipped', data: { room_id: 'lobby', seq: 7 } },
}

const at = (now: number) => telling(features, () => now)
const messageOf = ({ payload }: Envelope) => (payload.data as { message: Record<string, unknown> }).message

describe('an entry', () => {
  test('is told as one envelope, with the entry’s own id and time, the same to everyone', () => {
    const tell = at(200)
    const said = tell(entry)
    expect(said).toMatchObject({ type: 'message', id: entry.id, tenant_id: 'acme', timestamp: 100 })
    expect(said.payload).toMatchObject({ action: 'message_new', data: { room_id: 'lobby', seq: 7 } })
    for (const user_id of ['ada', 'bob']) expect(tell(entry, { user_id })).toEqual(said)
  })

  test('with an audience is told to it; to others, and to all at once, it is skipped', () => {
    const tell = at(200)
    const whispered = { ...entry, audience: ['ada', 'bob'] }
    expect(tell(whispered, { user_id: 'bob' })).toEqual(tell(entry))
    expect(tell(whispered, { user_id: 'eve' })).toEqual(skipped)
    expect(tell(whispered)).toEqual(skipped)
  })

  test('before what one may see is skipped', () => {
    const tell = at(200)
    expect(tell(entry, { user_id: 'bob', from_seq: 8 })).toEqual(skipped)
    expect(tell(entry, { user_id: 'bob', from_seq: 7 })).toEqual(tell(entry))
    expect([tell.shown(entry, { user_id: 'b', from_seq: 8 }), tell.shown(entry, { user_id: 'b' })]).toEqual([
      false,
      true,
    ])
  })

  test('is told without its body from its expiry on, to the millisecond', () => {
    const expiring = { ...entry, expires_at: 150 }
    expect(messageOf(at(149)(expiring))).toMatchObject({ content: { text: 'hi' }, expires_at: 150 })
    expect(messageOf(at(150)(expiring))).toMatchObject({ content: null, expires_at: 150 })
    expect(messageOf(at(150)({ ...expiring, body: undefined }))).toEqual(messageOf(at(150)(expiring)))
  })

  test('that was deleted says since when', () => {
    const deleted = { ...entry, body: undefined, redacted_at: 120 }
    expect(messageOf(at(200)(deleted))).toMatchObject({ content: null, deleted_at: 120, sender_id: 'ada' })
  })

  test('of a kind that this version does not know is a bug, and no silence', () => {
    expect(() => at(200)({ ...entry, action: 'from_the_future' })).toThrow('from_the_future')
    expect(() => at(200)({ ...entry, action: 'message_receipt' })).toThrow()
  })
})

describe('live and sync', () => {
  test('tell everyone the same, envelope for envelope, whatever happened', async () => {
    const service = testService()
    const room_id = 'lobby'
    await service.room(room_id, ['ada', 'bob', 'eve'])
    const live: Entry[] = []
    await service.log.follow('acme/room/lobby', (one) => void live.push(one))
    const [ada, bob] = [service.user('ada'), service.user('bob')]
    const { message_id } = await ada.send('message:send', { room_id, content: { text: '1', data: { a: [1] } } })
    await ada.send('message:send', { room_id, content: { text: 'psst' }, recipients: ['bob'] })
    await bob.send('message:react', { room_id, message_id, emoji: '👍', op: 'add' })
    await ada.send('message:edit', { room_id, message_id, content: { text: '2' } })
    await ada.send('room:update', { room_id, name: 'Hall' })
    await ada.send('room:role', { room_id, user_id: 'eve', role: 'viewer' })
    await bob.send('room:leave', { room_id })
    const tell = at(service.clock.now())
    for (const user_id of ['ada', 'eve']) {
      const { rooms } = await service.user(user_id).send('message:sync', { rooms: [{ room_id, after_seq: 1 }] })
      expect(rooms[0].events).toEqual(live.map((one) => tell(one, { user_id })))
    }
  })
})
