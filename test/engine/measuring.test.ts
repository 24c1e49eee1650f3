/** How long clients take to answer: found out soon, and at no cost where nobody asks. */
import { expect, test } from 'bun:test'
import type { Link } from '../../src/engine/link.ts'
import { type Measured, measuring } from '../../src/engine/measuring.ts'
import { joined, polling, queue, type Starting, start, until } from './raw.ts'

interface Pong {
  readonly id: string
  readonly rtt_ms: number
  readonly sentAt: number
}

/** An engine that measures within some ms; `again` says whether another ping is wanted. */
function measured(options: Starting = {}, again = false) {
  const pongs = queue<Pong>()
  const lates = queue<string>()
  const hooks = {
    onPong({ id }: Link, rtt_ms: number, sentAt: number) {
      pongs.push({ id, rtt_ms, sentAt })
      return again
    },
    onLate: ({ id }: Link) => lates.push(id),
  }
  const engine = start({ measureAfter: 5, lateAfter: 1_000, ...options, hooks })
  const signIn = (sid: string) => engine.guarded.admit(engine.connection(sid) as Link)
  return Object.assign(engine, { pongs, lates, signIn })
}

test('who signs in is pinged soon, and the answer tells how long it took and what had arrived by then', async () => {
  await using engine = measured()
  using client = await joined(engine)
  const before = performance.now()
  engine.signIn(client.sid)
  expect(await client.next()).toBe('2')
  const between = performance.now()
  client.send('3')
  const { id, rtt_ms, sentAt } = await engine.pongs.next()
  expect(id).toBe(client.sid)
  expect(sentAt).toBeGreaterThan(before)
  expect(sentAt).toBeLessThan(between)
  expect(rtt_ms).toBeGreaterThanOrEqual(between - sentAt)
  expect(rtt_ms).toBeLessThanOrEqual(performance.now() - sentAt)
})

test('a polling client is measured too', async () => {
  await using engine = measured()
  const client = await polling(engine)
  await client.post('40')
  expect(await client.poll()).toStartWith('40')
  engine.signIn(client.sid)
  expect(await client.poll()).toBe('2')
  await client.post('3')
  expect(await engine.pongs.next()).toMatchObject({ id: client.sid })
})

test('another ping comes as soon, for as long as that is wanted', async () => {
  await using engine = measured({}, true)
  using client = await joined(engine)
  engine.signIn(client.sid)
  for (let n = 0; n < 3; n++) {
    expect(await client.next()).toBe('2')
    client.send('3')
    await engine.pongs.next()
  }
})

test('who is measured early is still pinged at the usual times, and found when it answers no more', async () => {
  await using engine = measured({ pingInterval: 40, pingTimeout: 30 })
  using client = await joined(engine)
  engine.signIn(client.sid)
  for (let n = 0; n < 2; n++) {
    expect(await client.next()).toBe('2')
    client.send('3')
  }
  await client.closed
  expect(await engine.closed.next()).toMatchObject({ reason: 'ping timeout' })
  expect(client.heard).toEqual(['2'])
})

test('where the server is behind with its work it measures later: its own delay is not that of its clients', async () => {
  const [behind_ms, after_ms] = [100, 30]
  await using engine = measured({ measureAfter: after_ms })
  using client = await joined(engine)
  const before = performance.now()
  engine.signIn(client.sid)
  while (performance.now() < before + behind_ms);
  expect(await client.next()).toBe('2')
  expect(performance.now() - before).toBeGreaterThanOrEqual(behind_ms + after_ms - 2) // timers ring a little early
})

test('a pong that nobody asked for tells nothing', async () => {
  await using engine = measured()
  using client = await joined(engine, '')
  client.send('3', '40')
  expect(await client.next()).toStartWith('40')
  engine.signIn(client.sid)
  expect(await client.next()).toBe('2')
  expect(engine.pongs.items).toEqual([])
})

test('a ping without an answer is late, once, and its answer counts all the same', async () => {
  await using engine = measured({ lateAfter: 20 })
  using client = await joined(engine)
  engine.signIn(client.sid)
  expect(await client.next()).toBe('2')
  expect(await engine.lates.next()).toBe(client.sid)
  client.send('3')
  expect((await engine.pongs.next()).rtt_ms).toBeGreaterThan(15)
  expect(engine.lates.items).toEqual([])
})

test('what is wrong with whoever asked reaches no connection', async () => {
  await using engine = start({
    measureAfter: 5,
    hooks: {
      onPong() {
        throw new Error('a bug')
      },
    },
  })
  using client = await joined(engine)
  engine.guarded.admit(engine.connection(client.sid) as Link)
  expect(await client.next()).toBe('2')
  client.send('3')
  await until(() => engine.errors.length > 0)
  expect(engine.errors).toEqual([new Error('a bug')])
  expect(engine.connection(client.sid)?.readyState).toBe('open')
})

test('where nobody asks nobody is pinged early, and of connections that ended nothing waits', async () => {
  await using silent = start({ measureAfter: 5 })
  using client = await joined(silent)
  silent.guarded.admit(silent.connection(client.sid) as Link)
  expect(silent.guarded.engine.measuring.wanted.size).toBe(0)
  await using engine = measured({ measureAfter: 10_000 })
  using other = await joined(engine)
  engine.signIn(other.sid)
  expect(engine.guarded.engine.measuring.wanted.size).toBe(1)
  other.socket.close()
  await engine.closed.next()
  expect(engine.guarded.engine.measuring.wanted.size).toBe(0)
})

test('where hundreds are in doubt at once, a hundred are measured again: the others have time until their next heartbeat', () => {
  const host = { options: { measureAfter: 60_000, lateAfter: 60_000 }, guard: (run: () => void) => run() }
  const all = measuring({ ...host, hooks: { onPong: () => true } })
  for (let n = 0; n < 500; n++) all.answered({ readyState: 'open' } as Measured, 0)
  expect(all.wanted.size).toBe(100)
  all.clear()
})
