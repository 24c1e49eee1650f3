import { describe, expect, test } from 'bun:test'
import { userKey } from '../../../src/protocol/ids.ts'
import { testService } from '../../support/service.ts'

const room_id = 'lobby'

/** A room with an owner, two admins, a member and a viewer. */
async function lobby() {
  const service = testService()
  await service.room(room_id, ['owner', 'admin', 'other admin', 'member', 'viewer'])
  for (const [user_id, role] of [
    ['admin', 'admin'],
    ['other admin', 'admin'],
    ['viewer', 'viewer'],
  ])
    await service.user('owner').send('room:role', { room_id, user_id, role })
  return service
}

/** By user id. */
type Roles = Record<string, string> & { admin?: string; member?: string }

const rolesIn = async (service: ReturnType<typeof testService>) => {
  const { members } = await service.user('owner').send('room:members', { room_id })
  return Object.fromEntries(members.map(({ user_id, role }: Record<string, string>) => [user_id, role])) as Roles
}

describe('room:invite', () => {
  test('lets users in, tells them so, and leaves members as they are', async () => {
    const service = await lobby()
    await service.user('member').send('room:invite', { room_id, user_ids: ['eve', 'admin', 'eve'] })
    expect(service.told('room_invited', userKey('acme', 'eve'))).toEqual([
      { room_id, name: '', kind: 'group', by: 'member' },
    ])
    expect(service.told('room_invited', userKey('acme', 'admin'))).toEqual([])
    expect(await service.user('eve').refused('room:join', { room_id })).toBe('not refused')
    expect((await rolesIn(service)).admin).toBe('admin')
  })

  test('is for members in a group, for admins in a channel, and for nobody in a direct room', async () => {
    const service = await lobby()
    const invites = (user: string, room = room_id) =>
      service.user(user).refused('room:invite', { room_id: room, user_ids: ['eve'] })
    expect([await invites('viewer'), await invites('eve'), await invites('member')]).toEqual([
      'forbidden',
      'forbidden',
      'not refused',
    ])
    await service.room('news', ['ada', 'bob'], { kind: 'channel' })
    await service.user('ada').send('room:role', { room_id: 'news', user_id: 'bob', role: 'member' })
    expect([await invites('bob', 'news'), await invites('ada', 'news')]).toEqual(['forbidden', 'not refused'])
    const { room } = await service.user('ada').send('room:create', { kind: 'direct', members: ['bob'] })
    expect(await invites('ada', room.room_id)).toBe('forbidden')
    const root = service.user('root', { permissions: ['admin'] })
    expect(await root.refused('room:invite', { room_id: room.room_id, user_ids: ['eve'] })).toBe('forbidden')
  })

  test('is refused while the room is archived', async () => {
    const service = await lobby()
    await service.user('owner').send('room:update', { room_id, archived: true })
    expect(await service.user('owner').refused('room:invite', { room_id, user_ids: ['eve'] })).toBe('forbidden')
  })

  test('takes 1 to 500 users', async () => {
    const service = await lobby()
    for (const user_ids of [[], Array.from({ length: 501 }, (_, n) => `u${n}`), 'eve'])
      expect(await service.user('member').failure('room:invite', { room_id, user_ids })).toMatchObject({
        details: [{ path: 'user_ids' }],
      })
  })

  test('into one room lets into no other', async () => {
    const service = await lobby()
    await service.room('other', ['owner'])
    await service.user('owner').send('room:invite', { room_id, user_ids: ['eve'] })
    expect(await service.user('eve').refused('room:join', { room_id: 'other' })).toBe('forbidden')
    expect(await service.user('eve', { tenant: 'globex' }).refused('room:join', { room_id })).toBe('not_found')
  })
})

