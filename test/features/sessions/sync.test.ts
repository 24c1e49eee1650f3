import { describe, expect, test } from 'bun:test'
import { fakeConnection } from '../../support/connection.ts'
import { testService } from '../../support/service.ts'

interface Told {
  room_id: string
  [field: string]: unknown
}

const ids = ({ rooms }: { rooms: Told[] }) => rooms.map(({ room_id }) => room_id)

describe('state:sync', () => {
  test('says of each room where its live stream starts, how far one has read, and what is unread', async () => {
    const service = testService()
    await service.room('lobby', ['ada', 'bob'], { name: 'Lobby' })
    const ada = service.user('ada')
    for (const text of ['1', '2', '3']) await ada.send('message:send', { room_id: 'lobby', content: { text } })
    const connection = fakeConnection(service.log, 'acme')
    const bob = service.user('bob', { connection })
    await connection.enter('lobby')
    await bob.send('message:delivered', { room_id: 'lobby', seq: 3 })
    await bob.send('message:read', { room_id: 'lobby', seq: 2 })
    const state = await bob.send('state:sync', {})
    const updated_at = service.clock.now()
    const [{ epoch = '' } = {}] = await service.log.heads(['acme/room/lobby'])
    const counts = { attach_seq: 4, read_seq: 2, delivered_seq: 3, unread: 2 }
    expect(state).toEqual({
      rooms: [{ room_id: 'lobby', kind: 'group', name: 'Lobby', epoch, ...counts, updated_at }],
      devices: [],
      calls: [],
    })
  })

  test('says of a room that this connection does not hear no place where its live stream starts', async () => {
    const service = testService()
    await service.room('lobby', ['ada'])
    const ada = service.user('ada', { connection: fakeConnection(service.log, 'acme') })
    await ada.send('room:subscribe', { room_id: 'lobby' })
    expect((await ada.send('state:sync', {})).rooms[0]).toHaveProperty('attach_seq', 1)
    await ada.send('room:unsubscribe', { room_id: 'lobby' })
    expect((await ada.send('state:sync', {})).rooms[0]).not.toHaveProperty('attach_seq')
  })

  test('begins with the rooms that were active last, and pages through all of them, each once', async () => {
    const service = testService()
    const ada = service.user('ada')
    const rooms = Array.from(
      { length: 205 },
      (_, n) => `room ${String(n).padStart(3, '0')} ${'x'.repeat(n % 2 ? 119 : 0)}`,
    )
    for (const room_id of rooms) await ada.send('room:create', { room_id, kind: 'group' })
    await service.pass(1_000)
    await ada.send('message:send', { room_id: rooms[7], content: { text: 'hi' } })
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await ada.send('state:sync', cursor === undefined ? {} : { cursor })
      seen.push(...ids(page))
      cursor = page.next_cursor
    } while (cursor !== undefined)
    expect(seen).toEqual([rooms[7] as string, ...rooms.filter((_, n) => n !== 7)])
  })

  test('of a cursor that nothing follows is empty', async () => {
    const service = testService()
    await service.room('lobby', ['ada'])
    expect(ids(await service.user('ada').send('state:sync', { cursor: 'what is this' }))).toEqual([])
    expect(ids(await service.user('ada').send('state:sync', { cursor: '0/' }))).toEqual([])
  })

  test('brings rooms whose position is given up to date first, and starts anew where that cannot be', async () => {
    const service = testService()
    await service.room('lobby', ['ada'])
    await service.room('other', ['ada'])
    const connection = fakeConnection(service.log, 'acme')
    const ada = service.user('ada', { connection })
    for (const room_id of ['lobby', 'other']) await ada.send('room:subscribe', { room_id })
    const { epoch = '' } = connection.heard('lobby') ?? {}
    connection.did.length = 0
    const positions = {
      lobby: { epoch, seq: 0 },
      other: { epoch: 'of another time', seq: 9 },
      unheard: { epoch, seq: 1 },
    }
    await ada.send('state:sync', { positions })
    expect(connection.did).toEqual([
      'left lobby',
      'entered lobby from 0',
      'left other',
      'entered other from 9',
      'entered other',
    ])
  })

  test('knows the caller’s rooms only', async () => {
    const service = testService()
    await service.room('hers', ['ada'])
    await service.user('bob', { tenant: 'globex' }).send('room:create', { room_id: 'theirs', kind: 'group' })
    expect(ids(await service.user('bob').send('state:sync', {}))).toEqual([])
  })

  test('takes 100 positions at most, each of an epoch and a number', async () => {
    const ada = testService().user('ada')
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`r${n}`, { epoch: 'e', seq: 1 }]))
    for (const [path, positions] of [
      ['positions', many],
      ['positions.lobby.seq', { lobby: { epoch: 'e', seq: -1 } }],
      ['positions.lobby.epoch', { lobby: { seq: 1 } }],
    ] as const)
      expect(await ada.failure('state:sync', { positions })).toMatchObject({ details: [{ path }] })
  })
})
