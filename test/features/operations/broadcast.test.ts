import { describe, expect, test } from 'bun:test'
import { roomKey, tenantKey } from '../../../src/protocol/ids.ts'
import { testService } from '../../support/service.ts'

async function lobby() {
  const service = testService()
  await service.room('lobby', ['ada'])
  return { service, root: service.user('root', { permissions: ['admin'] }) }
}

describe('service:broadcast', () => {
  test('tells an event of one’s own to the tenant, or to a room', async () => {
    const { service, root } = await lobby()
    await root.send('service:broadcast', { event: 'news', data: { n: 1 } })
    await root.send('service:broadcast', { event: 'news', data: null, room_id: 'lobby' })
    expect(service.told('news')).toEqual([{ n: 1 }, null])
    expect(service.tellings('news').map(({ places }) => places)).toEqual([
      [tenantKey('acme')],
      [roomKey('acme', 'lobby')],
    ])
  })

  test.each(['message_new', 'log_skipped', 'error', 'authenticated'])(
    'is refused under the name %s, which is taken',
    async (event) => {
      const { service, root } = await lobby()
      expect(await root.failure('service:broadcast', { event, data: 1 })).toMatchObject({
        code: 'validation_failed',
        details: [{ path: 'event' }],
      })
      expect(service.told(event)).toEqual([])
    },
  )

  test('to a room that is not there is not found', async () => {
    const { root } = await lobby()
    expect(await root.refused('service:broadcast', { event: 'news', data: 1, room_id: 'nowhere' })).toBe('not_found')
  })
})
