import { describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import { type Command, type Context, command, feature } from '../../src/features/feature.ts'
import { register } from '../../src/features/registry.ts'
import { anyone } from '../../src/features/rooms/rules.ts'
import { contexts, type Pipeline } from '../../src/pipeline/context.ts'
import { dispatcher } from '../../src/pipeline/dispatch.ts'
import { memberships } from '../../src/pipeline/memberships.ts'
import { Stale } from '../../src/ports/log.ts'
import { Failure } from '../../src/protocol/failure.ts'
import type { Namespace } from '../../src/protocol/namespaces.ts'
import { callerOf } from '../support/caller.ts'
import { fakeClock } from '../support/clock.ts'
import { testService } from '../support/service.ts'

const room_id = 'lobby'
const hi = { room_id, content: { text: 'hi' } }

async function lobby() {
  const service = testService()
  await service.room(room_id, ['ada'])
  return { service, ada: service.user('ada') }
}

describe('an answer', () => {
  test('is one envelope: the command’s id, the tenant, the time, the canonical name, and the data', async () => {
    const { service, ada } = await lobby()
    const answer = await ada.reply('typing_start', { id: 'e1', payload: { action: 'typing_start', data: { room_id } } })
    expect(answer).toEqual({
      type: 'ack',
      id: 'e1',
      tenant_id: 'acme',
      timestamp: service.clock.now(),
      payload: { action: 'typing:start', data: {} },
    })
  })

  test('to bare data has an id of ours', async () => {
    const { ada } = await lobby()
    const answers = [await ada.reply('room:list', {}), await ada.reply('room:list')]
    for (const { id } of answers) expect(id).toMatch(/^[0-9a-f-]{36}$/)
    expect(answers[0]?.id).not.toBe(answers[1]?.id as string)
  })

  test('is an error in the same form where the command was refused', async () => {
    const { service, ada } = await lobby()
    expect(await ada.reply('room:get', { id: 'e2', payload: { data: { room_id: 'nowhere' } } })).toEqual({
      type: 'error',
      id: 'e2',
      tenant_id: 'acme',
      timestamp: service.clock.now(),
      payload: {
        action: 'room:get',
        data: { code: 'not_found', message: 'There is no such room.', retryable: false },
      },
    })
  })
})

describe('an envelope', () => {
  test('names the event it came under, by its name or an alias', async () => {
    const { ada } = await lobby()
    const under = (name: string, action: unknown) => ada.failure(name, { payload: { action, data: { room_id } } })
    for (const action of ['typing:start', 'typing_start'])
      expect(await under('typing_start', action)).toBe('not refused')
    for (const action of ['typing:stop', '', 7, null, {}])
      expect(await under('typing_start', action)).toMatchObject({
        code: 'validation_failed',
        details: [{ path: 'payload.action' }],
      })
  })

  test('of another tenant is refused, and writes nothing', async () => {
    const { ada } = await lobby()
    const sent = (tenant_id: unknown) => ada.refused('message:send', { tenant_id, payload: { data: hi } })
    expect(await sent('globex')).toBe('tenant_mismatch')
    expect(await sent('')).toBe('tenant_mismatch')
    expect(await sent('acme')).toBe('not refused')
    expect(await ada.log(room_id)).toHaveLength(2)
  })

  test.each(['', 'x'.repeat(129), '\ud800', 'a\nb', 7, null, {}])(
    'with the id %p is refused, under an id of ours',
    async (id) => {
      const { ada } = await lobby()
      const answer = await ada.reply('message:send', { id, payload: { data: hi } })
      expect(answer).toMatchObject({
        type: 'error',
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        payload: { data: { code: 'validation_failed', details: [{ path: 'id' }] } },
      })
    },
  )
})

describe('a command that is not known', () => {
  test.each(['message:shout', '__proto__', 'constructor', '', 'connect', 'Message:Send'])(
    '%p is refused by name',
    async (name) => {
      const { ada } = await lobby()
      expect(await ada.reply(name, {})).toMatchObject({ type: 'error', payload: { data: { code: 'unknown_event' } } })
    },
  )

  test('is given back short and harmless, and shares one label with all others', async () => {
    const { service, ada } = await lobby()
    const { payload } = await ada.reply(`<b>\u001b[31m${'x'.repeat(500)}`, {})
    expect(payload.action).toMatch(/^[\w?:.-]{1,64}$/)
    expect((payload.data as { message: string }).message.length).toBeLessThan(120)
    await ada.reply('another', {})
    expect(service.measured.slice(-2)).toEqual(['unknown unknown_event', 'unknown unknown_event'])
  })
})

describe('what is measured', () => {
  test('is each command by its name and its outcome', async () => {
    const { service, ada } = await lobby()
    await ada.reply('typing_start', { room_id })
    await ada.reply('typing_start', { room_id: '' })
    await ada.reply('room:get', { room_id: 'nowhere' })
    expect(service.measured.slice(-3)).toEqual([
      'typing:start ok',
      'typing:start validation_failed',
      'room:get not_found',
    ])
  })
})

/** A pipeline of one command of the test's own. */
function one(own: Partial<Command>, namespaces?: readonly Namespace[]) {
  const { clock } = fakeClock()
  const reported: [unknown, string][] = []
  const measured: string[] = []
  const common = { about: '', input: v.object({}), output: v.object({}), allow: anyone, rate: { take: 1, every_ms: 1 } }
  const definition = command({ ...common, handle: () => ({}), ...own } as Command)
  const parts = { events: [], commands: { own: definition }, ...(namespaces && { namespaces }) }
  const commands = register([feature('own', parts)])
  const store = { room: async () => undefined, member: async () => undefined }
  const ports = {
    clock,
    limiter: undefined,
    store,
    meter: { command: (name: string, outcome: string) => void measured.push(`${name} ${outcome}`) },
    report: (error: unknown, id: string) => void reported.push([error, id]),
  }
  const pipeline = { ports, memberships: memberships(store), serviceOf: () => undefined } as unknown as Pipeline
  const dispatch = dispatcher(commands, pipeline.ports, contexts(pipeline))
  const on = (namespace: string) => dispatch(callerOf(), 'own', {}, namespace)
  return { ask: (data: unknown = {}) => dispatch(callerOf(), 'own', data), on, reported, measured }
}

describe('a namespace', () => {
  test('takes the commands that are its own, as `/` takes all', async () => {
    const { on } = one({}, ['/voice', '/video'])
    const replies = await Promise.all(['/', '/voice', '/video', '/collab'].map(on))
    expect(replies.map(({ type }) => type)).toEqual(['ack', 'ack', 'ack', 'error'])
  })

  test('refuses others, and says where they are taken', async () => {
    const { on, measured } = one({}, ['/voice', '/video'])
    const details = { namespaces: ['/', '/voice', '/video'] }
    expect(await on('/collab')).toMatchObject({ payload: { data: { code: 'unknown_event', details } } })
    expect(measured).toEqual(['own unknown_event'])
  })

  test('of whatever kind takes what is about the connection itself', async () => {
    const { on } = one({ everywhere: true })
    const replies = await Promise.all(['/', '/voice', '/notification'].map(on))
    expect(replies.map(({ type }) => type)).toEqual(['ack', 'ack', 'ack'])
  })
})

describe('a command that fails', () => {
  test('by a bug is `internal`, without a word of what it was, which is reported under the id that the client has', async () => {
    const bug = new Error('SELECT secret FROM /srv/app')
    const { ask, reported, measured } = one({ handle: () => Promise.reject(bug) })
    const answer = await ask({ id: 'e1', payload: { data: {} } })
    expect(JSON.stringify(answer)).not.toContain('secret')
    expect(answer).toMatchObject({ type: 'error', id: 'e1', payload: { data: { code: 'internal', retryable: true } } })
    expect(reported).toEqual([[bug, 'e1']])
    expect(measured).toEqual(['own internal'])
  })

  test.each([
    [
      'thrown at once',
      () => {
        throw new Failure('conflict', 'No.')
      },
    ],
    ['thrown later', () => Promise.reject(new Failure('conflict', 'No.'))],
  ])('by a refusal %s says it, and reports nothing', async (_, handle) => {
    const { ask, reported } = one({ handle })
    expect(await ask()).toMatchObject({ payload: { data: { code: 'conflict', message: 'No.' } } })
    expect(reported).toEqual([])
  })

  test('in its rule is not carried out', async () => {
    let done = 0
    const check = () => Promise.reject(new Failure('forbidden', 'No.'))
    const { ask } = one({ allow: { says: 'nobody', check }, handle: () => ({ done: ++done }) })
    expect(await ask()).toMatchObject({ payload: { data: { code: 'forbidden' } } })
    expect(done).toBe(0)
  })
})

describe('a command whose ground has changed', () => {
  test('is decided anew when the change can be read', async () => {
    let settle = () => {}
    const settled = new Promise<void>((then) => {
      settle = then
    })
    const decided: string[] = []
    let tries = 0
    const { ask } = one({
      allow: { says: 'anyone', check: () => void decided.push('checked') },
      handle: async () => {
        decided.push('tried')
        if (tries++ === 0) throw new Stale(settled)
        return {}
      },
    })
    const asking = ask()
    await new Promise<void>((then) => setImmediate(then))
    expect(decided).toEqual(['checked', 'tried'])
    settle()
    expect(await asking).toMatchObject({ type: 'ack' })
    expect(decided).toEqual(['checked', 'tried', 'checked', 'tried'])
  })

  test('again and again is put off, and may be tried again', async () => {
    let tries = 0
    const { ask, reported } = one({
      handle: async (ctx: Context) => {
        tries++
        throw new Stale(Promise.resolve(ctx))
      },
    })
    expect(await ask()).toMatchObject({
      payload: { data: { code: 'unavailable', retryable: true, retry_after_ms: 100 } },
    })
    expect([tries, reported]).toEqual([8, []])
  })
})
