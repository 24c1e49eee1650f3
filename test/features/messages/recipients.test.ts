import { describe, expect, test } from 'bun:test'
import { userKey } from '../../../src/protocol/ids.ts'
import { testService } from '../../support/service.ts'

const room_id = 'lobby'
const psst = { room_id, content: { text: 'psst' }, recipients: ['bob'] }

/** A room of three, in which ada has said something to bob alone: its number is 2. */
async function whispered() {
  const service = testService()
  await service.room(room_id, ['ada', 'bob', 'eve'])
  const [ada, bob, eve] = [service.user('ada'), service.user('bob'), service.user('eve')]
  const { message_id } = await ada.send('message:send', psst)
  return { service, ada, bob, eve, message_id }
}

const kinds = async (user: { log(room_id: string): Promise<{ action: string }[]> }) =>
  (await user.log(room_id)).map(({ action }) => action).slice(1)

describe('a message with recipients', () => {
  test('is told to them and to its sender; for the others it leaves no hole, and tells them nothing', async () => {
    const { ada, bob, eve } = await whispered()
    for (const one of [ada, bob]) expect((await one.log(room_id))[1]?.data.message.content.text).toBe('psst')
    expect((await eve.log(room_id))[1]).toEqual({ action: 'log_skipped', data: { room_id, seq: 2 } })
  })

  test('is skipped in sync as it is live, envelope for envelope', async () => {
    const { eve, ada } = await whispered()
    for (const one of [eve, ada]) {
      const { rooms } = await one.send('message:sync', { rooms: [{ room_id, after_seq: 1 }] })
      expect(rooms[0].events.map(({ payload }: { payload: unknown }) => payload)).toEqual(
        (await one.log(room_id)).slice(1),
      )
    }
  })

  test('is in the history of those it is for, and counts as unread for them only', async () => {
    const { ada, bob, eve } = await whispered()
    for (const [user, count] of [
      [ada, 1],
      [bob, 1],
      [eve, 0],
    ] as const)
      expect((await user.send('message:history', { room_id })).messages).toHaveLength(count)
    const unread = async (user: typeof ada) => (await user.send('state:sync', {})).rooms[0].unread
    expect([await unread(ada), await unread(bob), await unread(eve)]).toEqual([0, 1, 0])
  })

  test('is edited, reacted to and deleted among the same people', async () => {
    const { ada, bob, eve, message_id } = await whispered()
    await ada.send('message:edit', { room_id, message_id, content: { text: 'psst!' } })
    await bob.send('message:react', { room_id, message_id, emoji: '🤫', op: 'add' })
    await ada.send('message:delete', { room_id, message_id })
    const all = ['message_new', 'message_updated', 'message_reaction', 'message_deleted']
    expect([await kinds(ada), await kinds(bob)]).toEqual([all, all])
    expect(await kinds(eve)).toEqual(Array(4).fill('log_skipped'))
  })

  test('does not exist for the others, whatever they are in the room', async () => {
    const { service, eve, ada, message_id } = await whispered()
    await ada.send('room:role', { room_id, user_id: 'eve', role: 'admin' })
    const about = { room_id, message_id }
    expect(await eve.refused('message:edit', { ...about, content: { text: 'x' } })).toBe('not_found')
    expect(await eve.refused('message:delete', about)).toBe('not_found')
    expect(await eve.refused('message:react', { ...about, emoji: '👀', op: 'add' })).toBe('not_found')
    expect(await eve.refused('message:read', about)).toBe('not_found')
    const any = service.user('eve', { permissions: ['*'] })
    expect(await any.refused('message:delete', about)).toBe('not_found')
  })

  test('has receipts for the same people, as long as they are in the room', async () => {
    const { service, bob, message_id, ada } = await whispered()
    await bob.send('message:delivered', { room_id, seq: 2 })
    await service.pass(100)
    expect(service.tellings('message_receipt')).toEqual([{ places: [userKey('acme', 'ada'), userKey('acme', 'bob')] }])
    await ada.send('room:kick', { room_id, user_id: 'bob' })
    await ada.send('message:read', { room_id, message_id })
    await service.pass(100)
    expect(service.tellings('message_receipt').at(-1)).toEqual({ places: [userKey('acme', 'ada')] })
  })

  test('is for its sender also where they are not named, and for nobody twice', async () => {
    const { ada } = await whispered()
    const { message_id } = await ada.send('message:send', { ...psst, recipients: ['ada', 'bob', 'bob'] })
    expect((await ada.send('message:history', { room_id, after_seq: 2 })).messages).toMatchObject([{ message_id }])
  })

  test('names members of the room only, 1 to 100 of them', async () => {
    const { ada } = await whispered()
    const asked = (recipients: unknown) => ada.failure('message:send', { ...psst, recipients })
    const many = Array.from({ length: 101 }, (_, n) => `u${n}`)
    for (const recipients of [['bob', 'mallory'], [], many, 'bob'])
      expect(await asked(recipients)).toMatchObject({ code: 'validation_failed', details: [{ path: 'recipients' }] })
    expect(await ada.log(room_id)).toHaveLength(2)
  })
})
