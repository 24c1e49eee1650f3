import { afterAll, describe, expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { tokensContract } from '../contracts/tokens.contract.ts'
import { byJwk, byKey, bySecret, NOW_S, PUBLIC_ALGORITHMS, pemOf, provider, SECRET, verifier } from '../support/keys.ts'

const ada = { sub: 'ada', tenant_id: 'acme', iat: NOW_S, exp: NOW_S + 3_600 }
const refused = { name: 'Failure', code: 'unauthenticated' }

for (const alg of ['HS256', 'HS384', 'HS512'])
  tokensContract(alg, async () => ({ ...verifier({ JWT_SECRET: SECRET }), sign: bySecret(alg) }))

for (const alg of PUBLIC_ALGORITHMS)
  tokensContract(alg, async () => ({ ...verifier({ JWT_PUBLIC_KEY: await pemOf(alg) }), sign: byKey(alg) }))

const publisher = provider()
await publisher.publish(['one', 'ES256'], ['two', 'RS256'])
afterAll(() => publisher[Symbol.asyncDispose]())

tokensContract('JWKS', async () => ({
  ...verifier({ JWT_JWKS_URL: `${publisher.url}/keys` }),
  sign: byKey('RS256', 'two'),
}))

tokensContract('OpenID', async () => ({
  ...verifier({ OIDC_ISSUER: publisher.url }),
  sign: byKey('ES256', 'one'),
  base: { iss: publisher.url },
}))

describe('only configured algorithms are taken', () => {
  test('a public key is no secret to sign with', async () => {
    const pem = await pemOf('RS256')
    const { tokens } = verifier({ JWT_PUBLIC_KEY: pem })
    const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url')
    const forged = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(ada)}`
    for (const secret of [pem, pem.trim(), pem.replaceAll('\n', '')]) {
      const signature = createHmac('sha256', secret).update(forged).digest('base64url')
      await expect(tokens.verify(`${forged}.${signature}`)).rejects.toMatchObject(refused)
    }
  })

  test('another algorithm is refused, even where the same key could be used with it', async () => {
    const { tokens } = verifier({ JWT_SECRET: SECRET, JWT_ALGORITHMS: 'HS384' })
    expect((await tokens.verify(await bySecret('HS384')(ada))).user_id).toBe('ada')
    const message = 'The token is signed with an algorithm that is not taken here.'
    await expect(tokens.verify(await bySecret('HS256')(ada))).rejects.toMatchObject({ ...refused, message })
  })

  test('a key of one curve judges no token of another', async () => {
    const { tokens } = verifier({ JWT_PUBLIC_KEY: await pemOf('ES256') })
    await expect(tokens.verify(await byKey('ES384')(ada))).rejects.toMatchObject(refused)
  })

  test('a token signed by someone else is refused', async () => {
    const { tokens } = verifier({ JWT_SECRET: `${SECRET}, but another` })
    const message = "The token's signature does not fit."
    await expect(tokens.verify(await bySecret('HS256')(ada))).rejects.toMatchObject({ ...refused, message })
  })
})

/** Of a key that was made for this test. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBQjCB9aADAgECAhRKqQGYPte4I7w1fIIcvCWXHIwxPTAFBgMrZXAwFjEUMBIG
A1UEAwwLcGFybGV5LnRlc3QwIBcNMjYxMTIxMTYyMDA1WhgPMjEyNjEwMjgxNjIw
MDVaMBYxFDASBgNVBAMMC3BhcmxleS50ZXN0MCowBQYDK2VwAyEAUsbs/Ns8Pxap
7wEFjaoif9+wvI1b6YeFBI+osUn2Ht2jUzBRMB0GA1UdDgQWBBQftVZIXXDtJdVq
I1sRBcqUtoNbFjAfBgNVHSMEGDAWgBQftVZIXXDtJdVqI1sRBcqUtoNbFjAPBgNV
HRMBAf8EBTADAQH/MAUGAytlcANBAKBD+JczksXYk0at+/2fXUEX8Ua7puY9UApq
2ajkv9MJSsbK8nJXoy2S64eCZEjTXn3LnNlrrvM5qX1ckccZmQU=
-----END CERTIFICATE-----
`

test('a certificate will do as the public key, with its line breaks written as \\n', async () => {
  const { tokens } = verifier({ JWT_PUBLIC_KEY: certificate.replaceAll('\n', '\\n') })
  const sign = byJwk('EdDSA', {
    kty: 'OKP',
    crv: 'Ed25519',
    x: 'Usbs_Ns8Pxap7wEFjaoif9-wvI1b6YeFBI-osUn2Ht0',
    d: '_osR9oxzqFEOwm_jUtG6rfSiG-ho8BsmuvaKIGCKqso',
  })
  expect((await tokens.verify(await sign(ada))).user_id).toBe('ada')
  await expect(tokens.verify(await byKey('EdDSA')(ada))).rejects.toMatchObject(refused)
})

test('iss and aud are checked where they are configured', async () => {
  const { tokens } = verifier({ JWT_SECRET: SECRET, JWT_ISSUER: 'us, them', JWT_AUDIENCE: 'chat' })
  const good = { ...ada, iss: 'them', aud: ['shop', 'chat'] }
  expect((await tokens.verify(await bySecret('HS256')(good))).user_id).toBe('ada')
  for (const wrong of [{ iss: 'they' }, { iss: undefined }, { iss: ['us'] }, { aud: 'shop' }, { aud: undefined }])
    await expect(tokens.verify(await bySecret('HS256')({ ...good, ...wrong }))).rejects.toMatchObject(refused)
})

test('user and tenant are claimed under whatever names are configured, also within objects', async () => {
  const names = { JWT_CLAIM_USER: 'https://acme.example/user', JWT_CLAIM_TENANT: 'org.tenant.id' }
  const { tokens } = verifier({ JWT_SECRET: SECRET, ...names })
  const claims = { exp: NOW_S + 60, sub: 'x', [names.JWT_CLAIM_USER]: 'ada', org: { tenant: { id: 'acme' } } }
  expect(await tokens.verify(await bySecret('HS256')(claims))).toMatchObject({ user_id: 'ada', tenant_id: 'acme' })
})

test('what an object inherits is no claim', async () => {
  const { tokens } = verifier({ JWT_SECRET: SECRET, JWT_CLAIM_TENANT: 'constructor.name' })
  const message = 'The token names no tenant.'
  await expect(tokens.verify(await bySecret('HS256')(ada))).rejects.toMatchObject({ ...refused, message })
})
