import { describe, expect, test } from 'bun:test'
import { testService } from '../../support/service.ts'

const room_id = 'lobby'

/** A room in which ada has said something and changed it once: its numbers are 2 and 3. */
async function said() {
  const service = testService()
  await service.room(room_id, ['owner', 'ada', 'bob'])
  const ada = service.user('ada')
  const { message_id } = await ada.send('message:send', { room_id, content: { text: 'hi' }, metadata: { a: 1 } })
  await ada.send('message:edit', { room_id, message_id, content: { text: 'ho' } })
  return { service, ada, about: { room_id, message_id } }
}

describe('message:delete', () => {
  test('takes the content away everywhere, and leaves every entry in its place', async () => {
    const { service, ada, about } = await said()
    await service.user('bob').send('message:react', { ...about, emoji: '👍', op: 'add' })
    await service.pass(5)
    expect(await ada.send('message:delete', about)).toEqual({ seq: 5 })
    const deleted_at = service.clock.now()

    const log = await service.user('bob').log(room_id)
    expect(log.map(({ data }) => data.seq)).toEqual([1, 2, 3, 4, 5])
    for (const entry of log.slice(1, 3)) {
      expect(entry.data.message).toMatchObject({ content: null, deleted_at, ...about, seq: 2 })
      expect(entry.data.message).not.toHaveProperty('metadata')
    }
    expect(log[4]).toEqual({ action: 'message_deleted', data: { ...about, seq: 5, user_id: 'ada' } })
    const { messages } = await service.user('bob').send('message:history', { room_id })
    expect(messages).toMatchObject([{ seq: 2, content: null, deleted_at, reactions: {} }])
    const [, first, edited] = await service.log.read('acme/room/lobby', { ...(await head(service)), seq: 0 }, 9)
    expect([first?.body, edited?.body]).toEqual([undefined, undefined])
  })

  test('again changes nothing, whoever asks', async () => {
    const { service, ada, about } = await said()
    const { seq } = await ada.send('message:delete', about)
    expect(await ada.send('message:delete', about)).toEqual({ seq })
    expect(await service.user('owner').send('message:delete', about)).toEqual({ seq })
    expect(await ada.log(room_id)).toHaveLength(4)
  })

  test('by two at once is one deletion', async () => {
    const { service, ada, about } = await said()
    const answers = await Promise.all([
      ada.send('message:delete', about),
      service.user('owner').send('message:delete', about),
    ])
    expect(answers).toEqual([{ seq: 4 }, { seq: 4 }])
  })

  test('while it is edited takes away that edit as well', async () => {
    const { service, ada, about } = await said()
    const { append } = service.log
    service.log.append = async (...asked) => {
      service.log.append = append
      await service.user('ada').send('message:edit', { ...about, content: { text: 'late' } })
      return append(...asked)
    }
    expect(await ada.send('message:delete', about)).toEqual({ seq: 5 })
    expect(JSON.stringify(await ada.log(room_id))).not.toContain('late')
  })

  test('is for the sender, the admins of the room, and those with the permission for any', async () => {
    for (const [user, permissions, answer] of [
      ['bob', undefined, 'forbidden'],
      ['ada', undefined, 'not refused'],
      ['owner', undefined, 'not refused'],
      ['bob', ['message:delete:any'], 'not refused'],
      ['bob', ['message:delete:own'], 'forbidden'],
      ['ada', ['message:send'], 'forbidden'],
      ['stranger', undefined, 'forbidden'],
    ] as const) {
      const { service, about } = await said()
      const asking = service.user(user, permissions ? { permissions } : {})
      expect([user, await asking.refused('message:delete', about)]).toEqual([user, answer])
    }
  })

  test('of the other’s words in a direct room is refused', async () => {
    const service = testService()
    const sent = await service.user('ada').send('message:send', { to: 'bob', content: { text: 'hi' } })
    const about = { room_id: sent.room_id, message_id: sent.message_id }
    expect(await service.user('bob').refused('message:delete', about)).toBe('forbidden')
    expect(await service.user('ada').refused('message:delete', about)).toBe('not refused')
  })

  test('of what is no message here is not found', async () => {
    const { service, ada, about } = await said()
    await service.room('elsewhere', ['ada'])
    expect(await ada.refused('message:delete', { ...about, room_id: 'elsewhere' })).toBe('not_found')
    const updated = (await ada.send('message:sync', { rooms: [{ room_id, after_seq: 2 }] })).rooms[0].events[0]
    expect(await ada.refused('message:delete', { room_id, message_id: updated.id })).toBe('not_found')
    expect(await service.user('ada', { tenant: 'globex' }).refused('message:delete', about)).toBe('not_found')
  })

  test('of what has expired keeps its place too', async () => {
    const { service, ada } = await said()
    const { message_id } = await ada.send('message:send', { room_id, content: { text: 'x' }, expires_in_s: 1 })
    await service.pass(1_000)
    await ada.send('message:delete', { room_id, message_id })
    const { messages } = await ada.send('message:history', { room_id, after_seq: 3 })
    expect(messages).toMatchObject([{ content: null, deleted_at: service.clock.now(), expires_at: expect.any(Number) }])
  })
})

async function head({ log }: ReturnType<typeof testService>) {
  const [position] = await log.heads(['acme/room/lobby'])
  return { epoch: position?.epoch ?? '' }
}
