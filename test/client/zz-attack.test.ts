import { expect, test } from 'bun:test'
import { memoryStorage } from '../../src/client/storage.ts'
import { settled } from '../support/clock.ts'
import { byHand } from '../support/wire.ts'

test('Z: closed while a token is awaited opens nothing', async () => {
  let give = (_: string) => {}
  const { begin, lines } = byHand({ token: () => new Promise<string>((g) => { give = g }) })
  const client = begin()
  await settled()
  await client.close()
  give('late')
  await settled()
  expect(lines).toHaveLength(0)
})
test('A: a hanging provider is asked again', async () => {
  let asked = 0
  const { begin, line, lines, pass } = byHand({ token: () => (++asked === 1 ? new Promise<string>(() => {}) : 'second') })
  begin()
  await line()
  await pass(20_000)
  await pass(1_000)
  await settled()
  expect(asked).toBe(2)
  expect(lines).toHaveLength(1)
})
test('B: storage hangs', async () => {
  const stuck = { ...memoryStorage(), all: () => new Promise<never>(() => {}), write: () => new Promise<never>(() => {}) }
  const { begin, line, lines, pass } = byHand({ storage: stuck })
  const client = begin()
  await settled()
  await pass(60_000)
  expect(lines).toHaveLength(1)
  await (await line()).letIn()
  void client.send('lobby', { text: 'x' }).catch(() => {})
  await settled()
  await pass(60_000)
  expect(lines[0]?.asked.map((o) => o.name)).toContain('message:send')
})
test('D: mutated', async () => {
  const { begin, line } = byHand()
  const client = begin()
  const content = { text: 'first' }
  void client.send('lobby', content).catch(() => {})
  content.text = 'second'
  const l = await line()
  await l.letIn()
  await settled()
  expect(l.last('message:send').data.content.text).toBe('first')
})
test('G: an old error', async () => {
  const { begin, line, lines, pass } = byHand()
  begin()
  const l = await line()
  await l.letIn()
  await l.say('error', { code: 'rate_limited', message: 'x', retryable: true, retry_after_ms: 60_000 }, 'error')
  await pass(3_600_000)
  await l.end()
  await pass(2_000)
  expect(lines).toHaveLength(2)
})
