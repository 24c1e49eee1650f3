import { describe, expect, test } from 'bun:test'
import { Failure } from '../../../src/protocol/failure.ts'
import { roomKey, watchKey } from '../../../src/protocol/ids.ts'
import { fakeConnection } from '../../support/connection.ts'
import { GATHERED, people, room_id, statusesOf, tenant } from './people.ts'

const lobby = watchKey('acme', 'room/lobby/presence')

describe('presence:subscribe', () => {
  test('of users answers how each is seen, and tells each change from then on', async () => {
    const { service, watches, arrives, story } = await tenant(['ada', 'bob', 'cy'])
    await arrives('bob')
    const ada = await watches('ada', { user_ids: ['bob', 'cy', 'bob'] })
    expect(statusesOf(ada.answer)).toEqual({ bob: 'online', cy: 'offline' })
    expect(ada.answer.presences).toHaveLength(2)
    await service.pass(GATHERED)
    const cy = await arrives('cy')
    await service.pass(GATHERED)
    await cy.leave('signed out')
    await service.pass(GATHERED)
    expect(story().slice(-2)).toEqual(['cy online', 'cy offline'])
  })

  test('of a room answers how its members are seen, and tells each change of them', async () => {
    const { service, watches, arrives, story } = await tenant(['ada', 'bob', 'cy'])
    await arrives('bob')
    const ada = await watches('ada')
    expect(statusesOf(ada.answer)).toEqual({ ada: 'online', bob: 'online', cy: 'offline' })
    expect(ada.answer.summary).toBeUndefined()
    await service.pass(GATHERED)
    await arrives('cy')
    await service.pass(GATHERED)
    expect(story().at(-1)).toBe('cy online')
    expect(service.tellings('user_presence').at(-1)).toEqual({ places: [lobby], volatile: true })
  })

  test('of both, and of several rooms, tells each connection of a change once', async () => {
    const { service, watches, arrives } = await tenant(['ada', 'bob'])
    await service.room('other', ['ada', 'bob'])
    const ada = await watches('ada', { user_ids: ['bob'], room_id })
    await ada.send('room:subscribe', { room_id: 'other' })
    await ada.send('presence:subscribe', { room_id: 'other' })
    await service.pass(GATHERED)
    const before = service.watched('user_presence')
    await arrives('bob')
    await service.pass(GATHERED)
    expect(service.watched('user_presence') - before).toBe(1)
    expect(service.tellings('user_presence').at(-1)?.places).toHaveLength(3)
  })

  test('tells who goes right after the answer said that they are here, though nobody else was told of either', async () => {
    const { service, watches, arrives, story } = await tenant(['ada', 'bob', 'cy'])
    await watches('cy')
    await service.pass(GATHERED)
    await service.user('dee').arrive() // watchers were told just now, so what follows is gathered
    await service.pass(1)
    const bob = await arrives('bob')
    for (const whom of [{ user_ids: ['bob'] }, { room_id }])
      expect(statusesOf((await watches('ada', whom)).answer)).toMatchObject({ bob: 'online' })
    await bob.leave('signed out')
    await service.pass(GATHERED)
    expect(story().filter((one) => one.startsWith('bob'))).toEqual(['bob offline'])
  })

  test('of a room is for its members, on a connection that hears it', async () => {
    const { service } = await tenant(['ada', 'bob'])
    await service.room('open', ['ada'], { visibility: 'public' })
    const bob = service.user('bob')
    expect(await bob.refused('presence:subscribe', { room_id })).toBe('forbidden')
    await bob.send('room:subscribe', { room_id })
    expect(await bob.refused('presence:subscribe', { room_id })).toBe('not refused')
    await bob.send('room:subscribe', { room_id: 'open' })
    expect(await bob.refused('presence:subscribe', { room_id: 'open' })).toBe('forbidden')
    expect(await bob.refused('presence:subscribe', { room_id: 'nowhere' })).toBe('not_found')
  })

  test('without a connection answers, and watches nothing', async () => {
    const { service, arrives } = await tenant(['ada', 'bob'])
    await arrives('bob')
    const backend = service.user('ada', { connection: 'none' })
    const answer = await backend.send('presence:subscribe', { room_id })
    expect(statusesOf(answer)).toEqual({ ada: 'offline', bob: 'online' })
    expect(await backend.send('presence:unsubscribe', {})).toEqual({})
    await service.pass(GATHERED)
    expect(service.tellings('user_presence')).toEqual([])
  })

  test('takes user_ids, a room or both, and 500 users at a time', async () => {
    const { service } = await tenant(['ada'])
    const ada = service.user('ada')
    expect(await ada.refused('presence:subscribe', {})).toBe('validation_failed')
    expect(await ada.failure('presence:subscribe', { user_ids: people(501) })).toMatchObject({
      details: [{ path: 'user_ids' }],
    })
  })

  test('is for 1,000 users and 100 rooms on one connection', async () => {
    const { service } = await tenant(['ada'])
    const connection = fakeConnection(service.log, 'acme')
    const ada = service.user('ada', { connection })
    const [first, second, more] = [people(1_500).slice(0, 500), people(1_500).slice(500, 1_000), ['one more']]
    for (const user_ids of [first, second, first]) await ada.send('presence:subscribe', { user_ids })
    expect(await ada.refused('presence:subscribe', { user_ids: more })).toBe('forbidden')
    await ada.send('presence:unsubscribe', { user_ids: first?.slice(0, 1) })
    expect(await ada.refused('presence:subscribe', { user_ids: more })).toBe('not refused')
    for (let n = 0; n < 101; n++) {
      await service.room(`room ${n}`, ['ada'])
      await ada.send('room:subscribe', { room_id: `room ${n}` })
      const refused = await ada.refused('presence:subscribe', { room_id: `room ${n}` })
      expect(refused).toBe(n < 100 ? 'not refused' : 'forbidden')
    }
    connection.leave('room 7')
    expect(await ada.refused('presence:subscribe', { room_id: 'room 100' })).toBe('not refused')
  })
})

