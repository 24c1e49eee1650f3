import { describe, expect, test } from 'bun:test'
import { mayFollow, type State, states } from '../../src/client/states.ts'
import { settled } from '../support/clock.ts'
import { byHand } from '../support/wire.ts'

/** Every state that a client was in. */
function walked(client: { state: State; onState(listener: (state: State) => void): unknown }): State[] {
  const seen = [client.state]
  client.onState((state) => seen.push(state))
  return seen
}

describe('a connection', () => {
  test('goes from state to state as its table says, and is ready when nothing is missing', async () => {
    const { begin, line } = byHand()
    const client = begin()
    const seen = walked(client)
    await (await line()).letIn()
    await client.ready()
    await client.close()
    expect(seen).toEqual(['idle', 'connecting', 'authenticating', 'syncing', 'ready', 'closed'])
    expect(seen.slice(1).filter((state, at) => !mayFollow(seen[at] as State, state))).toEqual([])
  })

  test('names no state that cannot be reached, and ends in one', () => {
    const reached = new Set(Object.values(states).flat() as State[])
    expect(Object.keys(states).filter((state) => state !== 'idle' && !reached.has(state as State))).toEqual([])
    expect(states.closed).toEqual([])
  })

  test('says who it is, on which device, and what it has', async () => {
    const { begin, line } = byHand()
    begin({ token: async () => 'fresh', device_id: 'laptop', device_name: 'Ada’s', platform: 'web' })
    const { auth } = await line()
    const device = { device_id: 'laptop', device_name: 'Ada’s', platform: 'web' }
    expect(auth).toEqual({ token: 'fresh', protocol: 1, ...device, positions: {} })
  })

  test('that is lost comes back after a while: anything up to a bound that doubles with every failure', async () => {
    const { begin, lines, line, pass, network } = byHand()
    begin()
    await (await line()).end()
    await pass(999)
    expect(lines).toHaveLength(1)
    await pass(1)
    await lines[1]?.end()
    await pass(1_999)
    expect(lines).toHaveLength(2)
    await pass(1)
    network.chance = 0.5
    await lines[2]?.end()
    await pass(2_000)
    expect(lines).toHaveLength(4)
  })

  test('that lasted a while comes back soon; one that is cut off at once waits longer', async () => {
    const { begin, lines, line, pass } = byHand()
    begin()
    await (await line()).letIn()
    await lines[0]?.end()
    await pass(1_000)
    await lines[1]?.letIn()
    await lines[1]?.end()
    await pass(1_000)
    expect(lines).toHaveLength(2)
    await pass(1_000)
    await lines[2]?.letIn()
    await pass(5_000)
    await lines[2]?.end()
    await pass(1_000)
    expect(lines).toHaveLength(4)
  })

  test('waits as long as the service asked for', async () => {
    const { begin, lines, line, pass, network } = byHand()
    network.chance = 0
    begin()
    await (await line()).end({ meant: true, code: 'too_many_connections', retry_after_ms: 7_000 })
    await pass(6_999)
    expect(lines).toHaveLength(1)
    await pass(1)
    expect(lines).toHaveLength(2)
  })

  test('that is lost long after an error does not wait as that error asked', async () => {
    const { begin, lines, line, pass } = byHand()
    begin()
    const { letIn, say, end } = await line()
    await letIn()
    await say('error', { code: 'rate_limited', message: 'too much', retryable: true, retry_after_ms: 60_000 }, 'error')
    await pass(10_000)
    await end()
    await pass(1_000)
    expect(lines).toHaveLength(2)
  })

  test('that is refused for good is closed, and says why to whoever waits', async () => {
    const { begin, lines, line, pass } = byHand()
    const client = begin()
    const ready = client.ready().catch((refusal) => refusal)
    await (await line()).end({ meant: true, code: 'too_many_devices' })
    expect(client.state).toBe('closed')
    expect(await ready).toMatchObject({ name: 'Refusal', code: 'too_many_devices', retryable: false })
    await pass(60_000)
    expect(lines).toHaveLength(1)
    expect(await client.request('device:list', {}).catch((refusal) => refusal)).toMatchObject({
      code: 'too_many_devices',
    })
  })

  test('whose session was revoked is closed', async () => {
    const { begin, line } = byHand()
    const client = begin()
    const { letIn, say, end } = await line()
    await letIn()
    await say('session_revoked', { reason: 'This device was revoked.' })
    await end({ meant: true })
    expect(client.refusal).toMatchObject({ code: 'session_revoked', message: 'This device was revoked.' })
  })

  test('comes back after an error that may be retried, also where the service ended it', async () => {
    const { begin, lines, line, pass } = byHand()
    const client = begin()
    const { letIn, say, end } = await line()
    await letIn()
    await say('error', { code: 'resync_required', message: '', retryable: true })
    await end()
    expect(client.state).toBe('waiting')
    await pass(1_000)
    expect(lines).toHaveLength(2)
  })

  test('that comes to nothing in 20 s is tried again', async () => {
    const { begin, lines, line, pass } = byHand()
    const client = begin()
    await line()
    await pass(20_000)
    expect(client.state).toBe('waiting')
    expect(lines[0]?.left).toBe('cut')
    await pass(1_000)
    expect(lines).toHaveLength(2)
  })

  test('that is closed says goodbye, and what it said before is not heard any more', async () => {
    const { begin, line, pass, lines } = byHand()
    const client = begin()
    const { letIn, say } = await line()
    await letIn()
    const heard: string[] = []
    client.onAny((name) => heard.push(name))
    await client.close()
    await say('log_skipped', {})
    await pass(60_000)
    expect(lines.map(({ left }) => left)).toEqual(['leave'])
    expect(heard).toEqual([])
  })
})

