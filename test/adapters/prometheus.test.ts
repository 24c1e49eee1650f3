import { describe, expect, test } from 'bun:test'
import { prometheusMeter } from '../../src/adapters/prometheus/meter.ts'

/** A meter with a beat by hand: `late` says how late the next one comes. */
function meter() {
  let now = 0
  let beat = () => {}
  let beats = 0
  const server = { id: 'one', region: 'fra', version: '1.2.3' }
  const made = prometheusMeter(
    { commands: ['message:send', 'typing:start'], events: ['message_new'], server },
    {
      now: () => now,
      every(ms, then) {
        beats++
        beat = () => {
          now += ms
          then()
        }
        return () => void beats--
      },
    },
  )
  return {
    ...made,
    beats: () => beats,
    beat(late = 0) {
      now += late
      beat()
    },
    pass(ms: number) {
      now += ms
    },
    /** The values of one metric, by its labels as they are printed. */
    async read(name: string): Promise<Record<string, number>> {
      const lines = (await made.render())
        .split('\n')
        .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      return Object.fromEntries(
        lines
          .map((line) => line.slice(name.length).split(/ (?=\S+$)/))
          .map(([labels, value]) => [labels, Number(value)]),
      )
    },
  }
}

describe('what is held against addresses', () => {
  test('is counted by its reason and how far it has come, all of them from the start', async () => {
    const { suspicious, read } = meter()
    suspicious('malformed', 'noted')
    suspicious('malformed', 'noted')
    suspicious('refused_token', 'cut_off')
    const counted = await read('parley_suspicious_total')
    expect(Object.keys(counted)).toHaveLength(24)
    expect(Object.entries(counted).filter(([, count]) => count > 0)).toEqual([
      ['{reason="refused_token",step="cut_off"}', 1],
      ['{reason="malformed",step="noted"}', 2],
    ])
  })
})

describe('commands', () => {
  test('are counted by name and outcome', async () => {
    const { command, read } = meter()
    for (const outcome of ['ok', 'ok', 'forbidden']) command('message:send', outcome, 1)
    command('typing:start', 'ok', 1)
    expect(await read('parley_commands_total')).toEqual({
      '{command="message:send",outcome="ok"}': 2,
      '{command="message:send",outcome="forbidden"}': 1,
      '{command="typing:start",outcome="ok"}': 1,
    })
  })

  test('that are not of the registry share one name, and outcomes that are no code share one', async () => {
    const { command, read } = meter()
    for (let n = 0; n < 1_000; n++) command(`made:up:${n}`, `outcome ${n}`, 1)
    for (const name of ['__proto__', 'constructor', '"} 1\n']) command(name, name, 1)
    expect(await read('parley_commands_total')).toEqual({ '{command="unknown",outcome="other"}': 1_003 })
  })

  test('are timed in buckets that add up', async () => {
    const { command, read } = meter()
    for (const ms of [0, 0.1, 3, 3, 60_000]) command('message:send', 'ok', ms)
    const buckets = await read('parley_command_duration_seconds_bucket')
    const upTo = (le: string) => buckets[`{command="message:send",le="${le}"}`]
    expect(['0.0001', '0.0025', '0.005', '10', '+Inf'].map(upTo)).toEqual([2, 2, 4, 4, 5])
    expect(await read('parley_command_duration_seconds_count')).toEqual({ '{command="message:send"}': 5 })
    const sum = (await read('parley_command_duration_seconds_sum'))['{command="message:send"}']
    expect(sum).toBeCloseTo(60.0061)
  })

  test('cost well below a microsecond each to count', () => {
    const { command } = meter()
    const run = () => {
      const start = performance.now()
      for (let n = 0; n < 200_000; n++) command('message:send', 'ok', n % 50)
      return ((performance.now() - start) * 1_000) / 200_000
    }
    expect(Math.min(...Array.from({ length: 5 }, run))).toBeLessThan(1)
  })
})

