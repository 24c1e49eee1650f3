import { afterEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { developmentTokens } from '../../src/adapters/jose/development.ts'
import { bySecret, NOW, NOW_S, SECRET, verifier } from '../support/keys.ts'

const dirs: string[] = []
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true })
})

function newDir() {
  const dir = mkdtempSync(join(tmpdir(), 'parley-development-'))
  dirs.push(dir)
  return dir
}

function development(dataDir = newDir(), environment: 'development' | 'production' = 'development') {
  const { tokens: configured } = verifier({ JWT_SECRET: SECRET })
  let now = NOW
  const fail = (error: unknown) => {
    throw error
  }
  const made = developmentTokens({ environment, dataDir, configured }, { now: () => now, report: fail })
  const pass = (ms: number) => {
    now += ms
  }
  return { ...made, dataDir, pass }
}

describe("development's own tokens", () => {
  test('are good for an hour where nothing else is said', async () => {
    const { sign, verify, pass } = development()
    const { token, expires_at } = await sign({ user_id: 'ada', tenant_id: 'acme' })
    expect(expires_at).toBe(NOW + 3_600_000)
    expect(await verify(token)).toMatchObject({ user_id: 'ada', tenant_id: 'acme', permissions: undefined, expires_at })
    pass(3_605_000)
    await expect(verify(token)).rejects.toMatchObject({ code: 'token_expired' })
  })

  test('hold what was asked for', async () => {
    const { sign, verify } = development()
    const claims = { permissions: ['*'], rooms: { lobby: 'owner' }, session_id: 's', device_id: 'd' }
    const { token } = await sign({ user_id: 'ada', tenant_id: 'acme', ttl_s: 2, ...claims })
    const { rooms, ...who } = await verify(token)
    expect({ ...rooms }).toEqual({ lobby: 'owner' })
    expect(who).toMatchObject({ permissions: ['*'], session_id: 's', device_id: 'd', expires_at: NOW + 2_000 })
  })

  test.each([
    ['no user', { user_id: '', tenant_id: 'acme' }],
    ['a user with a control character', { user_id: 'a\u0000', tenant_id: 'acme' }],
    ['no end', { user_id: 'ada', tenant_id: 'acme', ttl_s: Number.POSITIVE_INFINITY }],
    ['an end in the past', { user_id: 'ada', tenant_id: 'acme', ttl_s: -1 }],
    ['a role that is none', { user_id: 'ada', tenant_id: 'acme', rooms: { lobby: 'king' } }],
  ])('are not made for %s', async (_, claims) => {
    await expect(development().sign(claims)).rejects.toMatchObject({ name: 'Failure', code: 'validation_failed' })
  })

  test('stand beside those of the configured key', async () => {
    const { verify } = development()
    const claims = { sub: 'bob', tenant_id: 'acme', iat: NOW_S, exp: NOW_S + 60 }
    expect((await verify(await bySecret('HS256')(claims))).user_id).toBe('bob')
    await expect(verify('eyJ9.eyJ9.eyJ9')).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('are not taken elsewhere, nor with what another has signed', async () => {
    const { sign, verify } = development()
    const { token } = await sign({ user_id: 'ada', tenant_id: 'acme' })
    const [header, payload] = token.split('.')
    await expect(development().verify(token)).rejects.toMatchObject({ code: 'unauthenticated' })
    await expect(verify(`${header}.${payload}.AAAA`)).rejects.toMatchObject({ code: 'unauthenticated' })
    await expect(verifier({ JWT_SECRET: SECRET }).tokens.verify(token)).rejects.toMatchObject({
      code: 'unauthenticated',
    })
  })

  test('survive a restart, by a key that only its owner can read', async () => {
    const { sign, dataDir } = development()
    const { token } = await sign({ user_id: 'ada', tenant_id: 'acme' })
    expect((await development(dataDir).verify(token)).user_id).toBe('ada')
    expect(readdirSync(dataDir)).toEqual(['development.key'])
    expect(statSync(join(dataDir, 'development.key')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(dataDir, 'development.key'), 'utf8')).toMatch(/^development-only-[\w-]{43}$/)
  })

  test('do not start on a file that holds no key', () => {
    const dir = newDir()
    writeFileSync(join(dir, 'development.key'), 'development-only-short')
    expect(() => development(dir)).toThrow('does not hold a key of development')
  })

  test('are not to be had in production', () => {
    const dir = newDir()
    expect(() => development(dir, 'production')).toThrow('for development only')
    expect(readdirSync(dir)).toEqual([])
  })
})
