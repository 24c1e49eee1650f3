/** The signature of a secret is checked without jose: it must come to the same as if jose had checked it. */
import { expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { jwtVerify } from 'jose'
import { LEEWAY_S } from '../../src/adapters/jose/claims.ts'
import { NOW, NOW_S, SECRET, verifier } from '../support/keys.ts'

const part = (said: unknown) =>
  Buffer.from(typeof said === 'string' ? said : JSON.stringify(said)).toString('base64url')

const HASHES = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' } as const
const signature = (text: string, alg: keyof typeof HASHES, secret: string = SECRET) =>
  createHmac(HASHES[alg], secret).update(text).digest('base64url')

const ada = { sub: 'ada', tenant_id: 'acme', iat: NOW_S, exp: NOW_S + 3_600 }
const plain = { alg: 'HS256', typ: 'JWT' }
const signed = (header: string, payload: string, alg: keyof typeof HASHES = 'HS256', secret?: string) =>
  `${header}.${payload}.${signature(`${header}.${payload}`, alg, secret)}`

const headers = [
  plain,
  { alg: 'HS256' },
  { alg: 'HS256', kid: 'one' },
  { alg: 'HS256', kid: 7 },
  { alg: 'HS256', crit: ['exp'], exp: 1 },
  { alg: 'HS256', crit: ['b64'], b64: false },
  { alg: 'HS256', b64: false },
  { alg: 'HS256', jku: 'https://example.org/keys' },
  { alg: 'HS384' },
  { alg: 'hs256' },
  { alg: 'none' },
  { alg: ['HS256'] },
  { typ: 'JWT' },
  { __proto__: null, alg: 'constructor' },
  ['HS256'],
  'HS256',
  '',
  'null',
  '{"alg":"none","alg":"HS256"}',
  '{"alg":"HS256","alg":"none"}',
  '{"alg":"HS256"',
]
const payloads = [
  ada,
  { ...ada, exp: NOW_S - LEEWAY_S },
  { ...ada, exp: NOW_S - LEEWAY_S + 1 },
  { ...ada, exp: undefined },
  { ...ada, exp: String(ada.exp) },
  { ...ada, nbf: NOW_S + LEEWAY_S },
  { ...ada, nbf: NOW_S + LEEWAY_S + 1 },
  { ...ada, nbf: 'soon' },
  [ada],
  'ada',
  '',
  'null',
]
const whole = signed(part(plain), part(ada))
const [head = '', body = '', tail = ''] = whole.split('.')

const tokens = [
  ...headers.map((header) => signed(part(header), part(ada))),
  ...payloads.map((payload) => signed(part(plain), part(payload))),
  ...(['HS384', 'HS512'] as const).map((alg) => signed(part({ alg }), part(ada), alg)),
  signed(part(plain), part(ada), 'HS384'),
  signed(part(plain), part(ada), 'HS256', `${SECRET}!`),
  signed(`${part({ alg: 'HS256', typ: 'JW' })}==`, part(ada)),
  signed(` ${part(plain)}`, part(ada)),
  signed(part(plain), `${part(ada)}=`),
  signed(part(plain), `${part(ada)}!`),
  signed(part(plain), Buffer.from([0x22, 0xff, 0x22]).toString('base64url')),
  `${part({ alg: 'none' })}.${body}.`,
  `${head}.${body}.`,
  `${head}.${body}`,
  `${head}.${part({ ...ada, sub: 'eve' })}.${tail}`,
  `${whole}=`,
  `${whole}.`,
  `${whole}.${tail}`,
  `.${whole}`,
  whole.slice(0, -1),
  `${head}.${body}.${Buffer.from(tail, 'base64url').toString('base64')}`,
  `${head}.${body}.${tail.slice(0, -1)}${tail.endsWith('A') ? 'B' : 'A'}`,
  '',
  '..',
]

test('a token of a secret, whatever its form, is taken where jose takes it, and refused where jose refuses it', async () => {
  const { tokens: own } = verifier({ JWT_SECRET: SECRET, JWT_ALGORITHMS: 'HS256,HS512' })
  const options = {
    algorithms: ['HS256', 'HS512'],
    clockTolerance: LEEWAY_S,
    requiredClaims: ['exp'],
    currentDate: new Date(NOW),
  }
  const taken: string[] = []
  for (const token of tokens) {
    const byJose = await jwtVerify(token, new TextEncoder().encode(SECRET), options).then(
      () => true,
      () => false,
    )
    const byUs = await own.verify(token).then(
      () => true,
      () => false,
    )
    expect([token, byUs]).toEqual([token, byJose])
    if (byUs) taken.push(token)
  }
  expect(taken.length).toBeGreaterThan(5)
  expect(taken.length).toBeLessThan(tokens.length / 2)
})
