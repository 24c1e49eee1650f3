import { describe, expect, test } from 'bun:test'
import { roomKey, withoutKey } from '../../../src/protocol/ids.ts'
import { testService } from '../../support/service.ts'

const room_id = 'lobby'
/** What happens within so long of what was told is told as one. */
const GATHERED = 250

async function lobby(options = {}) {
  const service = testService({ working: false, ...options })
  await service.room(room_id, ['ada', 'bob', 'c', 'd', 'e', 'f'])
  const heard = () => service.told('user_typing', roomKey('acme', room_id))
  const typing = (user: string, name = 'typing:start') => service.user(user).send(name, { room_id })
  return {
    service,
    heard,
    typing,
    stops: (user: string) => typing(user, 'typing:stop'),
    /** Who began and who stopped, in the order told. */
    story: () => heard().map(({ user_id, typing: types }) => `${user_id} ${types ? 'types' : 'stops'}`),
  }
}

describe('typing:start', () => {
  test('tells the room who types, at once', async () => {
    const { typing, heard } = await lobby()
    expect(await typing('ada')).toEqual({})
    expect(heard()).toEqual([{ room_id, user_id: 'ada', typing: true, typers: ['ada'], count: 1 }])
  })

  test('is not told to the connection that said it, but to all other devices of its user', async () => {
    const { service } = await lobby()
    const [phone, desk] = [service.user('ada', { device: 'phone' }), service.user('ada', { device: 'desk' })]
    await phone.send('typing:start', { room_id })
    await desk.send('typing:start', { room_id })
    for (const other of ['bob', 'c']) await service.user(other).send('typing:start', { room_id })
    await service.pass(GATHERED)
    expect(service.tellings('user_typing').map(({ except }) => except)).toEqual([phone.connection_id, undefined])
  })

  test('may be left out for who cannot keep up, and is for who does not want it', async () => {
    const { service, typing } = await lobby()
    await typing('ada')
    expect(service.tellings('user_typing')).toMatchObject([
      { places: [roomKey('acme', room_id)], volatile: true, without: withoutKey('acme', room_id, 'typing') },
    ])
  })

  test('is relayed at most once in 3 s of one user, however often they begin and stop', async () => {
    const { service, typing, stops, story } = await lobby()
    await typing('ada')
    for (let n = 0; n < 5; n++) {
      await service.pass(GATHERED)
      await stops('ada')
      await typing('ada')
    }
    await service.pass(2_999 - 5 * GATHERED)
    expect(story()).toEqual(['ada types', 'ada stops'])
    await service.pass(1)
    expect(story()).toEqual(['ada types', 'ada stops', 'ada types'])
  })

  test('once more after a stop that was told, is told when its time has come', async () => {
    const { service, typing, stops, story } = await lobby()
    await typing('ada')
    await service.pass(1_000)
    await stops('ada')
    await service.pass(500)
    await typing('ada')
    await service.pass(1_499)
    expect(story()).toEqual(['ada types', 'ada stops'])
    await service.pass(1)
    expect(story()).toEqual(['ada types', 'ada stops', 'ada types'])
    await service.pass(20_000)
    expect(story()).toEqual(['ada types', 'ada stops', 'ada types', 'ada stops'])
  })

  test('that goes on is told again every 3 s, so that it does not lapse for anybody', async () => {
    const { service, typing, story } = await lobby()
    for (let second = 0; second < 10; second++) {
      await typing('ada')
      await service.pass(1_000)
    }
    expect(story()).toEqual(['ada types', 'ada types', 'ada types', 'ada types'])
  })

  test('that flickers is told once, with one end', async () => {
    const { service, typing, stops, story } = await lobby()
    for (let n = 0; n < 3; n++) {
      await typing('ada')
      await service.pass(GATHERED - 1)
      await stops('ada')
      await service.pass(GATHERED)
    }
    await service.pass(20_000)
    expect(story()).toEqual(['ada types', 'ada stops'])
  })

  test('and the stop that follows it are both told', async () => {
    const { service, typing, stops, story } = await lobby()
    await typing('ada')
    await stops('ada')
    await service.pass(GATHERED)
    expect(story()).toEqual(['ada types', 'ada stops'])
  })

  test('of many in one room is told as one, after the first', async () => {
    const { service, typing, heard } = await lobby()
    for (const user of ['ada', 'bob', 'c', 'd', 'e', 'f']) {
      await service.pass(20)
      await typing(user)
    }
    await service.pass(GATHERED)
    const rest = { room_id, user_id: 'f', typing: true, typers: ['ada', 'bob', 'c', 'd', 'e'], count: 6 }
    expect(heard().slice(1)).toEqual([rest])
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
    await service.pass(GATHERED)
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

  test('is for who may write there: not for viewers, nor in an archived room', async () => {
    const { service, typing, stops } = await lobby()
    const viewer = service.user('eve', { grants: { [room_id]: 'viewer' } })
    expect(await viewer.refused('typing:start', { room_id })).toBe('forbidden')
    await typing('bob')
    await service.user('ada').send('room:update', { room_id, archived: true })
    expect(await service.user('bob').refused('typing:start', { room_id })).toBe('forbidden')
    expect(await stops('bob')).toEqual({})
  })

  test('takes a permission where a token lists any', async () => {
    const { service } = await lobby()
    const bob = service.user('bob', { permissions: ['message:send'] })
    expect(await bob.refused('typing:start', { room_id })).toBe('forbidden')
    expect(await bob.refused('typing:stop', { room_id })).toBe('forbidden')
    expect(await service.user('bob', { permissions: ['typing:*'] }).refused('typing:start', { room_id })).toBe(
      'not refused',
    )
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
    const { service, typing, stops, story, heard } = await lobby()
    await stops('bob')
    await typing('ada')
    await typing('bob')
    await service.pass(1_000)
    expect(story()).toEqual(['ada types', 'bob types'])
    await stops('ada')
    await stops('ada')
    expect(heard().slice(2)).toEqual([{ room_id, user_id: 'ada', typing: false, typers: ['bob'], count: 1 }])
    await service.pass(5_000)
    expect(heard().slice(3)).toEqual([{ room_id, user_id: 'bob', typing: false, typers: [], count: 0 }])
  })

  test('of many at once is told twice: that one stops, and what is left of them then', async () => {
    const { service, typing, stops, heard } = await lobby()
    for (const user of ['ada', 'bob', 'c', 'd', 'e', 'f']) await typing(user)
    await service.pass(1_000)
    for (const user of ['ada', 'bob', 'c', 'd', 'e', 'f']) await stops(user)
    await service.pass(GATHERED)
    expect(heard().slice(2)).toMatchObject([
      { user_id: 'ada', count: 5 },
      { user_id: 'f', typing: false, count: 0 },
    ])
  })
})

describe('a typist', () => {
  test('who sends a message in the room stops typing there at once, on all their devices', async () => {
    const { service, typing, story } = await lobby()
    await service.room('other', ['ada', 'bob'])
    await typing('ada')
    await typing('bob')
    await service.pass(1_000)
    await service.user('ada').send('message:send', { room_id: 'other', content: { text: 'elsewhere' } })
    await service.user('ada').send('message:send', { room_id, content: { text: 'done' } })
    await service.pass(0)
    expect(story()).toEqual(['ada types', 'bob types', 'ada stops'])
  })

  test('who sends before it was told that they type, was never told to', async () => {
    const { service, typing, story } = await lobby()
    await typing('bob')
    await typing('ada')
    await service.user('ada').send('message:send', { room_id, content: { text: 'done' } })
    await service.pass(2_000)
    expect(story()).toEqual(['bob types'])
  })

  test('whose connection ends types no more; what another of theirs said stays', async () => {
    const { service, story } = await lobby()
    const [phone, desk] = [service.user('ada', { device: 'phone' }), service.user('ada', { device: 'desk' })]
    await phone.arrive()
    await desk.arrive()
    await desk.send('typing:start', { room_id })
    await service.pass(1_000)
    await phone.leave('dropped')
    expect(story()).toEqual(['ada types'])
    await desk.leave('dropped')
    expect(story()).toEqual(['ada types', 'ada stops'])
  })
})
