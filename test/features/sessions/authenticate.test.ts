import { describe, expect, test } from 'bun:test'
import { fakeConnection } from '../../support/connection.ts'
import { testService } from '../../support/service.ts'

function connected() {
  const service = testService()
  const connection = fakeConnection(service.log, 'acme')
  const taken: unknown[] = []
  const who = {
    user_id: 'ada',
    tenant_id: 'acme',
    device_id: null,
    session_id: 's',
    permissions: ['*'],
    protocol: 1,
    expires_at: null,
    recovered: false,
    limits: {},
    server: { id: 'one', region: null, version: '1' },
  }
  Object.assign(connection, {
    signIn: async (credentials: unknown) => {
      taken.push(credentials)
      return who
    },
    refresh: async (token: string) => {
      taken.push(token)
      return 5_000
    },
  })
  return { service, taken, who, ada: service.user('ada', { connection, permissions: [] }) }
}

describe('authenticate', () => {
  test('hands the credentials to the connection, and answers as `authenticated` says', async () => {
    const { ada, taken, who } = connected()
    const credentials = { token: 't', device_id: 'd', device_name: 'Phone', platform: 'ios' }
    expect(await ada.send('authenticate', { ...credentials, admin: true })).toEqual(who)
    expect(taken).toEqual([credentials])
  })

  test('is said on a connection, not by HTTP', async () => {
    const { service } = connected()
    for (const name of ['authenticate', 'auth:refresh'])
      expect(await service.user('ada', { connection: 'none' }).refused(name, { token: 't' })).toBe('validation_failed')
  })

  test('says which field is wrong, and nothing of the token', async () => {
    const { ada, taken } = connected()
    for (const [path, data] of [
      ['token', {}],
      ['token', { token: '' }],
      ['token', { token: { secret: 1 } }],
      ['token', { token: 'secret'.repeat(4_000) }],
      ['device_id', { token: 'secret', device_id: '' }],
      ['platform', { token: 'secret', platform: 'x'.repeat(65) }],
    ] as const) {
      const failure = await ada.failure('authenticate', data)
      expect(failure).toMatchObject({ code: 'validation_failed', details: [{ path }] })
      expect(JSON.stringify(failure)).not.toContain('secret')
    }
    expect(taken).toEqual([])
  })
})

describe('auth:refresh', () => {
  test('hands the newer token to the connection, and answers until when it is good', async () => {
    const { ada, taken } = connected()
    expect(await ada.send('auth:refresh', { token: 'newer' })).toEqual({ expires_at: 5_000 })
    expect(taken).toEqual(['newer'])
  })
})
