/** Who signs in, or tries to, from an address that something is held against. */
import { expect, test } from 'bun:test'
import type { Connection } from '../../src/features/caller.ts'
import type { Identity } from '../../src/ports/tokens.ts'
import { Failure } from '../../src/protocol/failure.ts'
import { signing } from '../../src/server/arriving/signing.ts'
import { fakeClock, settled } from '../support/clock.ts'

const ada: Identity = {
  user_id: 'ada',
  tenant_id: 'acme',
  permissions: undefined,
  rooms: {},
  session_id: 's',
  device_id: undefined,
  token_id: 't',
  issued_at: 0,
  expires_at: 9_000,
}

function doors(slowed = false) {
  const { clock, pass } = fakeClock()
  const noted: string[] = []
  const made = signing({
    tokens: {
      async verify(token) {
        noted.push(`looked at ${token}`)
        if (token === 'good') return ada
        throw new Failure('unauthenticated', 'No.')
      },
    },
    revocations: { refuses: () => undefined },
    clock,
    suspicion: {
      refused: (network, failure) => void noted.push(`${network} refused: ${(failure as Failure).code}`),
      signedIn: (network, tenant_id, user_id) => void noted.push(`${network} signed in: ${tenant_id} ${user_id}`),
      wait: () => (slowed ? new Promise<void>((then) => clock.after(2_000, then)) : undefined),
    },
    development: false,
    chance: () => 0,
  })
  const from = (tenant_id: string) => ({ network: '192.0.2.1', tenant_id }) as Connection
  return { ...made, noted, pass, stranger: from(''), known: from('acme') }
}

test('a token that is refused is held against its address at once, though the answer is late', async () => {
  const { fromHandshake, noted, stranger, pass } = doors()
  const answers = ['guess', { $ne: '' }].map((token) =>
    fromHandshake({ token }, '192.0.2.1', stranger)?.catch((refusal: Failure) => noted.push(`told: ${refusal.code}`)),
  )
  await settled()
  const refused = '192.0.2.1 refused: unauthenticated'
  expect(noted.filter((one) => one.includes('refused'))).toEqual([refused, refused])
  expect(noted).not.toContain('told: unauthenticated')
  await pass(1_000)
  await Promise.all(answers)
  expect(noted.slice(-2)).toEqual(['told: unauthenticated', 'told: unauthenticated'])
})

test('who signs in is told of, by tenant and user', async () => {
  const { fromToken, noted, stranger } = doors()
  await fromToken({ token: 'good' }, stranger)
  expect(noted.at(-1)).toBe('192.0.2.1 signed in: acme ada')
})

test('from an address that is slowed a token is not even looked at before its time', async () => {
  const { fromHandshake, noted, stranger, pass } = doors(true)
  const signing = fromHandshake({ token: 'good' }, '192.0.2.1', stranger)
  await pass(1_999)
  await settled()
  expect(noted).toEqual([])
  await pass(1)
  expect((await signing)?.caller).toMatchObject({ user_id: 'ada' })
})

test('who is signed in there already refreshes without waiting', async () => {
  const { fromToken, known } = doors(true)
  expect(await fromToken({ token: 'good' }, known)).toMatchObject({ expires_at: 9_000 })
})
