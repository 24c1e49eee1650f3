import { describe, expect, test } from 'bun:test'
import { deviceKey, userKey } from '../../../src/protocol/ids.ts'
import { testService } from '../../support/service.ts'

const hello = { user_id: 'ada', title: 'Hello', body: 'You have mail.' }

describe('notification:send', () => {
  test('tells a user on all of their connections', async () => {
    const service = testService()
    const root = service.user('root', { permissions: ['admin'] })
    const { notification_id } = await root.send('notification:send', { ...hello, data: { n: 1 }, kind: 'mail' })
    expect(service.told('notification', userKey('acme', 'ada'))).toEqual([
      {
        notification_id,
        kind: 'mail',
        title: 'Hello',
        body: 'You have mail.',
        data: { n: 1 },
        priority: 'normal',
        created_at: service.clock.now(),
      },
    ])
  })

  test('tells one device where one is named', async () => {
    const service = testService()
    await service.user('root', { permissions: ['*'] }).send('notification:send', { ...hello, device_id: 'phone' })
    expect(service.tellings('notification')).toEqual([{ places: [deviceKey('acme', 'ada', 'phone')] }])
  })

  test('is for the permission `admin`', async () => {
    const service = testService()
    for (const permissions of [undefined, ['notification:send'], ['message:*'], []])
      expect(await service.user('ada', permissions ? { permissions } : {}).refused('notification:send', hello)).toBe(
        'forbidden',
      )
    expect(service.told('notification')).toEqual([])
  })

  test('stays in its tenant', async () => {
    const service = testService()
    await service.user('root', { permissions: ['admin'], tenant: 'globex' }).send('notification:send', hello)
    expect(service.tellings('notification')).toEqual([{ places: [userKey('globex', 'ada')] }])
  })

  test('says which field is wrong', async () => {
    const root = testService().user('root', { permissions: ['admin'] })
    for (const [path, data] of [
      ['user_id', { ...hello, user_id: '' }],
      ['title', { ...hello, title: 'x'.repeat(257) }],
      ['body', { ...hello, body: undefined }],
      ['priority', { ...hello, priority: 'shouting' }],
    ] as const)
      expect(await root.failure('notification:send', data)).toMatchObject({ details: [{ path }] })
  })
})
