import { describe, expect, test } from 'bun:test'
import type { FailureCode } from '../../../src/protocol/failure.ts'
import { testService } from '../../support/service.ts'

const room_id = 'lobby'
const hi = { room_id, content: { text: 'hi' } }

async function lobby(options = {}) {
  const service = testService(options)
  await service.room(room_id, ['ada', 'bob', 'eve'])
  return service
}

describe('message:send is refused', () => {
  test('to one who is not a member, and nothing is written', async () => {
    const service = await lobby()
    expect(await service.user('mallory').refused('message:send', hi)).toBe('forbidden')
    expect(await service.user('ada').log(room_id)).toHaveLength(1)
  })

  test('where there is no such room, as in another tenant', async () => {
    const service = await lobby()
    expect(await service.user('ada').refused('message:send', { ...hi, room_id: 'nowhere' })).toBe('not_found')
    expect(await service.user('ada', { tenant: 'globex' }).refused('message:send', hi)).toBe('not_found')
  })

  test('to the subscribers of a channel, whose owner publishes', async () => {
    const service = testService()
    await service.room('news', ['ada', 'bob'], { kind: 'channel' })
    const sent = { room_id: 'news', content: { text: 'hi' } }
    expect(await service.user('bob').refused('message:send', sent)).toBe('forbidden')
    expect((await service.user('ada').send('message:send', sent)).seq).toBe(2)
    await service.user('ada').send('room:role', { room_id: 'news', user_id: 'bob', role: 'member' })
    expect(await service.user('bob').refused('message:send', sent)).toBe('not refused')
  })

  test('in an archived room, until it is opened again', async () => {
    const service = await lobby()
    await service.user('ada').send('room:update', { room_id, archived: true })
    expect(await service.user('ada').refused('message:send', hi)).toBe('forbidden')
    await service.user('ada').send('room:update', { room_id, archived: false })
    expect(await service.user('bob').refused('message:send', hi)).toBe('not refused')
  })

  test('where the room asks for a higher role, and allowed where it asks for a lower one', async () => {
    const service = await lobby()
    await service.user('ada').send('room:update', { room_id, permissions: { 'message:send': 'admin' } })
    expect(await service.user('bob').refused('message:send', hi)).toBe('forbidden')
    await service.room('wall', ['ada', 'bob'], { kind: 'channel' })
    await service.user('ada').send('room:update', { room_id: 'wall', permissions: { 'message:send': 'viewer' } })
    expect(await service.user('bob').refused('message:send', { ...hi, room_id: 'wall' })).toBe('not refused')
  })

  test.each([
    [['room:create'], 'forbidden'],
    [[], 'forbidden'],
    [['message:send'], 'not refused'],
    [['message:*'], 'not refused'],
    [['*'], 'not refused'],
    [['admin'], 'not refused'],
    [undefined, 'not refused'],
  ])('or not by what the token permits: %p → %s', async (permissions, answer) => {
    const service = await lobby()
    expect(await service.user('ada', permissions ? { permissions } : {}).refused('message:send', hi)).toBe(
      answer as FailureCode,
    )
  })

  test('not to whom the token lets into the room, or who has the permission `admin`', async () => {
    const service = await lobby()
    const granted = service.user('guest', { grants: { lobby: 'member' } })
    const watching = service.user('guest', { grants: { lobby: 'viewer' } })
    const admin = service.user('root', { permissions: ['admin'] })
    expect(await granted.refused('message:send', hi)).toBe('not refused')
    expect(await watching.refused('message:send', hi)).toBe('forbidden')
    expect(await admin.refused('message:send', hi)).toBe('not refused')
  })

  test('to one who was removed, also where it was decided before and comes after', async () => {
    const service = await lobby()
    const { append } = service.log
    service.log.append = async (...asked) => {
      service.log.append = append
      await service.user('ada').send('room:kick', { room_id, user_id: 'bob' })
      return append(...asked)
    }
    const bob = service.user('bob')
    expect(await bob.refused('message:send', hi)).toBe('forbidden')
    expect(await bob.refused('message:send', hi)).toBe('forbidden')
    expect((await service.user('ada').log(room_id)).map(({ action }) => action)).toEqual([
      'room_updated',
      'room_member_left',
    ])
  })

  test('after 50 in 10 s, saying when to come again', async () => {
    const service = await lobby({ limited: true })
    const ada = service.user('ada')
    for (let n = 0; n < 50; n++) await ada.send('message:send', hi)
    expect(await ada.failure('message:send', hi)).toMatchObject({
      code: 'rate_limited',
      retryable: true,
      retry_after_ms: 200,
      details: { limit: 'message:send', remaining: 0, reset_ms: 10_000 },
    })
    expect(await service.user('bob').refused('message:send', hi)).toBe('not refused')
    await service.pass(200)
    expect(await ada.refused('message:send', hi)).toBe('not refused')
  })
})
