import { describe, expect, test } from 'bun:test'
import { memoryWorld } from '../../src/adapters/memory/world.ts'
import type { Caller } from '../../src/features/caller.ts'
import type { Dispatch } from '../../src/pipeline/dispatch.ts'
import type { Scheduled } from '../../src/ports/store.ts'
import { type Envelope, envelope, refusal } from '../../src/protocol/envelope.ts'
import { Failure, type FailureCode } from '../../src/protocol/failure.ts'
import { scheduler } from '../../src/workers/scheduler.ts'
import { fakeClock } from '../support/clock.ts'

const stamp = { id: 'i', tenant_id: 'acme', timestamp: 0, action: 'message:send' }

interface Refused {
  readonly code: FailureCode
  readonly retry_after_ms: number
}

/** A scheduler, and what it sent; each is answered with the next of these, and then with an acknowledgement. */
async function sending(scheduled: Partial<Scheduled>[], ...answers: (FailureCode | Refused)[]) {
  const { clock, pass } = fakeClock()
  const { log, store } = memoryWorld(clock)
  const sent: { caller: Caller; name: string; argument: unknown }[] = []
  const reported: unknown[] = []
  const dispatch: Dispatch = async (caller, name, argument): Promise<Envelope> => {
    sent.push({ caller, name, argument })
    const answer = answers.shift()
    if (!answer) return envelope('ack', stamp, {})
    const { code, ...more } = typeof answer === 'string' ? { code: answer } : answer
    return refusal(stamp, new Failure(code, 'No.', more))
  }
  const begun = clock.now()
  const whole = scheduled.map((one, n) => ({
    scheduled_id: `s${n}`,
    tenant_id: 'acme',
    user_id: 'ada',
    deliver_at: begun + 1_000,
    data: { room_id: 'lobby', content: { text: 'hi' }, client_id: `k${n}`, deliver_at: begun + 1_000 },
    ...one,
  }))
  await store.apply(whole.map((one) => ({ do: 'schedule', scheduled: one })))
  const worker = scheduler({ clock, log, store, dispatch, report: (error) => void reported.push(error) })
  const left = async () => (await store.due(Number.MAX_SAFE_INTEGER, 1_000)).map(({ scheduled_id }) => scheduled_id)
  return { worker, sent, reported, pass, left, clock }
}

describe('the scheduler', () => {
  test('sends what is due like any other command, under its first key, in the name of who scheduled it', async () => {
    const { worker, sent, pass, left } = await sending([{}])
    await worker.work()
    expect(sent).toEqual([])
    await pass(1_000)
    expect(await worker.work()).toBe(false)
    expect(sent).toMatchObject([
      {
        caller: { tenant_id: 'acme', user_id: 'ada', connection: undefined, device_id: undefined, counted: true },
        name: 'message:send',
        argument: { id: 's0', payload: { data: { room_id: 'lobby', client_id: 'k0', retry: true } } },
      },
    ])
    expect(JSON.stringify(sent[0]?.argument)).not.toContain('deliver_at')
    expect(await left()).toEqual([])
    await worker.work()
    expect(sent).toHaveLength(1)
  })

  test('may do nothing but send', async () => {
    const { worker, sent, pass } = await sending([{}])
    await pass(1_000)
    await worker.work()
    const [{ permissions, grants } = {} as Caller] = sent.map(({ caller }) => caller)
    expect([permissions.admin, permissions.reach('message:send'), permissions.reach('message:delete')]).toEqual([
      false,
      'own',
      undefined,
    ])
    expect(grants).toEqual({})
  })

  test('sends the earliest first', async () => {
    const { worker, sent, pass, clock } = await sending([
      { scheduled_id: 'later', deliver_at: fakeClock().clock.now() + 900 },
      { scheduled_id: 'sooner', deliver_at: fakeClock().clock.now() + 100 },
    ])
    await pass(1_000)
    expect(clock.now()).toBeGreaterThan(0)
    await worker.work()
    expect(sent.map(({ caller }) => caller.session_id)).toEqual(['sooner', 'later'])
  })

  test.each(['unavailable', 'timeout', 'rate_limited', 'internal'] as const)(
    'keeps what was refused as %s, and tries again a second later',
    async (code) => {
      const { worker, sent, pass, left, reported } = await sending([{}, {}], code)
      await pass(1_000)
      await worker.work()
      expect(await left()).toEqual(['s0'])
      await pass(999)
      await worker.work()
      expect(sent).toHaveLength(2)
      await pass(1)
      await worker.work()
      expect([sent.length, await left(), reported]).toEqual([3, [], []])
    },
  )

  test.each(['forbidden', 'not_found', 'conflict', 'validation_failed'] as const)(
    'gives up what was refused as %s, and reports it without its content',
    async (code) => {
      const { worker, pass, left, reported } = await sending([{}], code)
      await pass(1_000)
      await worker.work()
      expect(await left()).toEqual([])
      expect(reported).toMatchObject([{ code }])
      expect(String(reported[0])).not.toContain('hi')
    },
  )

  test('tries again after twice as long each time, a minute at most', async () => {
    const { worker, sent, pass, clock } = await sending([{}], ...Array<FailureCode>(20).fill('unavailable'))
    await pass(1_000)
    const tried: number[] = []
    for (let second = 0; second < 200; second++) {
      const before = sent.length
      await worker.work()
      if (sent.length > before) tried.push(clock.now())
      await pass(1_000)
    }
    const pauses = tried.slice(1).map((at, n) => (at - (tried[n] as number)) / 1_000)
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60])
  })

  test('does not try again before it was told to', async () => {
    const { worker, sent, pass } = await sending([{}], { code: 'rate_limited', retry_after_ms: 5_000 })
    await pass(1_000)
    await worker.work()
    await pass(4_999)
    await worker.work()
    expect(sent).toHaveLength(1)
    await pass(1)
    await worker.work()
    expect(sent).toHaveLength(2)
  })

  test('is not held up by however many that cannot be sent', async () => {
    const stuck = 250
    const many = Array.from({ length: stuck }, () => ({}))
    const last = { scheduled_id: 'last', deliver_at: fakeClock().clock.now() + 1_500 }
    const { worker, sent, pass, left } = await sending(
      [...many, last],
      ...Array<FailureCode>(stuck).fill('unavailable'),
    )
    await pass(1_500)
    const callers = () => sent.map(({ caller }) => caller.session_id)
    for (let round = 0; round < 3; round++) await worker.work()
    expect(callers()).toContain('last')
    expect(await left()).toHaveLength(stuck)
  })

  test('comes again at once after a full round, unless none of it could be sent', async () => {
    const many = Array.from({ length: 101 }, () => ({}))
    const full = await sending(many)
    await full.pass(1_000)
    expect(await full.worker.work()).toBe(true)
    expect(await full.worker.work()).toBe(false)
    expect(await full.left()).toEqual([])
    const stuck = await sending(many, ...Array<FailureCode>(100).fill('unavailable'))
    await stuck.pass(1_000)
    expect(await stuck.worker.work()).toBe(false)
  })
})
