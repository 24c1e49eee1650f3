import { describe, expect, test } from 'bun:test'
import { roomKey, userKey } from '../../../src/protocol/ids.ts'
import { settled } from '../../support/clock.ts'
import { fakeConnection } from '../../support/connection.ts'
import { testService } from '../../support/service.ts'

const room_id = 'lobby'

/** A room in which ada has said five things: their numbers are 2 to 6. */
async function said() {
  const service = testService()
  await service.room(room_id, ['ada', 'bob'])
  const ada = service.user('ada')
  const sent = []
  for (const text of ['1', '2', '3', '4', '5'])
    sent.push(await ada.send('message:send', { room_id, content: { text } }))
  return { service, bob: service.user('bob'), ids: sent.map(({ message_id }) => message_id as string) }
}

const positions = async ({ service }: Awaited<ReturnType<typeof said>>) => {
  const { members } = await service.user('ada').send('room:members', { room_id })
  const bob = members.find(({ user_id }: { user_id: string }) => user_id === 'bob')
  return [bob.read_seq, bob.delivered_seq]
}

describe('message:read', () => {
  test('moves on to a number or a message, and tells the room', async () => {
    const here = await said()
    expect(await here.bob.send('message:read', { room_id, seq: 3 })).toEqual({ read_seq: 3 })
    await here.service.pass(100)
    expect(await here.bob.send('message:read', { room_id, message_id: here.ids[3] })).toEqual({ read_seq: 5 })
    await here.service.pass(100)
    expect(here.service.told('message_receipt', roomKey('acme', room_id))).toEqual([
      { room_id, user_id: 'bob', read_seq: 3, delivered_seq: 3 },
      { room_id, user_id: 'bob', read_seq: 5, delivered_seq: 5 },
    ])
    expect(await positions(here)).toEqual([5, 5])
  })

  test('never goes back, and then tells nobody', async () => {
    const here = await said()
    await here.bob.send('message:read', { room_id, seq: 4 })
    expect(await here.bob.send('message:read', { room_id, seq: 2 })).toEqual({ read_seq: 4 })
    expect(await here.bob.send('message:read', { room_id, seq: 0 })).toEqual({ read_seq: 4 })
    expect(await here.bob.send('message:read', { room_id, message_id: here.ids[0] })).toEqual({ read_seq: 4 })
    await here.service.pass(1_000)
    expect(here.service.told('message_receipt')).toHaveLength(1)
    expect(await positions(here)).toEqual([4, 4])
  })

  test('ends where the log ends', async () => {
    const here = await said()
    expect(await here.bob.send('message:read', { room_id, seq: 1e15 })).toEqual({ read_seq: 6 })
    await here.service.user('ada').send('message:send', { room_id, content: { text: '6' } })
    expect(await here.bob.send('message:read', { room_id, seq: 7 })).toEqual({ read_seq: 7 })
  })

  test('at once from several devices ends at the furthest', async () => {
    const here = await said()
    const devices = [3, 6, 2, 5].map((seq) => here.service.user('bob').send('message:read', { room_id, seq }))
    await Promise.all(devices)
    expect(await positions(here)).toEqual([6, 6])
  })

  test('leaves the rest unread', async () => {
    const { bob } = await said()
    const unread = async () => (await bob.send('state:sync', {})).rooms[0].unread
    expect(await unread()).toBe(5)
    await bob.send('message:read', { room_id, seq: 4 })
    expect(await unread()).toBe(2)
  })

  test('answers to its older name, and is measured by its own', async () => {
    const { service, bob } = await said()
    expect(await bob.send('message_read', { room_id, seq: 2 })).toEqual({ read_seq: 2 })
    expect(service.measured.at(-1)).toBe('message:read ok')
  })

  test('is for members: a stranger, and one whom only the token lets in, have no place to keep', async () => {
    const { service } = await said()
    const reading = { room_id, seq: 3 }
    expect(await service.user('eve').refused('message:read', reading)).toBe('forbidden')
    expect(await service.user('eve', { grants: { lobby: 'member' } }).refused('message:read', reading)).toBe(
      'forbidden',
    )
    expect(await service.user('root', { permissions: ['admin'] }).refused('message:read', reading)).toBe('forbidden')
    expect(await service.user('bob', { tenant: 'globex' }).refused('message:read', reading)).toBe('not_found')
  })

  test('names a message or a number, not both and not neither', async () => {
    const { bob, ids } = await said()
    for (const data of [
      { room_id },
      { room_id, seq: 2, message_id: ids[0] },
      { room_id, seq: -1 },
      { room_id, seq: 1.5 },
    ])
      expect(await bob.refused('message:read', data)).toBe('validation_failed')
  })
})