test('events are counted once for each receiver, and those of nobody’s registry under one name', async () => {
  const { told, read, summary } = meter()
  told('message_new', 1_000)
  told('message_new', 1)
  told('one_of_my_own', 2)
  told('another', 3)
  expect(await read('parley_events_told_total')).toEqual({ '{event="message_new"}': 1_001, '{event="other"}': 5 })
  expect(summary().events).toBe(1_006)
})

test('connections are counted where they stand, through every state and the upgrade, down to none', async () => {
  const { connection, upgraded, read, summary } = meter()
  connection('polling', undefined, 'authenticating')
  connection('polling', 'authenticating', 'active')
  upgraded('active')
  connection('websocket', undefined, 'active')
  const where = (transport: string, state: string) => `{transport="${transport}",state="${state}"}`
  expect(await read('parley_connections')).toEqual({
    [where('websocket', 'active')]: 2,
    [where('polling', 'authenticating')]: 0,
    [where('polling', 'active')]: 0,
  })
  expect(summary().connections).toBe(2)
})

test('of each state of a connection it is counted how many came into it, whatever they came by', async () => {
  const { connection, upgraded, read } = meter()
  for (const transport of ['polling', 'websocket']) {
    connection(transport, undefined, 'connecting')
    connection(transport, 'connecting', 'active')
  }
  upgraded('active')
  connection('websocket', 'active', 'closed')
  connection('websocket', 'closed', undefined)
  expect(await read('parley_connection_states_total')).toEqual({
    '{state="connecting"}': 2,
    '{state="active"}': 2,
    '{state="closed"}': 1,
  })
})

test('closes are counted by reason, slow consumers also by themselves, and a hundred reasons are enough', async () => {
  const { closed, read } = meter()
  closed('slow_consumer')
  closed('transport close')
  for (let n = 0; n < 500; n++) closed(`reason ${n}`)
  const reasons = await read('parley_connections_closed_total')
  expect(reasons['{reason="slow_consumer"}']).toBe(1)
  expect(reasons['{reason="other"}']).toBe(402)
  expect(Object.keys(reasons).length).toBe(101)
  expect(await read('parley_slow_consumers_total')).toEqual({ '': 1 })
})

test('gaps, checks, commits and failures are counted', async () => {
  const { gap, checked, committed, failed, read } = meter()
  gap('found', 3)
  gap('healed', 2)
  checked(40)
  checked(2)
  committed(70, 0.4)
  failed('teller')
  expect(await read('parley_position_gaps_total')).toEqual({ '{state="found"}': 3, '{state="healed"}': 2 })
  expect(await read('parley_teller_checks_total')).toEqual({ '': 2 })
  expect(await read('parley_teller_checked_rooms_total')).toEqual({ '': 42 })
  expect(await read('parley_errors_total')).toEqual({ '{where="teller"}': 1 })
  expect(await read('parley_log_commit_entries_bucket')).toMatchObject({ '{le="50"}': 0, '{le="100"}': 1 })
  expect(await read('parley_log_commit_duration_seconds_sum')).toEqual({ '': 0.0004 })
})

test('what is counted from zero is there from the start', async () => {
  const { read } = meter()
  expect(await read('parley_slow_consumers_total')).toEqual({ '': 0 })
  expect(await read('parley_position_gaps_total')).toEqual({ '{state="found"}': 0, '{state="healed"}': 0 })
})

test('gauges are read when they are rendered, and the last reader of a name is asked', async () => {
  const { gauge, read } = meter()
  let users = 1
  gauge('users', 'Users who are here.', () => -1)
  gauge('users', 'Users who are here.', () => users)
  users = 7
  expect(await read('parley_users')).toEqual({ '': 7 })
})

test('the event loop’s delay is how late a beat comes', async () => {
  const { beat, read } = meter()
  beat()
  beat(120)
  beat()
  const upTo = await read('parley_event_loop_delay_seconds_bucket')
  expect([upTo['{le="0.001"}'], upTo['{le="0.1"}'], upTo['{le="0.25"}']]).toEqual([2, 2, 3])
})

