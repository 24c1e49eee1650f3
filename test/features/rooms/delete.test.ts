import { describe, expect, test } from 'bun:test'
import { testService } from '../../support/service.ts'

const room_id = 'lobby'

async function lobby() {
  const service = testService()
  await service.room(room_id, ['ada', 'bob'])
  await service.user('ada').send('message:send', { room_id, content: { text: 'hi' }, client_id: 'k' })
  return service
}

describe('room:delete', () => {
  test('tells the room, and then there is none', async () => {
    const service = await lobby()
    const heard: unknown[] = []
    await service.log.follow('acme/room/lobby', ({ action, seq }) => void heard.push([action, seq]))
    expect(await service.user('ada').send('room:delete', { room_id })).toEqual({})
    expect(heard).toEqual([['room_deleted', 3]])
    for (const [name, data] of [
      ['room:get', {}],
      ['room:join', {}],
      ['message:history', {}],
      ['message:send', { content: { text: 'hi' } }],
      ['room:delete', {}],
    ] as const)
      expect([name, await service.user('ada').refused(name, { room_id, ...data })]).toEqual([name, 'not_found'])
    expect((await service.user('bob').send('room:list', {})).rooms).toEqual([])
  })

  test('leaves the id free for a room with nothing of the old one', async () => {
    const service = await lobby()
    const [before] = await service.log.heads(['acme/room/lobby'])
    await service.user('ada').send('room:delete', { room_id })
    await service.room(room_id, ['eve'])
    const [after] = await service.log.heads(['acme/room/lobby'])
    expect(after).toEqual({ epoch: expect.not.stringMatching(before?.epoch as string), seq: 1 })
    expect((await service.user('eve').send('message:history', { room_id })).messages).toEqual([])
    expect(await service.user('bob').refused('message:send', { room_id, content: { text: 'x' } })).toBe('forbidden')
    expect(
      await service.user('eve').send('message:send', { room_id, content: { text: 'hi' }, client_id: 'k' }),
    ).toMatchObject({
      seq: 2,
      duplicate: false,
    })
  })

  test('wins over what was decided before and comes after', async () => {
    const service = await lobby()
    const { append } = service.log
    service.log.append = async (...asked) => {
      service.log.append = append
      await service.user('ada').send('room:delete', { room_id })
      return append(...asked)
    }
    const late = { room_id, content: { text: 'late' } }
    expect(await service.user('bob').refused('message:send', late)).toBe('not_found')
    expect(await service.log.heads(['acme/room/lobby'])).toMatchObject([{ seq: 0 }])
  })

  test('wins also where the room was made again by then, and looks the same', async () => {
    const service = await lobby()
    const { append } = service.log
    service.log.append = async (...asked) => {
      service.log.append = append
      await service.user('ada').send('room:delete', { room_id })
      await service.room(room_id, ['eve', 'zoe'])
      return append(...asked)
    }
    const late = { room_id, content: { text: 'late' } }
    expect(await service.user('bob').refused('message:send', late)).toBe('forbidden')
    expect(await service.log.heads(['acme/room/lobby'])).toMatchObject([{ seq: 1 }])
  })

  test('is for the owner, and of a direct room for the permission `admin` only', async () => {
    const service = await lobby()
    await service.user('ada').send('room:role', { room_id, user_id: 'bob', role: 'admin' })
    expect(await service.user('bob').refused('room:delete', { room_id })).toBe('forbidden')
    expect(await service.user('eve').refused('room:delete', { room_id })).toBe('forbidden')
    expect(await service.user('ada', { permissions: ['message:*'] }).refused('room:delete', { room_id })).toBe(
      'forbidden',
    )
    expect(await service.user('ada', { tenant: 'globex' }).refused('room:delete', { room_id })).toBe('not_found')
    const { room } = await service.user('ada').send('room:create', { kind: 'direct', members: ['bob'] })
    expect(await service.user('ada').refused('room:delete', { room_id: room.room_id })).toBe('forbidden')
    const root = service.user('root', { permissions: ['admin'] })
    expect(await root.refused('room:delete', { room_id: room.room_id })).toBe('not refused')
  })
})