test('a client that is closed listens to its surroundings no longer', async () => {
  let listening = 0
  const listen = () => {
    listening++
    return () => void listening--
  }
  const { begin, line } = byHand({ signals: { isOnline: () => true, listen } })
  const client = begin()
  await (await line()).letIn()
  expect(listening).toBe(1)
  await client.close()
  expect(listening).toBe(0)
})

test('a client that is closed while it waits for a token opens no connection', async () => {
  let give = (_: string) => {}
  const token = () =>
    new Promise<string>((given) => {
      give = given
    })
  const { begin, lines } = byHand({ token })
  const client = begin()
  await settled()
  await client.close()
  give('too late')
  await settled()
  expect(lines).toEqual([])
})

describe('a server that goes away', () => {
  test('is left by itself, somewhen in the time it gives; what is asked meanwhile is asked of the next', async () => {
    const { begin, lines, line, pass, network } = byHand()
    const client = begin()
    const { letIn, say } = await line()
    await letIn()
    network.chance = 0.5
    await say('server_draining', { reconnect_in_ms: 10_000 })
    expect(client.state).toBe('draining')
    const asked = client.request('device:list', {})
    await pass(4_999)
    expect(lines).toHaveLength(1)
    await pass(1)
    expect(lines[0]?.left).toBe('cut')
    await lines[1]?.letIn()
    expect(lines[0]?.asked).toEqual([])
    await lines[1]?.last('device:list').answer({ devices: [] })
    expect(await asked).toEqual({ devices: [] })
  })

  test('is left once, also where it says so before it has let one in', async () => {
    const { begin, lines, line, pass } = byHand()
    const client = begin()
    const { say } = await line()
    await say('server_draining', { reconnect_in_ms: 2_000 })
    await say('server_draining', { reconnect_in_ms: 2_000 })
    await pass(2_000)
    await lines[1]?.letIn()
    await pass(24_000)
    expect([client.state, lines.length]).toEqual(['ready', 2])
  })
})

describe('who listens', () => {
  test('and fails keeps nothing from the client, nor from others who listen', async () => {
    const { begin, line, reported } = byHand()
    const client = begin()
    client.onState(() => {
      throw new Error('a fault of the page')
    })
    const seen = walked(client)
    await (await line()).letIn()
    expect(seen.at(-1)).toBe('ready')
    expect(reported).toHaveLength(seen.length - 1)
  })

  test('is told of a fault apart from all else, and so may throw it', async () => {
    const order: string[] = []
    const { begin, line } = byHand({ report: () => order.push('report') })
    const client = begin()
    client.on('log_skipped', () => {
      throw new Error('a fault of the page')
    })
    client.on('log_skipped', () => order.push('another'))
    const { letIn, say } = await line()
    await letIn()
    await say('log_skipped', {})
    expect(order).toEqual(['another', 'report'])
  })
})

