import { describe, expect, test } from 'bun:test'
import { testService } from '../../support/service.ts'

function operated() {
  const service = testService({ service: { online: (room_id) => (room_id === 'lobby' ? 3 : 0) } })
  return { service, root: service.user('root', { permissions: ['admin'] }) }
}

test.each([
  ['service:health', {}],
  ['service:stats', {}],
  ['service:users', {}],
  ['service:rooms', {}],
  ['service:connected', { user_id: 'ada' }],
  ['service:broadcast', { event: 'news', data: 1 }],
])('%s is for the permission `admin`', async (name, data) => {
  const { service, root } = operated()
  expect(await service.user('ada').refused(name, data)).toBe('forbidden')
  expect(await service.user('ada', { permissions: [name, 'service:*'] }).refused(name, data)).toBe('forbidden')
  expect(await root.refused(name, data)).toBe('not refused')
})

describe('service:users', () => {
  test('is who is connected, page by page', async () => {
    const { service, root } = operated()
    for (const user_id of ['ada', 'bob', 'eve'])
      for (const device of ['phone', 'phone', undefined]) await service.user(user_id, device ? { device } : {}).arrive()
    await service.user('mallory', { tenant: 'globex' }).arrive()
    const last_active_at = service.clock.now()
    const connected = ['ada', 'bob', 'eve'].map((user_id) => ({
      user_id,
      devices: ['phone'],
      connections: 3,
      last_active_at,
    }))
    const first = await root.send('service:users', { limit: 2 })
    expect(first).toEqual({ users: connected.slice(0, 2), next_cursor: 'bob' })
    expect(await root.send('service:users', { limit: 2, cursor: first.next_cursor })).toEqual({
      users: connected.slice(2),
    })
  })
})

describe('service:connected', () => {
  test('says whether a user is, and with which devices', async () => {
    const { service, root } = operated()
    await service.user('ada', { device: 'phone' }).arrive()
    expect(await root.send('service:connected', { user_id: 'ada' })).toEqual({
      user_id: 'ada',
      connected: true,
      devices: ['phone'],
    })
    expect(await root.send('service:connected', { user_id: 'mallory' })).toEqual({
      user_id: 'mallory',
      connected: false,
      devices: [],
    })
  })
})

describe('service:rooms', () => {
  test('is the rooms of the tenant, with who is there and what they hold', async () => {
    const { service, root } = operated()
    await service.room('lobby', ['ada', 'bob'], { name: 'Lobby' })
    await service.room('quiet', ['ada'])
    await service.user('ada', { tenant: 'globex' }).send('room:create', { room_id: 'theirs', kind: 'group' })
    await service.user('ada').send('message:send', { room_id: 'lobby', content: { text: 'hi' } })
    const { rooms } = await root.send('service:rooms', {})
    expect(rooms).toEqual([
      {
        room_id: 'lobby',
        kind: 'group',
        name: 'Lobby',
        member_count: 2,
        online: 3,
        messages: 1,
        bytes: expect.any(Number),
        last_activity_at: service.clock.now(),
      },
      expect.objectContaining({ room_id: 'quiet', online: 0, messages: 0 }),
    ])
    expect(rooms[0].bytes).toBeGreaterThan(rooms[1].bytes)
  })
})
