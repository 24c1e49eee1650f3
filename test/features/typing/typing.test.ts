import { describe, expect, test } from 'bun:test'
import { roomKey, withoutKey } from '../../../src/protocol/ids.ts'
import { testService } from '../../support/service.ts'

const room_id = 'lobby'

async function lobby(options = {}) {
  const service = testService({ working: false, ...options })
  await service.room(room_id, ['ada', 'bob', 'c', 'd', 'e', 'f'])
  return {
    service,
    typing: (user: string, name = 'typing:start') => service.user(user).send(name, { room_id }),
    heard: () => service.told('user_typing', roomKey('acme', room_id)),
  }
}

describe('typing:start', () => {
  test('tells the room who types', async () => {
    const { typing, heard } = await lobby()
    expect(await typing('ada')).toEqual({})
    expect(heard()).toEqual([{ room_id, user_id: 'ada', typing: true, typers: ['ada'], count: 1 }])
  })

  test('may be left out for who cannot keep up, and is for who does not want it', async () => {
    const { service, typing } = await lobby()
    await typing('ada')
    expect(service.tellings('user_typing')).toEqual([
      {
        places: [roomKey('acme', room_id)],
        coalesce: 250,
        volatile: true,
        without: withoutKey('acme', room_id, 'typing'),
      },
    ])
  })

  test('is relayed at most once in 3 s of one user', async () => {
    const { service, typing, heard } = await lobby()
    for (const ms of [0, 1_000, 1_999]) {
      await service.pass(ms)
      await typing('ada')
    }
    expect(heard()).toHaveLength(1)
    await service.pass(1)
    await typing('ada')
    expect(heard()).toHaveLength(2)
    await typing('bob')
    expect(heard()).toHaveLength(3)
  })

  test('lapses after 6 s without another', async () => {
    const { service, typing, heard } = await lobby()
    await typing('ada')
    await service.pass(4_000)
    await typing('ada')
    await service.pass(5_999)
    expect(heard().every((one) => one.typing)).toBe(true)
    await service.pass(1)
    expect(heard().at(-1)).toEqual({ room_id, user_id: 'ada', typing: false, typers: [], count: 0 })
    await service.pass(20_000)
    expect(heard().filter((one) => !one.typing)).toHaveLength(1)
  })

  test('lapses for each in their own time', async () => {
    const { service, typing, heard } = await lobby()
    await typing('ada')
    await service.pass(2_000)
    await typing('bob')
    await service.pass(4_000)
    expect(heard().at(-1)).toMatchObject({ user_id: 'ada', typing: false, typers: ['bob'], count: 1 })
    await service.pass(2_000)
    expect(heard().at(-1)).toMatchObject({ user_id: 'bob', typing: false, typers: [], count: 0 })
  })

  test('names the first five, and counts all', async () => {
    const { typing, heard } = await lobby()
    for (const user of ['ada', 'bob', 'c', 'd', 'e', 'f']) await typing(user)
    expect(heard().at(-1)).toMatchObject({ typers: ['ada', 'bob', 'c', 'd', 'e'], count: 6 })
  })

  test('is no entry of the log', async () => {
    const { service, typing } = await lobby()
    await typing('ada')
    expect(await service.user('ada').log(room_id)).toHaveLength(1)
  })

  test('stays in its room and its tenant', async () => {
    const { service, typing, heard } = await lobby()
    const other = service.user('ada', { tenant: 'globex' })
    await other.send('room:create', { room_id, kind: 'group' })
    await typing('ada')
    await other.send('typing:start', { room_id })
    expect(heard()).toHaveLength(1)
    expect(service.told('user_typing', roomKey('globex', room_id))).toEqual([
      { room_id, user_id: 'ada', typing: true, typers: ['ada'], count: 1 },
    ])
  })

  test('is refused to who is not a member, and where there is no such room', async () => {
    const { service, heard } = await lobby()
    expect(await service.user('eve').refused('typing:start', { room_id })).toBe('forbidden')
    expect(await service.user('ada').refused('typing:start', { room_id: 'nowhere' })).toBe('not_found')
    expect(heard()).toEqual([])
  })

  test('answers to its older name, and is measured by its own', async () => {
    const { service, typing } = await lobby()
    await typing('ada', 'typing_start')
    await typing('ada', 'typing_stop')
    expect(service.measured.slice(-2)).toEqual(['typing:start ok', 'typing:stop ok'])
  })

  test('is limited to 20 in 10 s', async () => {
    const { service, typing } = await lobby({ limited: true })
    for (let n = 0; n < 20; n++) await typing('ada')
    expect(await service.user('ada').failure('typing:start', { room_id })).toMatchObject({
      code: 'rate_limited',
      retry_after_ms: 500,
    })
  })

  test('says which field is wrong', async () => {
    const { service } = await lobby()
    expect(await service.user('ada').failure('typing:start', { room_id: '' })).toMatchObject({
      details: [{ path: 'room_id' }],
    })
  })
})

describe('typing:stop', () => {
  test('is told at once, and only of one who was typing', async () => {
    const { typing, heard, service } = await lobby()
    await typing('bob', 'typing:stop')
    expect(heard()).toEqual([])
    await typing('ada')
    await typing('bob')
    await typing('ada', 'typing:stop')
    await typing('ada', 'typing:stop')
    expect(heard().slice(2)).toEqual([{ room_id, user_id: 'ada', typing: false, typers: ['bob'], count: 1 }])
    await service.pass(6_000)
    expect(heard().slice(3)).toEqual([{ room_id, user_id: 'bob', typing: false, typers: [], count: 0 }])
  })
})
