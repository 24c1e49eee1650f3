import { describe, expect, test } from 'bun:test'
import { testService } from '../../support/service.ts'

const room_id = 'lobby'

/** A room in which ada has said `hi`: its number is 2. */
async function said(more: Record<string, unknown> = {}) {
  const service = testService()
  await service.room(room_id, ['owner', 'ada', 'bob'])
  const ada = service.user('ada', { device: 'phone' })
  const { message_id } = await ada.send('message:send', { room_id, content: { text: 'hi' }, ...more })
  const edit = (text: string, rest = {}) => ({ room_id, message_id, content: { text }, ...rest })
  return { service, ada, message_id, edit }
}

describe('message:edit', () => {
  test('gives the message its next version, under the next number, and tells it whole', async () => {
    const { service, ada, message_id, edit } = await said({ client_id: 'k', metadata: { a: 1 }, mentions: ['bob'] })
    const at = service.clock.now()
    await service.user('bob').send('message:react', { room_id, message_id, emoji: '👍', op: 'add' })
    await service.pass(5)
    expect(await ada.send('message:edit', edit('ho'))).toEqual({ seq: 4, version: 2 })
    expect(await ada.send('message:edit', edit('hey'))).toEqual({ seq: 5, version: 3 })
    const [, , , first, second] = await service.user('bob').log(room_id)
    expect([first?.data.message.content.text, second?.data.message.content.text]).toEqual(['ho', 'hey'])
    expect(second).toEqual({
      action: 'message_updated',
      data: {
        room_id,
        seq: 5,
        message: {
          message_id,
          client_id: 'k',
          room_id,
          seq: 2,
          sender_id: 'ada',
          sender_device_id: 'phone',
          content: { type: 'text', text: 'hey' },
          mentions: ['bob'],
          metadata: { a: 1 },
          created_at: at,
          edited_at: at + 5,
          version: 3,
          reactions: { '👍': ['bob'] },
        },
      },
    })
  })

  test('shows in history as the message is now, and in sync as it was told', async () => {
    const { ada, edit } = await said()
    await ada.send('message:edit', edit('ho'))
    const { messages } = await ada.send('message:history', { room_id })
    expect(messages).toMatchObject([{ seq: 2, version: 2, content: { text: 'ho' }, edited_at: expect.any(Number) }])
    const { rooms } = await ada.send('message:sync', { rooms: [{ room_id, after_seq: 1 }] })
    expect(rooms[0].events.map(({ payload }: any) => [payload.action, payload.data.message.content.text])).toEqual([
      ['message_new', 'hi'],
      ['message_updated', 'ho'],
    ])
  })

  test('of a version that is not the current one is a conflict that tells the current one, and writes nothing', async () => {
    const { ada, edit } = await said()
    expect(await ada.send('message:edit', edit('ho', { expected_version: 1 }))).toMatchObject({ version: 2 })
    expect(await ada.failure('message:edit', edit('hu', { expected_version: 1 }))).toMatchObject({
      code: 'conflict',
      details: { version: 2 },
    })
    expect(await ada.log(room_id)).toHaveLength(3)
  })

  test('of the same version by two at once goes well for one of them', async () => {
    const { ada, edit } = await said()
    const asked = ['a', 'b', 'c'].map((text) => ada.refused('message:edit', edit(text, { expected_version: 1 })))
    expect((await Promise.all(asked)).toSorted()).toEqual(['conflict', 'conflict', 'not refused'])
    expect(await ada.log(room_id)).toHaveLength(3)
  })

  test('by several at once numbers the versions without a hole', async () => {
    const { service, edit } = await said()
    const devices = Array.from({ length: 5 }, () => service.user('ada'))
    const versions = await Promise.all(devices.map((one, n) => one.send('message:edit', edit(`${n}`))))
    expect(versions.map(({ version }) => version).toSorted()).toEqual([2, 3, 4, 5, 6])
  })

  test('is refused of what is not one’s own, but with the permission for any', async () => {
    const { service, edit } = await said()
    const may = (user: string, permissions?: string[]) =>
      service.user(user, permissions ? { permissions } : {}).refused('message:edit', edit('ho'))
    expect(await may('bob')).toBe('forbidden')
    expect(await may('owner')).toBe('forbidden')
    expect(await may('ada', ['message:edit:own'])).toBe('not refused')
    expect(await may('ada', ['message:send'])).toBe('forbidden')
    expect(await may('bob', ['message:edit:own'])).toBe('forbidden')
    expect(await may('bob', ['message:edit:any'])).toBe('not refused')
  })

  test('is refused to one who left, and to one who may only read by now', async () => {
    const { service, ada, edit } = await said()
    await service.user('owner').send('room:role', { room_id, user_id: 'ada', role: 'viewer' })
    expect(await ada.refused('message:edit', edit('ho'))).toBe('forbidden')
    await ada.send('room:leave', { room_id })
    expect(await ada.refused('message:edit', edit('ho'))).toBe('forbidden')
  })

  test('is refused where the room asks for a higher role', async () => {
    const { service, ada, edit } = await said()
    await service.user('owner').send('room:update', { room_id, permissions: { 'message:edit': 'admin' } })
    expect(await ada.refused('message:edit', edit('ho'))).toBe('forbidden')
  })

  test('of what is no message here, was deleted or has expired is not found', async () => {
    const { service, ada, message_id, edit } = await said({ expires_in_s: 10 })
    await service.room('elsewhere', ['ada'])
    expect(await ada.refused('message:edit', { ...edit('ho'), room_id: 'elsewhere' })).toBe('not_found')
    const other = `${message_id.slice(0, -1)}9`
    expect(await ada.refused('message:edit', { ...edit('ho'), message_id: other })).toBe('not_found')
    await service.pass(10_000)
    expect(await ada.refused('message:edit', edit('ho'))).toBe('not_found')
    const deleted = await ada.send('message:send', { room_id, content: { text: 'bye' } })
    await ada.send('message:delete', { room_id, message_id: deleted.message_id })
    expect(await ada.refused('message:edit', { ...edit('ho'), message_id: deleted.message_id })).toBe('not_found')
  })

  test('is refused where the message was deleted between the deciding and the writing', async () => {
    const { service, ada, message_id, edit } = await said()
    const { append } = service.log
    service.log.append = async (...asked) => {
      service.log.append = append
      await ada.send('message:delete', { room_id, message_id })
      return append(...asked)
    }
    expect(await service.user('ada').refused('message:edit', edit('ho'))).toBe('not_found')
    expect((await ada.send('message:history', { room_id })).messages).toMatchObject([{ content: null }])
  })

  test('says which field is wrong', async () => {
    const { ada, edit } = await said()
    for (const [path, data] of [
      ['message_id', { ...edit('ho'), message_id: 'that' }],
      ['content', { ...edit('ho'), content: undefined }],
      ['expected_version', edit('ho', { expected_version: '1' })],
    ] as const)
      expect(await ada.failure('message:edit', data)).toMatchObject({ code: 'validation_failed', details: [{ path }] })
  })
})