describe('the network', () => {
  test('that is gone is waited for, and a try made now and then all the same', async () => {
    const { begin, lines, line, pass, network } = byHand()
    const client = begin()
    await (await line()).letIn()
    network.online = false
    await lines[0]?.end()
    expect(client.state).toBe('offline')
    await pass(29_999)
    expect(lines).toHaveLength(1)
    await pass(1)
    expect(lines).toHaveLength(2)
    await lines[1]?.end()
    network.signal('online')
    await line()
    expect(lines).toHaveLength(3)
  })

  test('that comes back ends the waiting', async () => {
    const { begin, lines, line, network } = byHand()
    const client = begin()
    await (await line()).end()
    network.signal('offline')
    expect(client.state).toBe('offline')
    network.signal('online')
    await line()
    expect(lines).toHaveLength(2)
  })

  test.each(['online', 'moved', 'returned'] as const)(
    'or the page: at %s a connection that is there is asked whether it lives, and replaced where it is silent',
    async (signal) => {
      const { begin, lines, line, network } = byHand()
      const client = begin()
      const { letIn, last, all } = await line()
      await letIn()
      network.signal(signal)
      await last('device:list').answer({ devices: [] })
      expect(client.state).toBe('ready')
      network.signal(signal)
      network.signal(signal)
      expect(all('device:list')).toHaveLength(2)
      await last('device:list').lose()
      await line()
      expect(lines).toHaveLength(2)
      expect(lines[0]?.left).toBe('cut')
    },
  )

  test('that changes while a connection is being made is a reason to make another', async () => {
    const { begin, lines, line, network } = byHand()
    begin()
    await line()
    network.signal('returned')
    await line()
    expect(lines).toHaveLength(1)
    network.signal('moved')
    await line()
    expect(lines).toHaveLength(2)
  })
})

describe('the heartbeat', () => {
  test('that is missed is a reason to ask; one that comes is none', async () => {
    const { begin, lines, line, pass } = byHand()
    begin()
    const { letIn, alive, all, last } = await line()
    await letIn()
    await pass(25_000)
    alive()
    await pass(25_000)
    expect(all('device:list')).toHaveLength(0)
    await pass(5_000)
    expect(all('device:list')).toHaveLength(1)
    await last('device:list').lose()
    await line()
    expect(lines).toHaveLength(2)
  })

  test('is looked for in time also where the clock is set back', async () => {
    const { begin, line, pass, setBack } = byHand()
    begin()
    const { letIn, all } = await line()
    await letIn()
    setBack(86_400_000)
    await pass(2 * 30_000)
    expect(all('device:list')).toHaveLength(1)
  })

  test('is not waited for when the connection has ended', async () => {
    const { begin, line, pass } = byHand()
    const client = begin()
    const { letIn, asked } = await line()
    await letIn()
    await client.close()
    await pass(120_000)
    expect(asked).toEqual([])
  })
})

describe('a connection that has gone bad', () => {
  async function poor(pass: (ms: number) => Promise<void>, line: () => Promise<any>) {
    const { say, last } = await line()
    await say('connection_quality', { quality: 'poor', rtt_ms: 2_000, loss: 0.5 })
    await last('device:list').answer({ devices: [] })
    await pass(15_000)
  }

  test('and stays so is left for another, though not again and again', async () => {
    const { begin, lines, line, pass } = byHand()
    begin()
    await (await line()).letIn()
    await poor(pass, line)
    expect(lines).toHaveLength(2)
    await lines[1]?.letIn()
    await poor(pass, line)
    expect(lines).toHaveLength(2)
  })

  test('and is well again is kept', async () => {
    const { begin, lines, line, pass } = byHand()
    begin()
    const { letIn, say, last } = await line()
    await letIn()
    await say('connection_quality', { quality: 'poor' })
    await last('device:list').answer({ devices: [] })
    await say('connection_quality', { quality: 'fair' })
    await pass(15_000)
    expect(lines).toHaveLength(1)
  })
})
