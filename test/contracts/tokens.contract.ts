import { describe, expect, test } from 'bun:test'
import type { Tokens } from '../../src/ports/tokens.ts'
import { NOW, NOW_S } from '../support/keys.ts'

interface Under {
  /** Verifies by the time that `now` says. */
  tokens: Tokens
  setNow(ms: number): void
  /** Signs these claims, and no others, by the key that is trusted. */
  sign(claims: Record<string, unknown>): Promise<string>
  /** What else a token of this issuer must claim. */
  base?: Record<string, unknown>
}

const ada = { sub: 'ada', tenant_id: 'acme', iat: NOW_S - 10, exp: NOW_S + 60 }

/** What every `Tokens` over signed tokens must do, whatever the key is and wherever it comes from. */
export function tokensContract(name: string, make: () => Promise<Under>) {
  async function under() {
    const { tokens, setNow, sign, base } = await make()
    setNow(NOW)
    const verify = async (claims: object) => tokens.verify(await sign({ ...base, ...claims }))
    const codeOf = (claims: object) =>
      verify(claims).then(
        () => 'taken',
        ({ code }) => code,
      )
    return { tokens, setNow, sign: (claims: object) => sign({ ...base, ...claims }), verify, codeOf }
  }

  describe(`${name} tokens`, () => {
    test('say whose they are', async () => {
      const { verify } = await under()
      const more = { permissions: ['room:create'], session_id: 's', device_id: 'd', jti: 'j', rooms: ['lobby'] }
      const { rooms, ...who } = await verify({ ...ada, ...more })
      expect(Object.entries(rooms)).toEqual([['lobby', 'member']])
      expect(who).toEqual({
        user_id: 'ada',
        tenant_id: 'acme',
        permissions: ['room:create'],
        session_id: 's',
        device_id: 'd',
        token_id: 'j',
        issued_at: NOW - 10_000,
        expires_at: NOW + 60_000,
      })
    })

    test('are taken until 5 s after their end, and then have expired', async () => {
      const { setNow, sign, tokens } = await under()
      const token = await sign(ada)
      setNow(NOW + 64_999)
      expect((await tokens.verify(token)).expires_at).toBe(NOW + 60_000)
      setNow(NOW + 65_000)
      expect(tokens.verify(token)).rejects.toMatchObject({ name: 'Failure', code: 'token_expired' })
    })

    test.each([
      ['that say no end', { exp: undefined }],
      ['whose end is no number', { exp: 'never' }],
      ['whose end no date can say', { exp: 1e300 }],
      ['that are not good yet', { nbf: NOW_S + 6 }],
      ['that were issued in the future', { iat: NOW_S + 6 }],
      ['without a user', { sub: undefined }],
      ['with an empty user', { sub: '' }],
      ['with a number as the user', { sub: 7 }],
      ['whose user holds a control character', { sub: 'ada\u0000' }],
      ['whose user holds a lone surrogate', { sub: 'ada\ud800' }],
      ['whose user is longer than 128 characters', { sub: 'a'.repeat(129) }],
      ['without a tenant', { tenant_id: undefined }],
      ['whose tenant holds a line break', { tenant_id: 'ac\nme' }],
      ['whose tenant is an object', { tenant_id: { length: 3 } }],
      ['whose permissions are one text', { permissions: '*' }],
      ['whose permissions are null', { permissions: null }],
      ['whose permissions are not all text', { permissions: ['message:send', 1] }],
      ['whose session is empty', { session_id: '' }],
      ['whose device is a number', { device_id: 1 }],
      ['whose id holds a control character', { jti: '\u0007' }],
      ['whose grants are a text', { rooms: 'lobby' }],
      ['whose grants are null', { rooms: null }],
      ['that grant an unknown role', { rooms: { lobby: 'king' } }],
      ['that grant a room with an empty id', { rooms: [''] }],
      ['that grant a room whose id is no text', { rooms: [['lobby']] }],
    ])('%s are refused', async (_, claims) => {
      const { codeOf } = await under()
      expect(await codeOf({ ...ada, ...claims })).toBe('unauthenticated')
    })

    test('that begin or were issued within 5 s from now are taken, for clocks that differ', async () => {
      const { codeOf } = await under()
      expect(await codeOf({ ...ada, nbf: NOW_S + 5, iat: NOW_S + 5 })).toBe('taken')
    })

    test('that were changed after they were signed are refused', async () => {
      const { sign, tokens } = await under()
      const [header, , signature] = (await sign(ada)).split('.')
      const payload = Buffer.from(JSON.stringify({ ...ada, sub: 'eve' })).toString('base64url')
      expect(tokens.verify(`${header}.${payload}.${signature}`)).rejects.toMatchObject({ code: 'unauthenticated' })
      expect(tokens.verify(`${header}.${payload}.`)).rejects.toMatchObject({ code: 'unauthenticated' })
    })

    test.each(['none', 'None', 'HS256', 'RS256', '__proto__', ''])(
      'that are not signed, and say they are by "%s", are refused',
      async (alg) => {
        const { tokens } = await under()
        const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url')
        const failure = expect(tokens.verify(`${part({ alg })}.${part(ada)}.`)).rejects
        await failure.toMatchObject({ name: 'Failure', code: 'unauthenticated' })
      },
    )

    test.each([
      '',
      '.',
      '..',
      '...',
      'eyJ',
      'a.b.c',
      '{}',
      '💥.💥.💥',
      'null',
      'a'.repeat(16_385),
      '\u0000',
      'eyJ9.eyJ9.eyJ9',
    ])('that are none (%p) are refused, and the refusal holds nothing of them', async (token) => {
      const { tokens } = await under()
      const failure = await tokens.verify(token).catch((thrown) => thrown)
      expect(failure).toMatchObject({ name: 'Failure', code: 'unauthenticated', more: {} })
      if (token.length > 3) expect(failure.message).not.toContain(token)
    })

    test('of more than 16 KiB are refused, well signed or not', async () => {
      const { codeOf } = await under()
      expect(await codeOf({ ...ada, more: 'x'.repeat(8_000) })).toBe('taken')
      expect(await codeOf({ ...ada, more: 'x'.repeat(16_000) })).toBe('unauthenticated')
    })

    test('without permissions leave them open, with none allow nothing', async () => {
      const { verify } = await under()
      expect((await verify(ada)).permissions).toBeUndefined()
      expect((await verify({ ...ada, permissions: [] })).permissions).toEqual([])
    })

    test('grant rooms by role, also such as are called like parts of an object, and no others', async () => {
      const { verify } = await under()
      const { rooms } = await verify({ ...ada, rooms: JSON.parse('{"constructor":"viewer","__proto__":"owner"}') })
      const roles = ['constructor', '__proto__', 'toString'].map((id) => rooms[id])
      expect(roles).toEqual(['viewer', 'owner', undefined])
    })

    test('belong to one session: their own, else their id, else one made of who and when', async () => {
      const { verify } = await under()
      const session = async (claims: object) => (await verify({ ...ada, ...claims })).session_id
      expect(await session({ session_id: 's', jti: 'j' })).toBe('s')
      expect(await session({ jti: 'j' })).toBe('j')
      const made = await session({})
      expect(await session({ exp: NOW_S + 99 })).toBe(made)
      const others = [
        await session({ sub: 'bob' }),
        await session({ tenant_id: 'x' }),
        await session({ iat: NOW_S - 9 }),
      ]
      expect(new Set([made, ...others]).size).toBe(4)
    })

    test('that do not say when they were issued are older than whatever is revoked', async () => {
      const { verify } = await under()
      expect((await verify({ ...ada, iat: undefined })).issued_at).toBe(0)
    })
  })
}