test('a block of the real event loop is seen', async () => {
  const server = { id: 'one', region: 'fra', version: '1.2.3' }
  const real = prometheusMeter({ commands: [], events: [], server })
  const blockedUntil = performance.now() + 300
  while (performance.now() < blockedUntil);
  let text = ''
  do {
    await new Promise(setImmediate)
    text = await real.render()
  } while (/delay_seconds_count 0$/m.test(text))
  real.close()
  const [, below] = /delay_seconds_bucket\{le="0.1"\} (\d+)/.exec(text) ?? []
  const [, all] = /delay_seconds_count (\d+)/.exec(text) ?? []
  expect(Number(all) - Number(below)).toBeGreaterThanOrEqual(1)
})

test('a closed meter beats no more', () => {
  const { beats, close } = meter()
  expect(beats()).toBe(1)
  close()
  expect(beats()).toBe(0)
})

test('it tells of its process and of itself, in the text format', async () => {
  const { read, render } = meter()
  expect(await read('parley_info')).toEqual({ '{id="one",region="fra",version="1.2.3"}': 1 })
  expect((await read('process_resident_memory_bytes'))['']).toBeGreaterThan(1_000_000)
  expect((await read('process_cpu_seconds_total'))['']).toBeGreaterThan(0)
  const text = await render()
  for (const line of text.split('\n').filter(Boolean))
    expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|[a-z_]+(\{[^}]*\})? [-+\d.e]+)$/)
})

describe('how connections get through', () => {
  test('is told by pings and their times', async () => {
    const { ping, read } = meter()
    for (const ms of [20, 120, 2_500]) ping('answered', ms)
    ping('late')
    expect(await read('parley_pings_total')).toEqual({
      '{outcome="answered"}': 3,
      '{outcome="late"}': 1,
      '{outcome="unanswered"}': 0,
    })
    const buckets = await read('parley_rtt_seconds_bucket')
    expect(['0.025', '0.15', '3'].map((le) => buckets[`{le="${le}"}`])).toEqual([1, 2, 3])
  })

  test('is told by how many connections are of which quality now', async () => {
    const { quality, read } = meter()
    quality(undefined, 'good')
    quality(undefined, 'good')
    quality('good', 'poor')
    quality('good', undefined)
    expect(await read('parley_measured_connections')).toEqual({
      '{quality="good"}': 0,
      '{quality="fair"}': 0,
      '{quality="poor"}': 1,
    })
  })
})

test('two meters in one process do not add up', async () => {
  const one = meter()
  const other = meter()
  one.command('message:send', 'ok', 1)
  expect(await other.read('parley_commands_total')).toEqual({})
})

describe('the summary', () => {
  test('counts messages accepted, events told, and errors of both kinds', () => {
    const { command, told, failed, summary } = meter()
    for (const outcome of ['ok', 'ok', 'conflict', 'internal']) command('message:send', outcome, 1)
    command('nothing:known', 'unknown_event', 1)
    told('message_new', 4)
    failed('log')
    expect(summary()).toMatchObject({ messages: 2, events: 4, errors: 4 })
  })

  test('has latencies to within a tenth', () => {
    const { command, summary } = meter()
    for (let ms = 1; ms <= 1_000; ms++) command('message:send', 'ok', ms)
    const { p50, p95, p99 } = summary().latency_ms
    for (const [got, meant] of [
      [p50, 500],
      [p95, 950],
      [p99, 990],
    ] as const)
      expect(Math.abs(got / meant - 1)).toBeLessThan(0.1)
  })

  test('has no latency where nothing was', () => {
    expect(meter().summary().latency_ms).toEqual({ p50: 0, p95: 0, p99: 0 })
  })

  test('forgets latencies of more than ten minutes ago', () => {
    const { command, beat, pass, summary } = meter()
    beat()
    command('message:send', 'ok', 1_000)
    pass(300_000)
    beat()
    command('message:send', 'ok', 1)
    expect(summary().latency_ms.p99).toBeGreaterThan(900)
    pass(300_000)
    beat()
    expect(summary().latency_ms.p99).toBeLessThan(2)
    pass(700_000)
    beat()
    expect(summary().latency_ms.p99).toBe(0)
  })
})