describe('presence:unsubscribe', () => {
  test('ends what is named, and all where nothing is', async () => {
    const { service } = await tenant(['ada', 'bob', 'cy'])
    const connection = fakeConnection(service.log, 'acme')
    const ada = service.user('ada', { connection })
    await ada.send('room:subscribe', { room_id })
    await ada.send('presence:subscribe', { user_ids: ['bob', 'cy'], room_id })
    await ada.send('presence:unsubscribe', { user_ids: ['bob'] })
    expect([...connection.watched]).toEqual(['user/cy', 'room/lobby/presence'])
    await ada.send('presence:unsubscribe', { room_id })
    expect([...connection.watched]).toEqual(['user/cy'])
    await ada.send('presence:unsubscribe')
    expect([...connection.watched]).toEqual([])
  })

  test('is what leaving the room does, and hearing it without presence', async () => {
    const { service } = await tenant(['ada', 'bob'])
    const connection = fakeConnection(service.log, 'acme')
    const ada = service.user('ada', { connection })
    for (const [name, data] of [
      ['room:subscribe', { room_id, without: ['presence'] }],
      ['room:unsubscribe', { room_id }],
    ] as const) {
      await ada.send('room:subscribe', { room_id })
      await ada.send('presence:subscribe', { room_id })
      expect(connection.watched.size).toBe(1)
      await ada.send(name, data)
      expect(connection.watched.size).toBe(0)
    }
  })

  test('of the last who watched a room lets it go: what happens in it meanwhile is known when it is watched again', async () => {
    const { service, watches } = await tenant(['ada', 'bob', 'cy'])
    const ada = await watches('ada')
    await ada.send('presence:unsubscribe')
    await service.user('ada').send('room:kick', { room_id, user_id: 'bob' })
    await service.user('cy').send('room:leave', { room_id })
    const { answer } = await watches('ada')
    expect(statusesOf(answer)).toEqual({ ada: 'online' })
  })
})

