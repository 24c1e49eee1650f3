import { describe, expect, test } from 'bun:test'
import { testService } from '../../support/service.ts'

const room_id = 'lobby'

async function lobby() {
  const service = testService()
  await service.room(room_id, ['ada', 'bob'], { name: 'Lobby', metadata: { a: 1 } })
  return { service, ada: service.user('ada') }
}

describe('room:update', () => {
  test('changes what is given and nothing else, under the next version and number, and tells the room', async () => {
    const { service, ada } = await lobby()
    const { room } = await ada.send('room:update', { room_id, name: 'Hall' })
    expect(room).toMatchObject({ name: 'Hall', metadata: { a: 1 }, version: 2, last_seq: 2, member_count: 2 })
    expect((await service.user('bob').log(room_id)).at(-1)).toEqual({
      action: 'room_updated',
      data: { room_id, seq: 2, room },
    })
    expect((await ada.send('room:get', { room_id })).room).toEqual(room)
    const next = await ada.send('room:update', { room_id, metadata: { b: 2 }, archived: true })
    expect(next.room).toMatchObject({ name: 'Hall', metadata: { b: 2 }, archived: true, version: 3 })
  })

  test('of a version that is not the current one is a conflict that tells the current one, and writes nothing', async () => {
    const { ada } = await lobby()
    await ada.send('room:update', { room_id, name: 'Hall', expected_version: 1 })
    expect(await ada.failure('room:update', { room_id, name: 'Hut', expected_version: 1 })).toMatchObject({
      code: 'conflict',
      details: { version: 2 },
    })
    expect(await ada.log(room_id)).toHaveLength(2)
  })

  test('by several at once numbers the versions without a hole, and loses nothing that was said', async () => {
    const { service, ada } = await lobby()
    const asked = [{ name: 'Hall' }, { metadata: { b: 2 } }, { archived: true }]
    const answers = await Promise.all(asked.map((one) => service.user('ada').send('room:update', { room_id, ...one })))
    expect(answers.map(({ room }) => room.version).toSorted()).toEqual([2, 3, 4])
    expect((await ada.send('room:get', { room_id })).room).toMatchObject({
      name: 'Hall',
      metadata: { b: 2 },
      archived: true,
    })
  })

  test('cannot change what a room was made as', async () => {
    const { ada } = await lobby()
    const { room } = await ada.send('room:update', {
      room_id,
      kind: 'channel',
      visibility: 'public',
      created_by: 'eve',
    })
    expect(room).toMatchObject({ kind: 'group', visibility: 'private', created_by: 'ada' })
  })

  test('is for admins of the room, where the room says nothing else', async () => {
    const { service, ada } = await lobby()
    const renaming = { room_id, name: 'x' }
    expect(await service.user('bob').refused('room:update', renaming)).toBe('forbidden')
    expect(await service.user('eve').refused('room:update', renaming)).toBe('forbidden')
    expect(await service.user('ada', { permissions: ['message:send'] }).refused('room:update', renaming)).toBe(
      'forbidden',
    )
    expect(await service.user('ada', { tenant: 'globex' }).refused('room:update', renaming)).toBe('not_found')
    await ada.send('room:update', { room_id, permissions: { 'room:update': 'member' } })
    expect(await service.user('bob').refused('room:update', renaming)).toBe('not refused')
  })

  test('of who may do what is for owners: an admin does not give themselves more', async () => {
    const { service, ada } = await lobby()
    await ada.send('room:role', { room_id, user_id: 'bob', role: 'admin' })
    const more = { room_id, permissions: { 'room:delete': 'admin' } }
    expect(await service.user('bob').refused('room:update', more)).toBe('forbidden')
    expect(await service.user('bob').refused('room:delete', { room_id })).toBe('forbidden')
    expect(await ada.refused('room:update', more)).toBe('not refused')
    expect(await service.user('bob').refused('room:delete', { room_id })).toBe('not refused')
  })

  test('says which field is wrong', async () => {
    const { ada } = await lobby()
    for (const [path, asked] of [
      ['name', { name: 'x'.repeat(257) }],
      ['permissions.message:send', { permissions: { 'message:send': 'king' } }],
      ['archived', { archived: 'yes' }],
      ['metadata', { metadata: 7 }],
      ['expected_version', { expected_version: null }],
    ] as const)
      expect(await ada.failure('room:update', { room_id, ...asked })).toMatchObject({ details: [{ path }] })
  })
})
