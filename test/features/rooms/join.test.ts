import { describe, expect, test } from 'bun:test'
import { fakeConnection } from '../../support/connection.ts'
import { testService } from '../../support/service.ts'

async function rooms() {
  const service = testService()
  await service.room('open', ['ada'], { visibility: 'public' })
  await service.room('closed', ['ada'])
  return service
}

const actions = (log: { action: string }[]) => log.map(({ action }) => action)

describe('room:join', () => {
  test('makes one a member, from the attach point on, and tells the room', async () => {
    const service = await rooms()
    await service.user('ada').send('message:send', { room_id: 'open', content: { text: 'before' } })
    const connection = fakeConnection(service.log, 'acme')
    const answer = await service.user('bob', { connection }).send('room:join', { room_id: 'open' })
    expect(answer).toMatchObject({ attach_seq: 3, read_seq: 3, member_count: 2, epoch: expect.any(String) })
    expect(answer.room).toMatchObject({ room_id: 'open', member_count: 2, last_seq: 3 })
    expect(connection.did).toEqual(['entered open'])
    expect((await service.user('ada').log('open')).at(-1)).toEqual({
      action: 'room_member_joined',
      data: { room_id: 'open', seq: 3, user_id: 'bob', role: 'member' },
    })
    expect(service.follows('bob', 'open')).toBe(true)
  })

  test('again changes nothing, and answers the same', async () => {
    const service = await rooms()
    const first = await service.user('bob').send('room:join', { room_id: 'open' })
    const again = await service.user('bob').send('room:join', { room_id: 'open' })
    expect(again).toEqual(first)
    expect(actions(await service.user('ada').log('open'))).toEqual(['room_updated', 'room_member_joined'])
  })

  test('answers to its older name, and is measured by its own', async () => {
    const service = await rooms()
    await service.user('bob').send('join_room', { room_id: 'open' })
    expect(service.measured.at(-1)).toBe('room:join ok')
  })

  test('of a private room is refused, until one is invited; an invitation is used up', async () => {
    const service = await rooms()
    const bob = service.user('bob')
    expect(await bob.refused('room:join', { room_id: 'closed' })).toBe('forbidden')
    await service.user('ada').send('room:invite', { room_id: 'closed', user_ids: ['bob'] })
    expect(await bob.refused('room:join', { room_id: 'closed' })).toBe('not refused')
    await service.user('ada').send('room:kick', { room_id: 'closed', user_id: 'bob' })
    expect(await bob.refused('room:join', { room_id: 'closed' })).toBe('forbidden')
  })

  test('by a grant of the token is as what it grants', async () => {
    const service = await rooms()
    await service.user('bob', { grants: { closed: 'admin' } }).send('room:join', { room_id: 'closed' })
    const { members } = await service.user('ada').send('room:members', { room_id: 'closed' })
    expect(members.at(-1)).toMatchObject({ user_id: 'bob', role: 'admin' })
    expect(await service.user('eve', { grants: { open: 'admin' } }).refused('room:join', { room_id: 'closed' })).toBe(
      'forbidden',
    )
  })

  test('takes no grant from a name that every object has', async () => {
    const service = testService()
    await service.room('constructor', ['ada'])
    expect(await service.user('bob').refused('room:join', { room_id: 'constructor' })).toBe('forbidden')
  })

  test('by the permission `admin` is open, but for direct rooms', async () => {
    const service = await rooms()
    const { room } = await service.user('ada').send('room:create', { kind: 'direct', members: ['bob'] })
    const root = service.user('root', { permissions: ['admin'] })
    expect(await root.refused('room:join', { room_id: 'closed' })).toBe('not refused')
    expect(await root.refused('room:join', { room_id: room.room_id })).toBe('forbidden')
    expect(await service.user('ada').refused('room:join', { room_id: room.room_id })).toBe('not refused')
  })

  test('of a channel is as a viewer', async () => {
    const service = testService()
    await service.room('news', ['ada'], { kind: 'channel', visibility: 'public' })
    await service.user('bob').send('room:join', { room_id: 'news' })
    expect((await service.user('bob').log('news')).at(-1)?.data.role).toBe('viewer')
  })

  test('is refused where there is no such room, in another tenant, and without its permission', async () => {
    const service = await rooms()
    expect(await service.user('bob').refused('room:join', { room_id: 'nowhere' })).toBe('not_found')
    expect(await service.user('bob', { tenant: 'globex' }).refused('room:join', { room_id: 'open' })).toBe('not_found')
    const only = service.user('bob', { permissions: ['message:send'] })
    expect(await only.refused('room:join', { room_id: 'open' })).toBe('forbidden')
  })

  test('by HTTP, without a connection, gives the head of the log', async () => {
    const service = await rooms()
    expect(await service.user('bob', { connection: 'none' }).send('room:join', { room_id: 'open' })).toMatchObject({
      attach_seq: 2,
    })
  })

  test('of 200 at once takes them all, and does not hold up who talks', async () => {
    const service = await rooms()
    const stale: unknown[] = []
    const { append } = service.log
    service.log.append = (...asked) =>
      append(...asked).catch((error) => {
        stale.push(error)
        throw error
      })
    const ada = service.user('ada')
    const say = () => ada.refused('message:send', { room_id: 'open', content: { text: 'on' } })
    const crowd = Array.from({ length: 200 }, (_, n) => service.user(`u${n}`).refused('room:join', { room_id: 'open' }))
    const talk = Array.from({ length: 20 }, say)
    expect(new Set(await Promise.all([...crowd, ...talk]))).toEqual(new Set(['not refused']))
    expect(stale).toEqual([])
    const log = await ada.log('open')
    expect(log.map(({ data }) => data.seq)).toEqual(log.map((_, n) => n + 1))
    expect((await ada.send('room:get', { room_id: 'open' })).room.member_count).toBe(201)
  })

  test('says which field is wrong', async () => {
    for (const room_id of [undefined, '', 7, 'x'.repeat(129), 'a\nb'])
      expect(await (await rooms()).user('bob').failure('room:join', { room_id })).toMatchObject({
        details: [{ path: 'room_id' }],
      })
  })
})

