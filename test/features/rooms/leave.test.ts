import { describe, expect, test } from 'bun:test'
import { fakeConnection } from '../../support/connection.ts'
import { testService } from '../../support/service.ts'

const room_id = 'lobby'

async function lobby() {
  const service = testService()
  await service.room(room_id, ['ada', 'bob', 'eve'])
  return service
}

describe('room:leave', () => {
  test('ends the membership, tells the room, and has the connection hear it no longer', async () => {
    const service = await lobby()
    const connection = fakeConnection(service.log, 'acme')
    const bob = service.user('bob', { connection })
    expect(await bob.send('room:leave', { room_id })).toEqual({})
    expect((await service.user('ada').log(room_id)).at(-1)).toEqual({
      action: 'room_member_left',
      data: { room_id, seq: 2, user_id: 'bob', reason: 'left' },
    })
    expect(connection.did).toEqual(['left lobby'])
    expect(await bob.refused('message:send', { room_id, content: { text: 'hi' } })).toBe('forbidden')
    expect((await bob.send('room:list', {})).rooms).toEqual([])
  })

  test('again, or of a room one is not in, changes nothing', async () => {
    const service = await lobby()
    for (const user of ['bob', 'bob', 'stranger']) await service.user(user).send('room:leave', { room_id })
    expect(await service.user('ada').log(room_id)).toHaveLength(2)
  })

  test('by two devices at once is told once', async () => {
    const service = await lobby()
    await Promise.all([1, 2].map(() => service.user('bob').send('room:leave', { room_id })))
    expect(await service.user('ada').log(room_id)).toHaveLength(2)
  })

  test('by 100 at once lets them all go', async () => {
    const service = testService()
    const crowd = Array.from({ length: 100 }, (_, n) => `u${n}`)
    await service.room(room_id, ['ada', ...crowd])
    const left = await Promise.all(crowd.map((user) => service.user(user).refused('room:leave', { room_id })))
    expect(new Set(left)).toEqual(new Set(['not refused']))
    expect((await service.user('ada').send('room:get', { room_id })).room.member_count).toBe(1)
  })

  test('of a direct room is refused: its two users are always in it', async () => {
    const service = testService()
    const { room } = await service.user('ada').send('room:create', { kind: 'direct', members: ['bob'] })
    expect(await service.user('ada').refused('room:leave', { room_id: room.room_id })).toBe('forbidden')
  })

  test('answers to its older name, and is measured by its own', async () => {
    const service = await lobby()
    await service.user('bob').send('leave_room', { room_id })
    expect(service.measured.at(-1)).toBe('room:leave ok')
  })

  test('is refused where there is no such room, in another tenant, and without its permission', async () => {
    const service = await lobby()
    expect(await service.user('bob').refused('room:leave', { room_id: 'nowhere' })).toBe('not_found')
    expect(await service.user('bob', { tenant: 'globex' }).refused('room:leave', { room_id })).toBe('not_found')
    expect(await service.user('bob', { permissions: ['message:send'] }).refused('room:leave', { room_id })).toBe(
      'forbidden',
    )
  })

  test('and coming back begins anew: nothing of what was said meanwhile is unread', async () => {
    const service = testService()
    await service.room('open', ['ada', 'bob'], { visibility: 'public' })
    await service.user('bob').send('room:leave', { room_id: 'open' })
    await service.user('ada').send('message:send', { room_id: 'open', content: { text: 'hi' } })
    expect(await service.user('bob').send('room:join', { room_id: 'open' })).toMatchObject({ read_seq: 4 })
    expect((await service.user('bob').send('state:sync', {})).rooms[0].unread).toBe(0)
  })
})
