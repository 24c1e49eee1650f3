import { describe, expect, test } from 'bun:test'
import { fakeConnection } from '../../support/connection.ts'
import { testService } from '../../support/service.ts'

async function rooms() {
  const service = testService()
  await service.room('open', ['ada'], { visibility: 'public' })
  await service.room('closed', ['ada'])
  const connection = fakeConnection(service.log, 'acme')
  return { service, connection, bob: service.user('bob', { connection }) }
}

describe('room:subscribe', () => {
  test('has this connection hear the room, without a membership', async () => {
    const { service, connection, bob } = await rooms()
    expect(await bob.send('room:subscribe', { room_id: 'open' })).toEqual({ epoch: expect.any(String), attach_seq: 1 })
    expect(connection.did).toContain('entered open')
    expect((await bob.send('room:list', {})).rooms).toEqual([])
    expect(await service.user('ada').log('open')).toHaveLength(1)
  })

  test('leaves out what the connection does not want of the room', async () => {
    const { connection, bob } = await rooms()
    await bob.send('room:subscribe', { room_id: 'open', without: ['typing'] })
    await bob.send('room:subscribe', { room_id: 'open' })
    expect(connection.did.filter((one) => one.includes('want'))).toEqual([
      'does not want typing of open',
      'wants presence of open',
      'wants typing of open',
      'wants presence of open',
    ])
  })

  test('is for members, and for everyone where the room is public', async () => {
    const { service, bob } = await rooms()
    expect(await bob.refused('room:subscribe', { room_id: 'closed' })).toBe('forbidden')
    expect(await service.user('ada').refused('room:subscribe', { room_id: 'closed' })).toBe('not refused')
    const granted = service.user('eve', { grants: { closed: 'viewer' } })
    expect(await granted.refused('room:subscribe', { room_id: 'closed' })).toBe('not refused')
    expect(await bob.refused('room:subscribe', { room_id: 'nowhere' })).toBe('not_found')
    expect(await service.user('ada', { tenant: 'globex' }).refused('room:subscribe', { room_id: 'open' })).toBe(
      'not_found',
    )
  })

  test('knows the features a room has, and no others', async () => {
    const { bob } = await rooms()
    expect(await bob.failure('room:subscribe', { room_id: 'open', without: ['smells'] })).toMatchObject({
      details: [{ path: 'without.0' }],
    })
  })
})

describe('room:unsubscribe', () => {
  test('has the connection hear the room no longer, and leaves a membership as it is', async () => {
    const { service } = await rooms()
    const connection = fakeConnection(service.log, 'acme')
    const ada = service.user('ada', { connection })
    await ada.send('room:unsubscribe', { room_id: 'closed' })
    expect(connection.did).toEqual(['left closed'])
    expect((await ada.send('room:list', {})).rooms).toHaveLength(2)
  })

  test('of what one never heard is nothing', async () => {
    const { bob } = await rooms()
    expect(await bob.send('room:unsubscribe', { room_id: 'nowhere' })).toEqual({})
  })
})
