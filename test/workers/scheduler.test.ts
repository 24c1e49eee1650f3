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

/** A scheduler, and what it sent; each is answered with the next of these, and then with an acknowledgement. */
async function sending(scheduled: Partial<Scheduled>[], ...answers: FailureCode[]) {
  const { clock, pass } = fakeClock()
  const { log, store } = memoryWorld(clock)
  const sent: { caller: Caller; name: string; argument: unknown }[] = []
  const reported: unknown[] = []
  const dispatch: Dispatch = async (caller, name, argument): Promise<Envelope> => {
    sent.push({ caller, name, argument })
    const code = answers.shift()
    return code ? refusal(stamp, new Failure(code, 'No.')) : envelope('ack', stamp, {})
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
  const left = async () => (await store.due(clock.now(), 1_000)).map(({ scheduled_id }) => scheduled_id)
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
        caller: { tenant_id: 'acme', user_id: 'ada', connection: undefined, device_id: undefined },
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
    'keeps what was refused as %s, and tries again',
    async (code) => {
      const { worker, sent, pass, left, reported } = await sending([{}, {}], code)
      await pass(1_000)
      await worker.work()
      expect(await left()).toEqual(['s0'])
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
