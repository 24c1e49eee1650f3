import { expect, test } from 'bun:test'
import { settled } from '../support/clock.ts'
import { byHand } from '../support/wire.ts'

/** Tokens in turn: 'token 1', 'token 2' … */
function tokens() {
  let given = 0
  return () => `token ${++given}`
}

test('a token that is good is kept for the next connection', async () => {
  const { begin, lines, line, pass } = byHand({ token: tokens() })
  begin()
  await (await line()).letIn()
  await lines[0]?.end()
  await pass(1_000)
  expect(lines.map(({ auth }) => auth.token)).toEqual(['token 1', 'token 1'])
})

test('a token that ends within a minute is not begun with', async () => {
  const { begin, lines, line, pass, clock } = byHand({ token: tokens() })
  begin()
  await (await line()).letIn({}, { expires_at: clock.now() + 90_000 })
  await pass(30_000)
  await lines[0]?.end()
  await pass(1_000)
  expect(lines.map(({ auth }) => auth.token)).toEqual(['token 1', 'token 2'])
})

test('a clock that goes wrong does no harm: the service’s own says how long is left', async () => {
  const { begin, lines, line, pass, clock } = byHand({ token: tokens() })
  begin()
  const { greet } = await line()
  await greet({ expires_at: clock.now() + 3_600_000 })
  await lines[0]?.end()
  await pass(1_000)
  expect(lines[1]?.auth.token).toBe('token 1')
})

test('before a token ends the service is given a newer one, and the connection goes on', async () => {
  const { begin, lines, line, pass, clock } = byHand({ token: tokens() })
  const client = begin()
  const { letIn, say, last, all } = await line()
  await letIn()
  await say('auth_expiring', { expires_at: clock.now() + 60_000 })
  await pass(10_000)
  expect(last('auth:refresh').data).toBeUndefined()
  await last('auth:refresh').answer({ expires_at: clock.now() + 3_600_000 })
  await pass(120_000)
  expect(all('auth:refresh')).toHaveLength(1)
  expect([client.state, lines.length]).toEqual(['ready', 1])
})

test('where the one who gives tokens is away, they are asked again until it is too late', async () => {
  let asked = 0
  const token = async () => {
    if (++asked > 1 && asked < 4) throw new Error('away')
    return `token ${asked}`
  }
  const { begin, line, pass, clock } = byHand({ token })
  begin()
  const { letIn, say, all } = await line()
  await letIn()
  await say('auth_expiring', { expires_at: clock.now() + 60_000 })
  await pass(19_999)
  expect(all('auth:refresh')).toHaveLength(0)
  await pass(1)
  expect(all('auth:refresh')).toHaveLength(1)
})

test('a connection that is gone is not given a newer token', async () => {
  let asked = 0
  const token = async () => {
    if (++asked > 1) throw new Error('away')
    return 'token'
  }
  const { begin, line, pass, clock } = byHand({ token })
  const client = begin()
  const { letIn, say } = await line()
  await letIn()
  await say('auth_expiring', { expires_at: clock.now() + 60_000 })
  await client.close()
  await pass(60_000)
  expect(asked).toBe(1)
})

test('who is asked for a token and never answers is asked again', async () => {
  let asked = 0
  const { begin, lines, pass } = byHand({ token: () => (++asked === 1 ? new Promise(() => {}) : 'a second one') })
  begin()
  await settled()
  await pass(21_000)
  expect(lines.map(({ auth }) => auth.token)).toEqual(['a second one'])
})

test('a token that was refused is replaced; after three in a row it is over', async () => {
  const { begin, lines, line, pass } = byHand({ token: tokens() })
  const client = begin()
  await line()
  for (const _ of [1, 2, 3]) {
    await lines.at(-1)?.end({ meant: true, code: 'token_expired' })
    await pass(8_000)
  }
  expect(lines.map(({ auth }) => auth.token)).toEqual(['token 1', 'token 2', 'token 3', 'token 4'])
  await lines.at(-1)?.end({ meant: true, code: 'unauthenticated' })
  expect(client.refusal?.code).toBe('unauthenticated')
})

test('a token that is all there is ends the client when it is no good', async () => {
  const { begin, line } = byHand({ token: 'the only one' })
  const client = begin()
  await (await line()).end({ meant: true, code: 'token_expired' })
  expect(client.refusal?.code).toBe('token_expired')
})

test('who has no token to give, and says so, ends the client; a fault is tried again', async () => {
  const { Refusal } = await import('../../src/client/refusal.ts')
  const faults = [new Error('The network is away.'), Refusal.of('forbidden', 'Nobody of that name.')]
  const { begin, lines, pass, line } = byHand({
    token() {
      throw faults.shift()
    },
  })
  const client = begin()
  await line()
  expect(client.state).toBe('waiting')
  await pass(1_000)
  expect(client.refusal?.message).toBe('Nobody of that name.')
  expect(lines).toHaveLength(0)
})