describe('message:delivered', () => {
  test('is cumulative, apart from what was read, never goes back, and ends where the log ends', async () => {
    const here = await said()
    expect(await here.bob.send('message:delivered', { room_id, seq: 4 })).toEqual({ delivered_seq: 4 })
    await here.service.pass(100)
    expect(await here.bob.send('message:delivered', { room_id, seq: 2 })).toEqual({ delivered_seq: 4 })
    expect(await positions(here)).toEqual([1, 4])
    expect(await here.bob.send('message:delivered', { room_id, seq: 99 })).toEqual({ delivered_seq: 6 })
    await here.service.pass(100)
    expect(here.service.told('message_receipt')).toEqual([
      { room_id, user_id: 'bob', delivered_seq: 4 },
      { room_id, user_id: 'bob', delivered_seq: 6 },
    ])
  })

  test('is not set back by reading less', async () => {
    const here = await said()
    await here.bob.send('message:delivered', { room_id, seq: 6 })
    await here.service.pass(100)
    await here.bob.send('message:read', { room_id, seq: 3 })
    await here.service.pass(100)
    expect(await positions(here)).toEqual([3, 6])
    expect(here.service.told('message_receipt').at(-1)).toEqual({ room_id, user_id: 'bob', read_seq: 3 })
  })

  test('is refused to strangers', async () => {
    const { service } = await said()
    expect(await service.user('eve').refused('message:delivered', { room_id, seq: 2 })).toBe('forbidden')
  })
})

describe('receipts within 100 ms', () => {
  test('of many in one room are one event, each user’s as far as it goes by then', async () => {
    const { service } = await said()
    const users = Array.from({ length: 20 }, (_, n) => `u${n}`)
    for (const user_id of users) {
      await service.user('ada').send('room:invite', { room_id, user_ids: [user_id] })
      await service.user(user_id).send('room:join', { room_id })
    }
    const before = service.told('message_receipt').length
    for (const user_id of users) {
      await service.user(user_id).send('message:delivered', { room_id, seq: 99 })
      await service.user('bob').send('message:read', { room_id, seq: 2 + users.indexOf(user_id) })
    }
    await service.pass(99)
    expect(service.told('message_receipt')).toHaveLength(before)
    await service.pass(1)
    const [told, ...more] = service.told('message_receipt').slice(before)
    expect(more).toEqual([])
    expect(told).toMatchObject({ room_id, ...told.receipts.at(-1) })
    expect(told.receipts.find(({ user_id }: { user_id: string }) => user_id === 'bob')).toMatchObject({ read_seq: 21 })
    await service.pass(1_000)
    expect(service.told('message_receipt')).toHaveLength(before + 1)
  })

  test('go no less far where the later is told of before the earlier', async () => {
    const { service, bob } = await said()
    const { read } = service.log
    let found = () => {}
    service.log.read = async (...asked) => {
      service.log.read = read
      await new Promise<void>((then) => {
        found = then
      })
      return read(...asked)
    }
    const earlier = bob.send('message:read', { room_id, seq: 3 })
    await settled()
    await bob.send('message:read', { room_id, seq: 5 })
    found()
    await earlier
    await service.pass(100)
    expect(service.told('message_receipt')).toEqual([{ room_id, user_id: 'bob', read_seq: 5, delivered_seq: 5 }])
  })

  test('of more than five hundred are several events, and none is left out', async () => {
    const { service } = await said()
    const users = Array.from({ length: 501 }, (_, n) => `u${n}`)
    await service.room('hall', ['ada', ...users.slice(0, 400)])
    await service.user('ada').send('message:send', { room_id: 'hall', content: { text: 'hi' } })
    await service.user('ada').send('room:invite', { room_id: 'hall', user_ids: users.slice(400) })
    for (const user_id of users.slice(400)) await service.user(user_id).send('room:join', { room_id: 'hall' })
    await service.user('ada').send('message:send', { room_id: 'hall', content: { text: 'all here?' } })
    for (const user_id of users) await service.user(user_id).send('message:delivered', { room_id: 'hall', seq: 999 })
    await service.pass(100)
    const told = service.told('message_receipt').map(({ receipts, user_id }) => receipts?.length ?? user_id)
    expect(told).toEqual([500, 'u500'])
  })

  test('for some of the room are told to them alone, and those for all to all', async () => {
    const service = testService()
    const trio = { room_id: 'trio' }
    await service.room('trio', ['ada', 'bob', 'carol'])
    await service.user('ada').send('message:send', { ...trio, content: { text: 'hi' } })
    await service.user('ada').send('message:send', { ...trio, content: { text: 'psst' }, recipients: ['bob'] })
    await service.user('carol').send('message:read', { ...trio, seq: 2 })
    await service.user('bob').send('message:read', { ...trio, seq: 3 })
    await service.pass(100)
    expect(service.tellings('message_receipt')).toEqual([
      { places: [roomKey('acme', 'trio')] },
      { places: [userKey('acme', 'ada'), userKey('acme', 'bob')] },
    ])
    expect(service.told('message_receipt').map(({ user_id }) => user_id)).toEqual(['carol', 'bob'])
  })

  test('say to the connection they came by what its client has', async () => {
    const { service } = await said()
    const connection = fakeConnection(service.log, 'acme')
    const bob = service.user('bob', { connection })
    await bob.send('message:delivered', { room_id, seq: 3 })
    await bob.send('message:read', { room_id, seq: 4 })
    expect(connection.did).toEqual(['has lobby up to 3', 'has lobby up to 4'])
  })

  test('in two rooms are two', async () => {
    const { service, bob } = await said()
    await service.room('other', ['ada', 'bob'])
    await service.user('ada').send('message:send', { room_id: 'other', content: { text: 'hi' } })
    for (const room of [room_id, 'other']) await bob.send('message:read', { room_id: room, seq: 2 })
    await service.pass(100)
    expect(service.told('message_receipt')).toEqual([
      { room_id, user_id: 'bob', read_seq: 2, delivered_seq: 2 },
      { room_id: 'other', user_id: 'bob', read_seq: 2, delivered_seq: 2 },
    ])
  })
})