describe('room:kick', () => {
  test('removes a member, tells the room, and refuses what they send after', async () => {
    const service = await lobby()
    expect(await service.user('admin').send('room:kick', { room_id, user_id: 'member' })).toEqual({})
    expect((await service.user('owner').log(room_id)).at(-1)).toEqual({
      action: 'room_member_left',
      data: { room_id, seq: 5, user_id: 'member', reason: 'kicked' },
    })
    for (const [name, data] of [
      ['message:send', { content: { text: 'hi' } }],
      ['message:history', {}],
      ['message:read', { seq: 1 }],
      ['typing:start', {}],
      ['room:members', {}],
      ['room:subscribe', {}],
      ['room:join', {}],
    ] as const)
      expect([name, await service.user('member').refused(name, { room_id, ...data })]).toEqual([name, 'forbidden'])
  })

  test.each([
    ['owner', 'admin', 'not refused'],
    ['owner', 'member', 'not refused'],
    ['admin', 'viewer', 'not refused'],
    ['admin', 'member', 'not refused'],
    ['admin', 'other admin', 'forbidden'],
    ['admin', 'admin', 'forbidden'],
    ['admin', 'owner', 'forbidden'],
    ['owner', 'owner', 'forbidden'],
    ['member', 'viewer', 'forbidden'],
    ['stranger', 'viewer', 'forbidden'],
    ['owner', 'stranger', 'not_found'],
  ])('%s → %s: %s', async (by, user_id, answer) => {
    const service = await lobby()
    expect(await service.user(by).refused('room:kick', { room_id, user_id })).toBe(answer as never)
    expect((await service.user('owner').log(room_id)).length).toBe(answer === 'not refused' ? 5 : 4)
  })

  test('is open to the permission `admin`, and closed without the command’s own', async () => {
    const service = await lobby()
    const kick = (user: string, permissions: string[], user_id: string) =>
      service.user(user, { permissions }).refused('room:kick', { room_id, user_id })
    expect(await kick('owner', ['message:send'], 'member')).toBe('forbidden')
    expect(await kick('root', ['admin'], 'owner')).toBe('not refused')
  })

  test('of who was given a higher role between the deciding and the doing is refused', async () => {
    const service = await lobby()
    const { append } = service.log
    service.log.append = async (...asked) => {
      service.log.append = append
      await service.user('owner').send('room:role', { room_id, user_id: 'member', role: 'owner' })
      return append(...asked)
    }
    expect(await service.user('admin').refused('room:kick', { room_id, user_id: 'member' })).toBe('forbidden')
    expect((await rolesIn(service)).member).toBe('owner')
  })

  test('by two at once is told once', async () => {
    const service = await lobby()
    const kicks = ['admin', 'other admin'].map((by) =>
      service.user(by).refused('room:kick', { room_id, user_id: 'member' }),
    )
    expect((await Promise.all(kicks)).toSorted()).toEqual(['not refused', 'not_found'])
  })
})

describe('room:role', () => {
  test('gives a member another role, and tells the room', async () => {
    const service = await lobby()
    await service.user('admin').send('room:role', { room_id, user_id: 'viewer', role: 'member' })
    expect((await service.user('owner').log(room_id)).at(-1)).toEqual({
      action: 'room_member_joined',
      data: { room_id, seq: 5, user_id: 'viewer', role: 'member' },
    })
    expect(await service.user('viewer').refused('message:send', { room_id, content: { text: 'hi' } })).toBe(
      'not refused',
    )
  })

  test('changes nothing else of the membership', async () => {
    const service = await lobby()
    const find = async () =>
      (await service.user('owner').send('room:members', { room_id })).members.find(
        ({ user_id }: { user_id: string }) => user_id === 'member',
      )
    await service.user('member').send('message:read', { room_id, seq: 3 })
    const before = await find()
    await service.pass(1_000)
    await service.user('owner').send('room:role', { room_id, user_id: 'member', role: 'viewer' })
    expect(await find()).toEqual({ ...before, role: 'viewer' })
  })

  test.each([
    ['owner', 'member', 'owner', 'not refused'],
    ['owner', 'member', 'admin', 'not refused'],
    ['owner', 'admin', 'viewer', 'not refused'],
    ['owner', 'owner', 'viewer', 'forbidden'],
    ['admin', 'member', 'viewer', 'not refused'],
    ['admin', 'member', 'admin', 'forbidden'],
    ['admin', 'member', 'owner', 'forbidden'],
    ['admin', 'other admin', 'member', 'forbidden'],
    ['admin', 'admin', 'owner', 'forbidden'],
    ['admin', 'owner', 'member', 'forbidden'],
    ['member', 'viewer', 'viewer', 'forbidden'],
    ['stranger', 'viewer', 'member', 'forbidden'],
    ['owner', 'stranger', 'member', 'not_found'],
  ])('%s makes %s %s: %s', async (by, user_id, role, answer) => {
    const service = await lobby()
    expect(await service.user(by).refused('room:role', { room_id, user_id, role })).toBe(answer as never)
    if (answer === 'not refused') expect((await rolesIn(service))[user_id]).toBe(role)
  })

  test('knows four roles', async () => {
    const service = await lobby()
    for (const role of ['king', '__proto__', '', undefined])
      expect(await service.user('owner').failure('room:role', { room_id, user_id: 'member', role })).toMatchObject({
        details: [{ path: 'role' }],
      })
  })
})
