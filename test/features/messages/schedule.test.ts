import { describe, expect, test } from 'bun:test'
import { testService } from '../../support/service.ts'

const room_id = 'lobby'
const MINUTE = 60_000

async function lobby(options = {}) {
  const service = testService(options)
  await service.room(room_id, ['owner', 'ada', 'bob'])
  const later = (more = {}) => ({ room_id, content: { text: 'hi' }, deliver_at: service.clock.now() + MINUTE, ...more })
  const said = async () =>
    (await service.user('owner').log(room_id))
      .filter(({ action }) => action === 'message_new')
      .map(({ data }) => data.message)
  return { service, ada: service.user('ada', { device: 'phone' }), later, said }
}

describe('message:send with deliver_at', () => {
  test('is accepted now, and said when the time comes, once', async () => {
    const { service, ada, later, said } = await lobby()
    const asked = later({ client_id: 'k', metadata: { a: 1 } })
    expect(await ada.send('message:send', asked)).toEqual({
      scheduled_id: expect.any(String),
      deliver_at: asked.deliver_at,
    })
    await service.pass(MINUTE - 2_000)
    expect(await said()).toEqual([])
    await service.pass(10_000)
    const all = await said()
    expect(all).toMatchObject([
      { sender_id: 'ada', client_id: 'k', content: { text: 'hi' }, metadata: { a: 1 }, sender_device_id: null },
    ])
    expect(all[0].created_at - asked.deliver_at).toBeWithin(0, 2_001)
    expect(service.reported).toEqual([])
  })

  test('of a time that has come is said at once', async () => {
    const { service, ada, later } = await lobby()
    expect(await ada.send('message:send', later({ deliver_at: service.clock.now() }))).toMatchObject({ seq: 2 })
  })

  test('accepted twice under one key is said once', async () => {
    const { service, ada, later, said } = await lobby()
    const asked = later({ client_id: 'k' })
    await Promise.all([ada.send('message:send', asked), ada.send('message:send', asked)])
    await service.pass(MINUTE + 3_000)
    expect(await said()).toHaveLength(1)
    expect(service.reported).toEqual([])
  })

  test('counts its expiry from when it is said', async () => {
    const { service, ada, later, said } = await lobby()
    await ada.send('message:send', later({ expires_in_s: 30 }))
    await service.pass(MINUTE + 2_000)
    const [message] = await said()
    expect(message.content).not.toBeNull()
    expect(message.expires_at - message.created_at).toBe(30_000)
  })

  test('is limited when it is accepted, and not again when it is said', async () => {
    const { service, ada, later, said } = await lobby({ limited: true })
    const asked = later()
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 50; n++) await ada.send('message:send', asked)
      expect(await ada.refused('message:send', asked)).toBe('rate_limited')
      await service.pass(10_000)
    }
    await service.pass(32_000)
    expect(await said()).toHaveLength(150)
    expect(await ada.refused('message:send', { room_id, content: { text: 'on' } })).toBe('not refused')
  })

  test('to a user makes the room of the two at once, and is said there', async () => {
    const { service, ada, later } = await lobby()
    const { room_id: _, ...rest } = later()
    await ada.send('message:send', { ...rest, to: 'bob' })
    await service.pass(MINUTE + 2_000)
    const { room_id: shared } = await ada.send('message:send', { to: 'bob', content: { text: 'ho' } })
    const { messages } = await service.user('bob').send('message:history', { room_id: shared })
    expect(messages.map(({ content }: any) => content.text)).toEqual(['hi', 'ho'])
  })

  test.each([
    ['left', (service: any) => service.user('ada').send('room:leave', { room_id })],
    ['was removed', (service: any) => service.user('owner').send('room:kick', { room_id, user_id: 'ada' })],
    [
      'may only read',
      (service: any) => service.user('owner').send('room:role', { room_id, user_id: 'ada', role: 'viewer' }),
    ],
    ['finds the room deleted', (service: any) => service.user('owner').send('room:delete', { room_id })],
  ])('is not said for one who %s meanwhile, and that is reported once', async (_, change) => {
    const { service, ada, later } = await lobby()
    await ada.send('message:send', later())
    await change(service)
    await service.pass(MINUTE + 5_000)
    expect(service.reported).toHaveLength(1)
    expect(await service.store.due(service.clock.now(), 10)).toEqual([])
  })

  test('is refused at once to one who could not say it then: a stranger, a viewer, one whom only the token lets in', async () => {
    const { service, later } = await lobby()
    await service.user('owner').send('room:role', { room_id, user_id: 'bob', role: 'viewer' })
    for (const who of [
      service.user('eve'),
      service.user('bob'),
      service.user('eve', { grants: { lobby: 'member' } }),
      service.user('root', { permissions: ['admin'] }),
      service.user('ada', { permissions: ['room:create'] }),
    ])
      expect(await who.refused('message:send', later())).toBe('forbidden')
  })

  test('more than a year away is refused', async () => {
    const { service, ada, later } = await lobby()
    const deliver_at = service.clock.now() + 366 * 86_400_000
    expect(await ada.failure('message:send', later({ deliver_at }))).toMatchObject({
      code: 'validation_failed',
      details: [{ path: 'deliver_at' }],
    })
  })
})