describe('a watched room', () => {
  test('tells how a new member is seen, and no more of one who left', async () => {
    const { service, watches, arrives, story } = await tenant(['ada', 'bob'])
    await service.user('ada').send('room:invite', { room_id, user_ids: ['cy', 'dee'] })
    const cy = service.user('cy')
    await cy.arrive()
    await watches('ada')
    await service.pass(GATHERED)
    const before = story().length
    await cy.send('room:join', { room_id })
    await service.user('dee').send('room:join', { room_id })
    await service.pass(GATHERED)
    expect(story().slice(before)).toEqual(['cy online', 'dee offline'])
    const { answer } = await watches('ada')
    expect(statusesOf(answer)).toEqual({ ada: 'online', bob: 'offline', cy: 'online', dee: 'offline' })
    await service.user('bob').send('room:leave', { room_id })
    await service.user('ada').send('room:role', { room_id, user_id: 'cy', role: 'admin' })
    await arrives('ada')
    await service.user('bob').arrive()
    await service.pass(GATHERED)
    expect(story().slice(before + 2)).toEqual([])
  })

  test('knows who joined and left while its members were read', async () => {
    const { service, watches } = await tenant(['ada', 'bob'])
    await service.user('ada').send('room:invite', { room_id, user_ids: ['cy'] })
    const { members } = service.store
    const meanwhile = [
      () => service.user('cy').send('room:join', { room_id }),
      () => service.user('bob').send('room:leave', { room_id }),
    ]
    service.store.members = async (...of) => {
      const read = await members(...of)
      await meanwhile.shift()?.()
      return read
    }
    expect(statusesOf((await watches('ada')).answer)).toEqual({ ada: 'online', cy: 'offline' })
  })

  test('whose members cannot be read is tried again with the next who asks', async () => {
    const { service, watches } = await tenant(['ada', 'bob'])
    const { members } = service.store
    service.store.members = () => Promise.reject(new Failure('unavailable', 'The store is away.'))
    await expect(watches('ada')).rejects.toThrow('The store is away.')
    service.store.members = members
    expect(statusesOf((await watches('ada')).answer)).toEqual({ ada: 'online', bob: 'offline' })
  })

  test('that is deleted and made again is another one', async () => {
    const { service, watches } = await tenant(['ada', 'bob'])
    await watches('ada')
    await service.user('ada').send('room:delete', { room_id })
    await service.room(room_id, ['ada', 'cy'])
    const { answer } = await watches('ada')
    expect(statusesOf(answer)).toEqual({ ada: 'online', cy: 'offline' })
  })

  test('where more than 10 change in a second tells them as one, with the numbers and who changed', async () => {
    const users = people(30)
    const { service, watches, arrives } = await tenant(users)
    await watches(users[0] as string)
    await service.pass(1_000)
    const each = service.tellings('user_presence').length
    for (const user of users.slice(1)) await arrives(user)
    await service.pass(GATHERED)
    expect(service.tellings('user_presence')).toHaveLength(each)
    const [summary, ...others] = service.told('presence_summary')
    expect(others).toEqual([])
    expect(summary).toMatchObject({ room_id, counts: { online: 30, away: 0, dnd: 0, offline: 0 } })
    expect(summary.changed.map(({ user_id }: { user_id: string }) => user_id)).toEqual(users.slice(1))
  })

  test('of over 100 members is told in numbers, at most once a second', async () => {
    const users = people(120)
    const { service, watches, arrives } = await tenant(users)
    const { answer } = await watches(users[0] as string, { room_id, user_ids: [users[1]] })
    expect(answer.presences).toEqual([{ user_id: users[1], status: 'offline', last_active_at: null }])
    expect(answer.summary).toEqual({ room_id, counts: { online: 1, away: 0, dnd: 0, offline: 119 } })
    await service.pass(5_000)
    const before = service.told('presence_summary').length
    for (const user of users.slice(1, 41)) {
      await arrives(user)
      await service.pass(100)
    }
    const summaries = service.told('presence_summary').slice(before)
    expect(summaries.length).toBeGreaterThan(2)
    expect(summaries.length).toBeLessThan(6)
    await service.pass(1_000)
    const last = service.told('presence_summary').at(-1)
    expect(last).toEqual({ room_id, counts: { online: 41, away: 0, dnd: 0, offline: 79 } })
    expect(service.told('user_presence').map(({ user_id }) => user_id)).toEqual([users[1]])
    await service.user(users[119] as string).send('room:leave', { room_id })
    await service.pass(1_000)
    expect(service.told('presence_summary').at(-1)?.counts).toEqual({ online: 41, away: 0, dnd: 0, offline: 78 })
  })

  test('of over 1,000 members is counted now and then', async () => {
    const users = people(1_100)
    const { service, watches, arrives } = await tenant(users.slice(0, 500))
    const inLobby = { do: 'set_member', room: roomKey('acme', room_id), role: 'member', joined_at: 0 } as const
    await service.store.apply(users.slice(500).map((user_id) => ({ ...inLobby, user_id })))
    const { answer } = await watches(users[0] as string)
    expect(answer).toEqual({
      presences: [],
      summary: { room_id, counts: { online: 1, away: 0, dnd: 0, offline: 1_099 } },
    })
    for (let n = 1; n <= 50; n++) {
      await arrives(users[n] as string)
      await service.pass(1_000)
    }
    await service.pass(10_000)
    const counted = service.told('presence_summary')
    expect(counted.at(-1)?.counts).toEqual({ online: 51, away: 0, dnd: 0, offline: 1_049 })
    expect(counted.length).toBeLessThan(9)
  })
})