describe('a room of over 1,000 members', () => {
  async function large(members: number) {
    const service = await rooms()
    const place = 'acme/room/open'
    const joined = Array.from({ length: members - 1 }, (_, n) => `u${n}`)
    await service.store.apply(
      joined.map((user_id) => ({ do: 'set_member', room: place, user_id, role: 'member', joined_at: 0 }) as const),
    )
    return service
  }

  test('has joins and leaves that are no entries, and who they concern follows and follows no longer', async () => {
    const service = await large(1_000)
    const bob = service.user('bob')
    expect(await bob.send('room:join', { room_id: 'open' })).toMatchObject({ member_count: 1_001, attach_seq: 1 })
    expect(service.follows('bob', 'open')).toBe(true)
    await service.user('ada').send('room:kick', { room_id: 'open', user_id: 'bob' })
    expect(service.follows('bob', 'open')).toBe(false)
    expect(await bob.refused('message:send', { room_id: 'open', content: { text: 'hi' } })).toBe('forbidden')
    expect(actions(await service.user('ada').log('open'))).toEqual(['room_updated'])
  })

  test('still has them as entries with one member less', async () => {
    const service = await large(999)
    await service.user('bob').send('room:join', { room_id: 'open' })
    await service.user('bob').send('room:leave', { room_id: 'open' })
    expect(actions(await service.user('ada').log('open'))).toEqual([
      'room_updated',
      'room_member_joined',
      'room_member_left',
    ])
  })

  test('tells of new roles like any other', async () => {
    const service = await large(1_200)
    await service.user('ada').send('room:role', { room_id: 'open', user_id: 'u7', role: 'viewer' })
    expect((await service.user('ada').log('open')).at(-1)?.data).toMatchObject({ user_id: 'u7', role: 'viewer' })
    const sending = { room_id: 'open', content: { text: 'hi' } }
    expect(await service.user('u7').refused('message:send', sending)).toBe('forbidden')
  })
})

test('room:join of one who was invited succeeds from all of their devices at once', async () => {
  const service = testService()
  await service.room('den', ['ada'])
  await service.user('ada').send('room:invite', { room_id: 'den', user_ids: ['bob'] })
  const devices = Array.from({ length: 4 }, () => service.user('bob'))
  const answers = await Promise.all(devices.map((one) => one.refused('room:join', { room_id: 'den' })))
  expect(answers).toEqual(Array(4).fill('not refused'))
})

test('room:join is refused to who was removed, whatever invitation they had before', async () => {
  const service = testService()
  await service.room('den', ['ada'])
  const [ada, bob] = [service.user('ada'), service.user('bob')]
  await ada.send('room:invite', { room_id: 'den', user_ids: ['bob'] })
  await Promise.all([
    bob.send('room:join', { room_id: 'den' }),
    ada.send('room:invite', { room_id: 'den', user_ids: ['bob'] }),
  ])
  await ada.send('room:kick', { room_id: 'den', user_id: 'bob' })
  expect(await bob.refused('room:join', { room_id: 'den' })).toBe('forbidden')
})
