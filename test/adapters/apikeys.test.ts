import { describe, expect, test } from 'bun:test'
import { apiKeyTokens } from '../../src/adapters/apikeys/tokens.ts'
import { readConfig } from '../../src/config.ts'
import { bySecret, NOW_S, SECRET, verifier } from '../support/keys.ts'

const { apiKeys } = readConfig({ API_KEYS: 'billing:acme:s3cret:with:colons, ops:globex:other' })
const tokens = apiKeyTokens(apiKeys, verifier({ JWT_SECRET: SECRET }).tokens)

describe('an API key', () => {
  test('acts for its tenant, as the service of its name, with all permissions, and does not expire', async () => {
    const { rooms, ...who } = await tokens.verify('s3cret:with:colons')
    expect(Object.entries(rooms)).toEqual([])
    expect(who).toMatchObject({ user_id: 'service.billing', tenant_id: 'acme', permissions: ['*'], key: 'billing' })
    expect(new Date(who.expires_at).getUTCFullYear()).toBe(275_760)
    expect((await tokens.verify('other')).tenant_id).toBe('globex')
  })

  test.each(['', 'S3cret:with:colons', 's3cret:with:colon', 'billing', 'billing:acme:s3cret:with:colons', 'other '])(
    'is taken to the letter, not as %p',
    async (key) => {
      await expect(tokens.verify(key)).rejects.toMatchObject({ code: 'unauthenticated' })
    },
  )

  test('stands beside tokens', async () => {
    const token = await bySecret('HS256')({ sub: 'ada', tenant_id: 'acme', exp: NOW_S + 60 })
    expect((await tokens.verify(token)).user_id).toBe('ada')
  })
})
