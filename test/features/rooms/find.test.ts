import { describe, expect, test } from 'bun:test'
import { testService } from '../../support/service.ts'

const ids = (rooms: { room_id: string }[]) => rooms.map(({ room_id }) => room_id)

describe('room:get', () => {
  test('is one room as it is now', async () => {
    const service = testService()
    await service.room('lobby', ['ada', 'bob'], { name: 'Lobby' })
    await service.user('ada').send('message:send', { room_id: 'lobby', content: { text: 'hi' } })
    expect((await service.user('bob').send('room:get', { room_id: 'lobby' })).room).toMatchObject({
      room_id: 'lobby',
      name: 'Lobby',
      member_count: 2,
      last_seq: 2,
      version: 1,
    })
  })

  test('is for members, and for everyone where the room is public', async () => {
    const service = testService()
    await service.room('closed', ['ada'])
    await service.room('open', ['ada'], { visibility: 'public' })
    const asked = (user: ReturnType<typeof service.user>, room_id: string) => user.refused('room:get', { room_id })
    expect(await asked(service.user('bob'), 'closed')).toBe('forbidden')
    expect(await asked(service.user('bob'), 'open')).toBe('not refused')
    expect(await asked(service.user('bob'), 'nowhere')).toBe('not_found')
    expect(await asked(service.user('ada', { tenant: 'globex' }), 'open')).toBe('not_found')
    expect(await asked(service.user('root', { permissions: ['admin'] }), 'closed')).toBe('not refused')
  })
})

describe('room:list', () => {
  test('is one’s own rooms by id, page by page, each once', async () => {
    const service = testService()
    for (const room_id of ['d', 'b', 'e', 'a', 'c']) await service.room(room_id, ['ada'])
    await service.room('not hers', ['bob'])
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await service.user('ada').send('room:list', { limit: 2, ...(cursor && { cursor }) })
      seen.push(...ids(page.rooms))
      cursor = page.next_cursor
    } while (cursor)
    expect(seen).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('with `public` is what anyone of the tenant may join', async () => {
    const service = testService()
    await service.room('closed', ['ada'])
    await service.room('open', ['ada'], { visibility: 'public' })
    await service
      .user('eve', { tenant: 'globex' })
      .send('room:create', { room_id: 'x', kind: 'group', visibility: 'public' })
    expect(ids((await service.user('bob').send('room:list', { public: true })).rooms)).toEqual(['open'])
  })

  test('takes pages of 1 to 200', async () => {
    const ada = testService().user('ada')
    for (const limit of [0, 201, 1.5, '2'])
      expect(await ada.failure('room:list', { limit })).toMatchObject({ details: [{ path: 'limit' }] })
  })
})

describe('room:members', () => {
  test('says who is in the room, as what, since when, and how far each has read', async () => {
    const service = testService()
    const joined_at = service.clock.now()
    await service.room('lobby', ['ada', 'bob'])
    await service.user('ada').send('message:send', { room_id: 'lobby', content: { text: 'hi' } })
    await service.user('bob').send('message:delivered', { room_id: 'lobby', seq: 2 })
    expect((await service.user('bob').send('room:members', { room_id: 'lobby' })).members).toEqual([
      { user_id: 'ada', role: 'owner', joined_at, read_seq: 1, delivered_seq: 1 },
      { user_id: 'bob', role: 'member', joined_at, read_seq: 1, delivered_seq: 2 },
    ])
  })

  test('comes by user id, page by page, each once', async () => {
    const service = testService()
    await service.room('lobby', ['m', ...'qwertyuiop'])
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await service
        .user('m')
        .send('room:members', { room_id: 'lobby', limit: 4, ...(cursor && { cursor }) })
      seen.push(...page.members.map(({ user_id }: { user_id: string }) => user_id))
      cursor = page.next_cursor
    } while (cursor)
    expect(seen).toEqual([...'eimopqrtuwy'])
  })

  test('is for members, also where the room is public', async () => {
    const service = testService()
    await service.room('open', ['ada'], { visibility: 'public' })
    expect(await service.user('bob').refused('room:members', { room_id: 'open' })).toBe('forbidden')
    expect(await service.user('ada', { tenant: 'globex' }).refused('room:members', { room_id: 'open' })).toBe(
      'not_found',
    )
  })
})
