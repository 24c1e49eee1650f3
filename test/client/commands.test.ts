import { expect, test } from 'bun:test'
import { byHand } from '../support/wire.ts'

const refusalOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (refusal) => refusal,
  )

test('a command waits for the sign-in, goes in an envelope, and gives its answer', async () => {
  const { begin, line } = byHand()
  const client = begin()
  const answer = client.request('room:get', { room_id: 'kitchen' })
  const { letIn, last } = await line()
  await letIn()
  expect(last('room:get')).toMatchObject({ data: { room_id: 'kitchen' } })
  await last('room:get').answer({ room: { room_id: 'kitchen' } })
  expect(await answer).toEqual({ room: { room_id: 'kitchen' } } as never)
})

test('a command without an answer is asked again under the same id, also on the next connection', async () => {
  const { begin, lines, line, pass } = byHand()
  const client = begin()
  const { letIn, last } = await line()
  await letIn()
  const answer = client.request('room:create', { kind: 'group' })
  await line()
  await last('room:create').lose()
  await pass(250)
  const ids = lines[0]?.all('room:create').map(({ id }) => id)
  await lines[0]?.end()
  await pass(2_000)
  await lines[1]?.letIn()
  await pass(1_000)
  expect([...(ids ?? []), lines[1]?.last('room:create').id]).toEqual(Array(3).fill(ids?.[0]))
  await lines[1]?.last('room:create').answer({ room: {} })
  expect(await answer).toEqual({ room: {} } as never)
})

test('a refusal is thrown with its code; one that may be retried is, a few times, no sooner than the service says', async () => {
  const { begin, line, pass } = byHand()
  const client = begin()
  const { letIn, last, all } = await line()
  await letIn()
  const refused = refusalOf(client.request('room:get', { room_id: 'x' }))
  await line()
  await last('room:get').refuse('rate_limited', { retry_after_ms: 5_000, details: { limit: 'user' } })
  await pass(5_000)
  expect(all('room:get')).toHaveLength(1)
  await pass(250)
  expect(all('room:get')).toHaveLength(2)
  await last('room:get').refuse('forbidden')
  expect(await refused).toMatchObject({ name: 'Refusal', code: 'forbidden', retryable: false })
})

test.each(['unauthenticated', 'token_expired'] as const)(
  'a command that is refused as %s while the connection signs in anew is asked again',
  async (code) => {
    const { begin, line, pass } = byHand()
    const client = begin()
    const { letIn, last } = await line()
    await letIn()
    const answer = client.request('room:get', { room_id: 'x' })
    await line()
    await last('room:get').refuse(code)
    await pass(250)
    await last('room:get').answer({ room: 'x' })
    expect(await answer).toEqual({ room: 'x' } as never)
  },
)

test('a command that stays refused is given up after so many tries', async () => {
  const { begin, line, pass } = byHand()
  const client = begin()
  const { letIn, last } = await line()
  await letIn()
  const refused = refusalOf(client.request('room:get', { room_id: 'x' }, { tries: 2 }))
  await line()
  await last('room:get').refuse('unavailable')
  await pass(250)
  await last('room:get').refuse('unavailable')
  expect(await refused).toMatchObject({ code: 'unavailable', retryable: true })
})

test('a command that is not answered in its time is given up, and not sent later', async () => {
  const { begin, line, pass } = byHand()
  const client = begin()
  const refused = refusalOf(client.request('room:get', { room_id: 'x' }, { timeoutMs: 3_000 }))
  await pass(3_000)
  expect(await refused).toMatchObject({ code: 'timeout' })
  const { letIn, all } = await line()
  await letIn()
  expect(all('room:get')).toHaveLength(0)
})
