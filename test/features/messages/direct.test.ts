import { describe, expect, test } from 'bun:test'
import { testService } from '../../support/service.ts'

const to = (user: string, text = 'hi') => ({ to: user, content: { text } })

describe('message:send with `to`', () => {
  test('makes the room of the two once, whoever begins', async () => {
    const service = testService()
    const [ada, bob] = [service.user('ada'), service.user('bob')]
    const first = await ada.send('message:send', to('bob'))
    const second = await bob.send('message:send', to('ada'))
    expect(first.room_id).toStartWith('direct.')
    expect([second.room_id, first.seq, second.seq]).toEqual([first.room_id, 2, 3])
    expect(service.follows('bob', first.room_id)).toBe(true)
    const { members } = await bob.send('room:members', { room_id: first.room_id })
    expect(members.map(({ user_id, role }: Record<string, string>) => [user_id, role])).toEqual([
      ['ada', 'owner'],
      ['bob', 'owner'],
    ])
  })

  test('at the same time from both, or twice from one, finds the one room', async () => {
    const service = testService()
    const ada = service.user('ada')
    const all = [ada.send('message:send', to('bob', '1')), service.user('bob').send('message:send', to('ada'))]
    for (const text of ['2', '3']) all.push(ada.send('message:send', to('bob', text)))
    const answers = await Promise.all(all)
    expect(new Set(answers.map(({ room_id }) => room_id)).size).toBe(1)
    expect(answers.map(({ seq }) => seq).toSorted()).toEqual([2, 3, 4, 5])
    const said = (await ada.send('message:history', { room_id: answers[0].room_id })).messages
    const own = said.filter(({ sender_id }: Record<string, string>) => sender_id === 'ada')
    expect(own.map(({ content }: { content: { text: string } }) => content.text)).toEqual(['1', '2', '3'])
  })

  test('is the same room that room:create of kind direct gives', async () => {
    const service = testService()
    const { room } = await service.user('ada').send('room:create', { kind: 'direct', members: ['bob'] })
    expect((await service.user('bob').send('message:send', to('ada'))).room_id).toBe(room.room_id)
  })

  test('to oneself is a room of one', async () => {
    const ada = testService().user('ada')
    const { room_id } = await ada.send('message:send', to('ada'))
    expect((await ada.send('room:get', { room_id })).room.member_count).toBe(1)
  })

  test('reaches nobody of that name in another tenant, and no third user', async () => {
    const service = testService()
    const { room_id } = await service.user('ada').send('message:send', to('bob'))
    expect(await service.user('bob', { tenant: 'globex' }).refused('message:history', { room_id })).toBe('not_found')
    expect(await service.user('eve').refused('message:history', { room_id })).toBe('forbidden')
    expect(await service.user('eve').refused('room:join', { room_id })).toBe('forbidden')
    expect((await service.user('eve').send('message:send', to('bob'))).room_id).not.toBe(room_id)
  })

  test('takes strange names as they are', async () => {
    const service = testService()
    const rooms = new Set<string>()
    for (const name of ['__proto__', 'constructor', 'a/b', 'ünï', '😀'])
      rooms.add((await service.user('ada').send('message:send', to(name))).room_id)
    expect(rooms.size).toBe(5)
  })

  test('names the room or the user, not both and not neither', async () => {
    const ada = testService().user('ada')
    expect(await ada.refused('message:send', { ...to('bob'), room_id: 'lobby' })).toBe('validation_failed')
    expect(await ada.refused('message:send', { content: { text: 'hi' } })).toBe('validation_failed')
  })

  test('with the same key twice is one message, also where the first had to make the room', async () => {
    const ada = testService().user('ada')
    const sent = { ...to('bob'), client_id: 'k' }
    const [first, again] = await Promise.all([ada.send('message:send', sent), ada.send('message:send', sent)])
    expect(again).toEqual({ ...first, duplicate: true })
  })
})
