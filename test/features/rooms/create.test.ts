import { describe, expect, test } from 'bun:test'
import type { Room } from '../../../src/ports/store.ts'
import { testService } from '../../support/service.ts'

describe('room:create', () => {
  test('makes the room with its members, as the first entry of its log, and has them follow it', async () => {
    const service = testService()
    const asked = { room_id: 'lobby', kind: 'group', name: 'Lobby', members: ['bob', 'bob', 'ada'], metadata: { a: 1 } }
    const { room } = await service.user('ada').send('room:create', asked)
    expect(room).toEqual({
      room_id: 'lobby',
      kind: 'group',
      name: 'Lobby',
      metadata: { a: 1 },
      visibility: 'private',
      created_by: 'ada',
      created_at: service.clock.now(),
      version: 1,
      member_count: 2,
      last_seq: 1,
      archived: false,
    })
    expect(await service.user('bob').log('lobby')).toEqual([
      { action: 'room_updated', data: { room_id: 'lobby', seq: 1, room } },
    ])
    expect([service.follows('ada', 'lobby'), service.follows('bob', 'lobby')]).toEqual([true, true])
  })

  test('gives it an id of its own where none is named', async () => {
    const ada = testService().user('ada')
    const ids = await Promise.all([1, 2].map(() => ada.send('room:create', { kind: 'group' })))
    expect(new Set(ids.map(({ room }) => room.room_id)).size).toBe(2)
  })

  test('asked again under the same id gives the same room, to the same user', async () => {
    const service = testService()
    const asked = { id: 'e1', payload: { data: { kind: 'group', name: 'Mine' } } }
    const ada = service.user('ada')
    const [first, again] = await Promise.all([ada.send('room:create', asked), ada.send('room:create', asked)])
    expect([again, await ada.send('room:create', asked)]).toEqual([first, first])
    expect(await ada.log(first.room.room_id)).toHaveLength(1)
    expect((await service.user('bob').send('room:create', asked)).room.room_id).not.toBe(first.room.room_id)
    const { room_id } = (await ada.send('room:create', { ...asked, id: 'e2' })).room
    await ada.send('room:delete', { room_id })
    await service.user('mallory').send('room:create', { room_id, kind: 'group' })
    expect(await ada.refused('room:create', { ...asked, id: 'e2' })).toBe('conflict')
  })

  test('makes its maker the owner, in a group the others members, in a channel viewers', async () => {
    const service = testService()
    const rolesIn = async (kind: string) => {
      await service.room(kind, ['ada', 'bob'], { kind })
      const { members } = await service.user('ada').send('room:members', { room_id: kind })
      return members.map(({ role }: { role: string }) => role)
    }
    expect([await rolesIn('group'), await rolesIn('channel')]).toEqual([
      ['owner', 'member'],
      ['owner', 'viewer'],
    ])
  })

  test('of an id that is taken is a conflict, also for two at once', async () => {
    const service = testService()
    const make = (user: string) => service.user(user).refused('room:create', { room_id: 'lobby', kind: 'group' })
    expect((await Promise.all([make('ada'), make('bob')])).toSorted()).toEqual(['conflict', 'not refused'])
    expect(await make('eve')).toBe('conflict')
  })

  test('makes equal ids of two tenants two rooms that never meet', async () => {
    const service = testService()
    await service.room('lobby', ['ada'])
    const other = service.user('ada', { tenant: 'globex' })
    await other.send('room:create', { room_id: 'lobby', kind: 'group', name: 'Theirs' })
    await other.send('message:send', { room_id: 'lobby', content: { text: 'hi' } })
    expect((await service.user('ada').send('room:get', { room_id: 'lobby' })).room).toMatchObject({
      name: '',
      last_seq: 1,
    })
    expect((await service.user('ada').send('room:list', {})).rooms).toHaveLength(1)
  })

  test('keeps tenants and rooms apart however their names are put together', async () => {
    const service = testService()
    for (const [tenant, room_id] of [
      ['a/room/b', 'c'],
      ['a', 'b/room/c'],
      ['a', 'room/b/c'],
      ['a%2Froom', 'b'],
      ['a', '%2Froom/b'],
    ] as const)
      expect(
        await service
          .user('ada', { tenant })
          .refused('room:create', { room_id, kind: 'group', name: `${tenant} ${room_id}` }),
      ).toBe('not refused')
    const { room } = await service.user('ada', { tenant: 'a' }).send('room:get', { room_id: 'b/room/c' })
    expect(room.name).toBe('a b/room/c')
  })

  test('of kind direct is made once for two users, and given again to who asks again', async () => {
    const service = testService()
    const direct = (user: string, members: string[]) =>
      service.user(user).send('room:create', { kind: 'direct', members })
    const { room } = await direct('ada', ['bob'])
    expect(room).toMatchObject({ kind: 'direct', member_count: 2, room_id: expect.stringMatching(/^direct\./) })
    expect((await direct('bob', ['ada', 'bob'])).room).toEqual(room)
    expect((await direct('ada', ['eve'])).room.room_id).not.toBe(room.room_id)
  })

  test('of kind direct by both at once is one room', async () => {
    const service = testService()
    const rooms = await Promise.all(
      [
        ['ada', 'bob'],
        ['bob', 'ada'],
      ].map(([one, other]) => service.user(one as string).send('room:create', { kind: 'direct', members: [other] })),
    )
    expect(new Set(rooms.map(({ room }) => room.room_id)).size).toBe(1)
  })

  test('takes names without control characters, and keeps their markup as text', async () => {
    const name = 'a\u0000<b>\u202e\ud800'
    const { room } = await testService().user('ada').send('room:create', { kind: 'group', name })
    expect(room.name).toBe('a<b>\u202e\ufffd')
  })

  test('is refused without its permission, and beyond 1,000 rooms of one user', async () => {
    const service = testService()
    expect(await service.user('ada', { permissions: ['message:send'] }).refused('room:create', { kind: 'group' })).toBe(
      'forbidden',
    )
    const ada = service.user('ada')
    await ada.send('room:create', { room_id: 'first', kind: 'group' })
    const { member_count: _, touched: __, ...state } = (await service.store.room('acme/room/first')) as Room
    for (const room_id of Array.from({ length: 998 }, (_, n) => `${n}`))
      await service.store.apply([
        { do: 'set_room', room: `acme/room/${room_id}`, state: { ...state, room_id } },
        { do: 'set_member', room: `acme/room/${room_id}`, user_id: 'ada', role: 'member', joined_at: 0 },
      ])
    expect(await ada.refused('room:create', { kind: 'group' })).toBe('not refused')
    expect(await ada.refused('room:create', { kind: 'group' })).toBe('forbidden')
    expect(await ada.refused('message:send', { to: 'bob', content: { text: 'hi' } })).toBe('forbidden')
  })

  test.each([
    ['room_id', { room_id: 'direct.mine', kind: 'group' }],
    ['room_id', { room_id: '', kind: 'group' }],
    ['room_id', { room_id: '\ud83d', kind: 'group' }],
    ['kind', { room_id: 'x' }],
    ['kind', { kind: 'crowd' }],
    ['members', { kind: 'direct', members: [] }],
    ['members', { kind: 'direct', members: ['ada'] }],
    ['members', { kind: 'direct', members: ['bob', 'eve'] }],
    ['members', { kind: 'group', members: Array.from({ length: 501 }, (_, n) => `u${n}`) }],
    ['members.1', { kind: 'group', members: ['bob', ''] }],
    ['name', { kind: 'group', name: 'x'.repeat(257) }],
    ['metadata', { kind: 'group', metadata: { a: 'x'.repeat(20_000) } }],
    ['visibility', { kind: 'group', visibility: 'secret' }],
    ['history', { kind: 'group', history: 'none' }],
    ['retention_s', { kind: 'group', retention_s: 0 }],
  ])('says which field is wrong: %s', async (path, data) => {
    expect(await testService().user('ada').failure('room:create', data)).toMatchObject({
      code: 'validation_failed',
      details: [{ path }],
    })
  })
})
