import { describe, expect, test } from 'bun:test'
import { byKey, bySecret, NOW_S, provider, SECRET, verifier } from '../support/keys.ts'

const ada = { sub: 'ada', tenant_id: 'acme', iat: NOW_S, exp: NOW_S + 360_000 }
const one = byKey('ES256', 'one')
const two = byKey('RS256', 'two')
const refused = { code: 'unauthenticated' }

const at = ({ url }: { url: string }) => verifier({ JWT_JWKS_URL: `${url}/keys` })

describe('keys at an address', () => {
  test('are fetched once, however many ask at the same time', async () => {
    await using from = provider()
    await from.publish(['one', 'ES256'])
    const { tokens } = at(from)
    const token = await one(ada)
    await Promise.all(Array.from({ length: 50 }, () => tokens.verify(token)))
    expect(from.asked).toEqual(['/keys'])
  })

  test('that were rotated are found when a token names one that is not known', async () => {
    await using from = provider()
    await from.publish(['one', 'ES256'])
    const { tokens, pass } = at(from)
    await tokens.verify(await one(ada))
    await from.publish(['two', 'RS256'])
    pass(10_000)
    expect((await tokens.verify(await two(ada))).user_id).toBe('ada')
    await expect(tokens.verify(await one(ada))).rejects.toMatchObject(refused)
  })

  test('are not fetched again and again for tokens that name unknown ones', async () => {
    await using from = provider()
    await from.publish(['one', 'ES256'])
    const { tokens, pass } = at(from)
    const unknown = await byKey('ES256', 'unknown')(ada)
    for (let n = 0; n < 20; n++) {
      await expect(tokens.verify(unknown)).rejects.toMatchObject(refused)
      await tokens.verify(await one(ada))
      pass(1_000)
    }
    expect(from.asked.length).toBe(2)
  })

  test('are used on while the address is away, however old they are, and that is reported', async () => {
    await using from = provider()
    await from.publish(['one', 'ES256'])
    const { tokens, pass, reported } = at(from)
    await tokens.verify(await one(ada))
    from.away(true)
    pass(36_000_000)
    for (let n = 0; n < 3; n++) expect((await tokens.verify(await one(ada))).user_id).toBe('ada')
    expect(from.asked.length).toBe(2)
    expect(reported.map(String)).toEqual(['Error: The keys that tokens are signed with could not be fetched.'])
  })

  test('that cannot be fetched yet leave a token undecided, and are fetched as soon as they can be', async () => {
    await using from = provider()
    await from.publish(['one', 'ES256'])
    from.away(true)
    const { tokens, pass } = at(from)
    const undecided = { code: 'unavailable', more: { retry_after_ms: 1_000 } }
    for (let n = 0; n < 3; n++) await expect(tokens.verify(await one(ada))).rejects.toMatchObject(undecided)
    expect(from.asked.length).toBe(1)
    from.away(false)
    pass(1_000)
    expect((await tokens.verify(await one(ada))).user_id).toBe('ada')
  })

  test('that may have been rotated while the address is away leave a token undecided', async () => {
    await using from = provider()
    await from.publish(['one', 'ES256'])
    const { tokens, pass } = at(from)
    await tokens.verify(await one(ada))
    from.away(true)
    pass(10_000)
    await expect(tokens.verify(await two(ada))).rejects.toMatchObject({ code: 'unavailable' })
    expect((await tokens.verify(await one(ada))).user_id).toBe('ada')
  })

  test('that were taken away are taken no more after ten minutes', async () => {
    await using from = provider()
    await from.publish(['one', 'ES256'])
    const { tokens, pass } = at(from)
    await tokens.verify(await one(ada))
    await from.publish()
    pass(600_000)
    await expect(tokens.verify(await one(ada))).rejects.toMatchObject(refused)
  })

  test('are never secrets: one that is published there signs nothing', async () => {
    await using from = provider()
    from.publishRaw({ kty: 'oct', k: Buffer.from(SECRET).toString('base64url') })
    await expect(at(from).tokens.verify(await bySecret('HS256')(ada))).rejects.toMatchObject(refused)
  })

  test('that are broken judge nothing, and are reported', async () => {
    await using from = provider()
    from.publishRaw({ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'one' })
    const { tokens, reported } = at(from)
    await expect(tokens.verify(await one(ada))).rejects.toMatchObject({ code: 'unavailable' })
    expect(reported.length).toBe(1)
  })

  test('of which several fit must be named by the token', async () => {
    await using from = provider()
    await from.publish(['one', 'ES256'], ['other', 'ES256'])
    const message = 'The token does not name the key it is signed with.'
    await expect(at(from).tokens.verify(await byKey('ES256')(ada))).rejects.toMatchObject({ ...refused, message })
  })
})

describe('a provider found by discovery', () => {
  test('vouches for its own tokens only', async () => {
    await using from = provider()
    await from.publish(['one', 'ES256'])
    const { tokens } = verifier({ OIDC_ISSUER: from.url })
    expect((await tokens.verify(await one({ ...ada, iss: from.url }))).user_id).toBe('ada')
    expect(from.asked).toEqual(['/.well-known/openid-configuration', '/keys'])
    for (const iss of [undefined, `${from.url}/`, 'https://elsewhere.example'])
      await expect(tokens.verify(await one({ ...ada, iss }))).rejects.toMatchObject(refused)
  })

  test.each([
    ['says it is another', (url: string) => ({ issuer: `${url}/`, jwks_uri: `${url}/keys` })],
    ['says not where its keys are', (url: string) => ({ issuer: url })],
    ['sends on from where its keys should be', (url: string) => ({ issuer: url, jwks_uri: `${url}/moved` })],
    ['says its keys are a file', (url: string) => ({ issuer: url, jwks_uri: 'file:///etc/hostname' })],
  ])('is not believed where it %s', async (_, document) => {
    await using from = provider()
    await from.publish(['one', 'ES256'])
    from.discover(document(from.url))
    const { tokens, reported } = verifier({ OIDC_ISSUER: from.url })
    const token = await one({ ...ada, iss: from.url })
    await expect(tokens.verify(token)).rejects.toMatchObject({ code: 'unavailable' })
    expect(reported.length).toBe(1)
  })
})
