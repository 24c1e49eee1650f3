import { describe, expect, test } from 'bun:test'
import { memoryStorage } from '../../src/client/storage.ts'
import { madeAt } from '../../src/protocol/uuid.ts'
import { fakeClock, settled } from '../support/clock.ts'
import { byHand, type Line } from '../support/wire.ts'

const sent = (seq: number) => ({ message_id: `m${seq}`, room_id: 'lobby', seq, created_at: 0, duplicate: false })
const texts = (line: Line) => line.all('message:send').map(({ data }) => data.content.text)

async function signedIn(parts = byHand()) {
  const client = parts.begin()
  const line = await parts.line()
  await line.letIn({ lobby: 0, attic: 0 })
  return { ...parts, client, line }
}

describe('a message', () => {
  test('goes out under a key of its own, a UUIDv7, and comes true when it is acknowledged', async () => {
    const { client, line, clock } = await signedIn()
    const promise = client.send('lobby', { text: 'hello' }, { metadata: { mood: 'good' } })
    expect(client.outbox.pending).toHaveLength(1)
    await settled()
    const { data, answer } = line.last('message:send')
    expect(data).toMatchObject({ room_id: 'lobby', content: { text: 'hello' }, metadata: { mood: 'good' } })
    expect(madeAt(data.client_id)).toBe(clock.now())
    expect(data.retry).toBeUndefined()
    await answer(sent(1))
    expect(await promise).toMatchObject({ message_id: 'm1', seq: 1 })
    expect(client.outbox.pending).toEqual([])
  })

  test('goes out as it was written, whatever its writer makes of that afterwards', async () => {
    const { client, line } = await signedIn()
    const content = { text: 'before' }
    void client.send('lobby', content)
    content.text = 'after'
    await settled()
    expect(texts(line)).toEqual(['before'])
  })

  test('to a person names the person', async () => {
    const { client, line } = await signedIn()
    void client.send({ to: 'bea' }, { text: 'hello' })
    await settled()
    const { data } = line.last('message:send')
    expect([data.to, data.room_id]).toEqual(['bea', undefined])
  })

  test('waits for the one before it in its room, and for none of another room', async () => {
    const { client, line } = await signedIn()
    for (const text of ['one', 'two']) void client.send('lobby', { text })
    void client.send('attic', { text: 'elsewhere' })
    await settled()
    expect(texts(line)).toEqual(['one', 'elsewhere'])
    await line.all('message:send')[0]?.answer(sent(1))
    expect(texts(line)).toEqual(['one', 'elsewhere', 'two'])
  })

  test('whose answer is lost goes out again, saying so, under the same key', async () => {
    const { client, line, lines, pass } = await signedIn()
    const promise = client.send('lobby', { text: 'hello' })
    await settled()
    const first = line.last('message:send').data
    await line.end()
    await pass(1_000)
    await lines[1]?.letIn({ lobby: 1 })
    await pass(1_000)
    const second = lines[1]?.last('message:send')
    expect(second?.data).toEqual({ ...first, retry: true })
    await second?.answer({ ...sent(1), duplicate: true })
    expect(await promise).toMatchObject({ duplicate: true })
  })

  test('that is refused for now is tried as long as it takes, later and later, and lets none pass', async () => {
    const { client, line, pass } = await signedIn()
    for (const text of ['one', 'two']) void client.send('lobby', { text })
    await settled()
    for (const ms of [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
      await line.last('message:send').refuse('unavailable')
      await pass(ms - 1)
      const { length } = texts(line)
      await pass(1)
      expect(texts(line)).toHaveLength(length + 1)
    }
    expect(new Set(texts(line))).toEqual(new Set(['one']))
    await line.last('message:send').refuse('rate_limited', { retry_after_ms: 60_000 })
    await pass(59_999)
    expect(texts(line)).toHaveLength(9)
  })

  test('that is refused for good tells its sender, and the next one goes', async () => {
    const { client, line } = await signedIn()
    const promise = client.send('lobby', { text: 'one' }).catch((refusal) => refusal)
    void client.send('lobby', { text: 'two' })
    await settled()
    await line.last('message:send').refuse('forbidden')
    expect(await promise).toMatchObject({ name: 'Refusal', code: 'forbidden' })
    expect(texts(line)).toEqual(['one', 'two'])
    expect(client.outbox.pending.map(({ failed }) => failed?.code)).toEqual(['forbidden', undefined])
  })

  test('that cannot be sent at all is given up and reported, and the next one goes', async () => {
    const { client, line, reported } = await signedIn()
    const promise = client.send('lobby', { data: 'what no encoder takes' }).catch((refusal) => refusal)
    void client.send('lobby', { text: 'two' })
    await settled()
    await line.last('message:send').fail(new TypeError('Converting circular structure to JSON'))
    expect(await promise).toMatchObject({ code: 'validation_failed' })
    expect(reported).toHaveLength(1)
    expect(line.last('message:send').data.content.text).toBe('two')
  })

  test('goes out when it is kept, so that no reload loses what was said', async () => {
    const memory = memoryStorage()
    const kept: (() => void)[] = []
    let isSlow = true
    const write: typeof memory.write = async (...what) => {
      if (isSlow) await new Promise<void>((then) => kept.push(then))
      await memory.write(...what)
    }
    const { client, line } = await signedIn(byHand({ storage: { ...memory, write } }))
    const keep = async () => {
      for (const one of kept.splice(0)) one()
      await settled()
    }
    await keep()
    void client.send('lobby', { text: 'one' })
    await settled()
    expect(texts(line)).toEqual([])
    await keep()
    void client.send('lobby', { text: 'two' })
    await line.last('message:send').answer(sent(1))
    expect(texts(line)).toEqual(['one'])
    isSlow = false
    await keep()
    expect(texts(line)).toEqual(['one', 'two'])
  })

  test('that was refused for good is one of the last hundred, or nobody cared for it', async () => {
    const { client, line } = await signedIn()
    const sending = Array.from({ length: 102 }, (_, n) => client.send('lobby', { text: `${n}` }))
    await settled()
    for (const one of sending) {
      await line.last('message:send').refuse('forbidden')
      await one.catch(() => {})
      await settled()
    }
    expect(client.outbox.pending.map(({ data }) => data.content.text)).toHaveLength(100)
    expect(client.outbox.pending[0]?.data.content.text).toBe('2')
  })

  test('that was refused for good stays until it is tried once more, or discarded', async () => {
    const { client, line } = await signedIn()
    let changes = 0
    client.outbox.onChange(() => changes++)
    void client.send('lobby', { text: 'one' })
    await settled()
    await line.last('message:send').refuse('forbidden')
    const [{ client_id } = { client_id: '' }] = client.outbox.pending
    client.outbox.again(client_id)
    await settled()
    expect(line.last('message:send').data).toMatchObject({ client_id, retry: true })
    await line.last('message:send').refuse('forbidden')
    client.outbox.discard(client_id)
    expect(client.outbox.pending).toEqual([])
    expect(changes).toBe(5)
  })
})

describe('a message that is more than the service takes', () => {
  test('and ends the connection whenever it is sent is given up, and the next one goes', async () => {
    const parts = byHand()
    const client = parts.begin()
    const line = await parts.line()
    const limits = { payload_bytes: 1_000 }
    await line.letIn({ lobby: 0 }, { limits })
    const promise = client.send('lobby', { data: new Uint8Array(5_000) }).catch((refusal) => refusal)
    void client.send('lobby', { text: 'small' })
    await settled()
    await line.end()
    await parts.pass(1_000)
    await parts.lines[1]?.letIn({ lobby: 0 }, { limits })
    await parts.pass(1_000)
    expect(await promise).toMatchObject({ code: 'payload_too_large' })
    expect(texts(parts.lines[1] as Line)).toEqual(['small'])
  })
})

describe('the next client of a storage', () => {
  test('sends what the last one could not, in order, before anything new', async () => {
    const time = fakeClock()
    const first = await signedIn(byHand({ time }))
    for (const text of ['one', 'two', 'three']) void first.client.send('lobby', { text })
    await settled()
    const { client_id } = first.line.last('message:send').data
    await first.client.close()
    await time.pass(1_000)

    const second = byHand({ time, storage: first.storage })
    const client = second.begin()
    void client.send('lobby', { text: 'four' })
    const line = await second.line()
    expect(client.outbox.pending.map(({ data }) => data.content.text)).toEqual(['one', 'two', 'three', 'four'])
    await line.letIn({ lobby: 0 })
    for (const seq of [1, 2, 3, 4]) await line.last('message:send').answer(sent(seq))
    expect(texts(line)).toEqual(['one', 'two', 'three', 'four'])
    expect(line.all('message:send').map(({ data }) => data.retry)).toEqual([true, true, true, undefined])
    expect(line.all('message:send')[0]?.data.client_id).toBe(client_id)
    await client.close()
    expect(await second.storage.all('outgoing')).toEqual([])
  })

  test('does so in order where the clock was set back meanwhile', async () => {
    const first = await signedIn()
    for (const text of ['one', 'two']) void first.client.send('lobby', { text })
    await settled()
    await first.client.close()

    const second = byHand({ storage: first.storage })
    second.setBack(86_400_000)
    const client = second.begin()
    for (const text of ['three', 'four']) void client.send('lobby', { text })
    const line = await second.line()
    await line.letIn({ lobby: 0 })
    void client.send('lobby', { text: 'five' })
    expect(client.outbox.pending.map(({ data }) => data.content.text)).toEqual(['one', 'two', 'three', 'four', 'five'])
    for (const seq of [1, 2, 3, 4, 5]) await line.last('message:send').answer(sent(seq))
    expect(texts(line)).toEqual(['one', 'two', 'three', 'four', 'five'])
  })

  test('takes nothing from one that is alive, where locks tell', async () => {
    const held = new Set<string>()
    const locks = {
      hold(name: string) {
        held.add(name)
        return () => void held.delete(name)
      },
      ifFree: async (name: string, act: () => Promise<void>) => (held.has(name) ? undefined : act()),
    }
    const first = await signedIn(byHand({ locks }))
    void first.client.send('lobby', { text: 'one' })
    await settled()
    const second = await signedIn(byHand({ locks, storage: first.storage }))
    expect(second.client.outbox.pending).toEqual([])
    expect(texts(second.line)).toEqual([])

    await first.client.close()
    await second.line.end()
    await second.pass(1_000)
    await second.lines[1]?.letIn()
    expect(texts(second.lines[1] as Line)).toEqual(['one'])
  })

  test('sends nothing in another user’s name', async () => {
    const first = await signedIn()
    void first.client.send('lobby', { text: 'mine' })
    await settled()
    await first.client.close()
    const second = byHand({ storage: first.storage })
    const client = second.begin()
    const line = await second.line()
    await line.greet({ user_id: 'eve' })
    expect(client.refusal).toMatchObject({ code: 'forbidden' })
    expect(line.asked).toEqual([])
    expect(await first.storage.all('outgoing')).toHaveLength(1)
  })
})

test('a client that is closed tells who waits, and keeps what it could not send', async () => {
  const { client, storage } = await signedIn()
  const promise = client.send('lobby', { text: 'later' }).catch((refusal) => refusal)
  await client.close()
  expect(await promise).toMatchObject({ name: 'Refusal', code: 'unavailable' })
  expect(await client.send('lobby', { text: 'too late' }).catch((refusal) => refusal)).toBe(client.refusal)
  expect(await storage.all('outgoing')).toHaveLength(1)
})

test('a storage that fails is reported, and what was written goes out all the same', async () => {
  const broken = { ...memoryStorage(), write: () => Promise.reject(new Error('full')) }
  const { client, line, reported } = await signedIn(byHand({ storage: broken }))
  const promise = client.send('lobby', { text: 'hello' })
  await settled()
  await line.last('message:send').answer(sent(1))
  expect(await promise).toMatchObject({ seq: 1 })
  expect(reported.map(String)).toContain('Error: full')
})

test('what a storage cannot keep does not keep others from being kept', async () => {
  const memory = memoryStorage()
  const picky = {
    ...memory,
    async write(...[kind, values]: Parameters<typeof memory.write>) {
      if ([...values].some(([, value]) => typeof (value as any)?.data?.content.data === 'function'))
        throw new Error('no')
      await memory.write(kind, values)
    },
  }
  const { client, reported } = await signedIn(byHand({ storage: picky }))
  for (const data of ['one', () => {}, 'three']) void client.send('lobby', { data: data as any })
  await client.close()
  expect((await memory.all('outgoing')).map(([, one]) => (one as any).data.content.data)).toEqual(['one', 'three'])
  expect(reported.map(String)).toEqual(['Error: no'])
})

test('a storage that hangs is reported, and neither the connection nor what was written waits for it', async () => {
  const never = () => new Promise<never>(() => {})
  const parts = byHand({ storage: { all: never, write: never } })
  const client = parts.begin()
  await parts.pass(5_000)
  const line = await parts.line()
  await line.letIn({ lobby: 0 })
  void client.send('lobby', { text: 'hello' })
  await settled()
  expect(texts(line)).toEqual(['hello'])
  expect(parts.reported.map(String)).toContain('Error: The storage did not answer in time.')
})

test('a storage that was late is used again when it has answered', async () => {
  const memory = memoryStorage()
  const late: (() => void)[] = []
  let isLate = true
  const all: typeof memory.all = async (kind) => {
    if (isLate) await new Promise<void>((then) => late.push(then))
    return memory.all(kind)
  }
  const parts = byHand({ storage: { ...memory, all } })
  const client = parts.begin()
  await parts.pass(5_000)
  await (await parts.line()).letIn({ lobby: 0 })
  isLate = false
  for (const one of late) one()
  await settled()
  void client.send('lobby', { text: 'kept' })
  await settled()
  expect(await memory.all('outgoing')).toHaveLength(1)
})
