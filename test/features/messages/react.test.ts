import { describe, expect, test } from 'bun:test'
import { testService } from '../../support/service.ts'

const room_id = 'lobby'

/** A room in which ada has said `hi`: its number is 2. */
async function said() {
  const service = testService()
  await service.room(room_id, ['ada', 'bob'])
  const { message_id } = await service.user('ada').send('message:send', { room_id, content: { text: 'hi' } })
  const like = (op: string, emoji = '👍') => ({ room_id, message_id, emoji, op })
  const reactions = async () => (await service.user('ada').send('message:history', { room_id })).messages[0].reactions
  return { service, bob: service.user('bob'), message_id, like, reactions }
}

describe('message:react', () => {
  test('adds a reaction, takes it back, and tells each under its number', async () => {
    const { service, bob, message_id, like, reactions } = await said()
    expect(await bob.send('message:react', like('add'))).toEqual({ seq: 3 })
    await service.user('ada').send('message:react', like('add'))
    await bob.send('message:react', like('add', '🎉'))
    expect(await reactions()).toEqual({ '👍': ['bob', 'ada'], '🎉': ['bob'] })
    expect(await bob.send('message:react', like('remove'))).toEqual({ seq: 6 })
    expect(await reactions()).toEqual({ '👍': ['ada'], '🎉': ['bob'] })
    expect((await service.user('ada').log(room_id)).at(-1)).toEqual({
      action: 'message_reaction',
      data: { room_id, message_id, user_id: 'bob', emoji: '👍', op: 'remove', seq: 6 },
    })
  })

  test('that is so already changes nothing', async () => {
    const { bob, like, reactions } = await said()
    await bob.send('message:react', like('remove'))
    await bob.send('message:react', like('add'))
    await bob.send('message:react', like('add'))
    expect(await bob.log(room_id)).toHaveLength(3)
    await bob.send('message:react', like('remove'))
    await bob.send('message:react', like('remove'))
    expect(await bob.log(room_id)).toHaveLength(4)
    expect(await reactions()).toEqual({})
  })

  test('sent again late, under the id it had, changes nothing', async () => {
    const { bob, like, reactions } = await said()
    const adding = { id: 'e1', payload: { data: like('add') } }
    const first = await bob.send('message:react', adding)
    await bob.send('message:react', like('remove'))
    expect(await bob.send('message:react', adding)).toEqual(first)
    expect(await reactions()).toEqual({})
  })

  test('of many at once counts each', async () => {
    const { service, like, reactions } = await said()
    await service.user('ada').send('room:update', { room_id, metadata: {} })
    const users = Array.from({ length: 20 }, (_, n) => service.user(`u${n}`, { grants: { lobby: 'viewer' } }))
    await Promise.all(users.map((user) => user.send('message:react', like('add'))))
    expect((await reactions())['👍']).toHaveLength(20)
  })

  test('is refused where the message was deleted between the deciding and the writing', async () => {
    const { service, bob, message_id, like } = await said()
    const { append } = service.log
    service.log.append = async (...asked) => {
      service.log.append = append
      await service.user('ada').send('message:delete', { room_id, message_id })
      return append(...asked)
    }
    expect(await bob.refused('message:react', like('add'))).toBe('not_found')
    expect(await bob.log(room_id)).toHaveLength(3)
  })

  test('is open to viewers, where the room says nothing else', async () => {
    const service = testService()
    await service.room('news', ['ada', 'bob'], { kind: 'channel' })
    const { message_id } = await service.user('ada').send('message:send', { room_id: 'news', content: { text: 'hi' } })
    const like = { room_id: 'news', message_id, emoji: '👍', op: 'add' }
    expect(await service.user('bob').refused('message:react', like)).toBe('not refused')
    await service.user('ada').send('room:update', { room_id: 'news', permissions: { 'message:react': 'member' } })
    expect(await service.user('bob').refused('message:react', { ...like, emoji: '🎉' })).toBe('forbidden')
  })

  test('takes 50 kinds at most of a message', async () => {
    const { bob, service, like } = await said()
    for (let n = 0; n < 50; n++) await bob.send('message:react', like('add', `e${n}`))
    expect(await bob.refused('message:react', like('add', 'one more'))).toBe('forbidden')
    expect(await service.user('ada').refused('message:react', like('add', 'e0'))).toBe('not refused')
  })

  test('is refused to strangers, without the permission, and of what is gone', async () => {
    const { service, bob, like, message_id } = await said()
    expect(await service.user('eve').refused('message:react', like('add'))).toBe('forbidden')
    const only = service.user('bob', { permissions: ['message:send'] })
    expect(await only.refused('message:react', like('add'))).toBe('forbidden')
    await service.user('ada').send('message:delete', { room_id, message_id })
    expect(await bob.refused('message:react', like('add'))).toBe('not_found')
  })

  test('says which field is wrong', async () => {
    const { bob, like } = await said()
    for (const [path, data] of [
      ['emoji', like('add', '')],
      ['emoji', like('add', 'x'.repeat(65))],
      ['op', like('toggle')],
      ['message_id', { ...like('add'), message_id: '__proto__' }],
    ] as const)
      expect(await bob.failure('message:react', data)).toMatchObject({ code: 'validation_failed', details: [{ path }] })
  })
})
