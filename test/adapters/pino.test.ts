import { describe, expect, test } from 'bun:test'
import { pinoLogger } from '../../src/adapters/pino/logger.ts'

type Fields = Record<string, unknown>
type Line = { message: string; error?: unknown; [field: string]: unknown }

function logger(level: 'debug' | 'info' | 'silent' = 'debug') {
  const written: string[] = []
  const log = pinoLogger({ level, server: { id: 'one', region: 'fra' } }, { write: (line) => void written.push(line) })
  return { log, written, lines: () => written.map((line) => JSON.parse(line) as Line) }
}

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl'

test('a line is one JSON object with level, time, server, fields and message', () => {
  const { log, written, lines } = logger()
  log.info({ user_id: 'ada', count: 2 }, 'Signed in\nwith two lines.')
  expect(written[0]?.split('\n').length).toBe(2)
  expect(lines()).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      server: 'one',
      region: 'fra',
      user_id: 'ada',
      count: 2,
      message: 'Signed in\nwith two lines.',
    },
  ])
})

test('a child has its fields on every line, and its child as well', () => {
  const { log, lines } = logger()
  log.child({ request_id: 'r' }).child({ tenant_id: 'acme' }).warn({ n: 1 }, 'Slow.')
  expect(lines()[0]).toMatchObject({ level: 'warn', request_id: 'r', tenant_id: 'acme', n: 1 })
})

test('what is below the level is not written, and of silence nothing', () => {
  const info = logger('info')
  info.log.debug({}, 'no')
  info.log.info({}, 'yes')
  expect(info.lines().map(({ message }) => message)).toEqual(['yes'])
  const silent = logger('silent')
  silent.log.error({}, 'no')
  expect(silent.written).toEqual([])
})

test('a message is taken as it is, without places to fill in', () => {
  const { log, lines } = logger()
  log.info({ a: 1 }, '100 %s of %o %d')
  expect(lines()[0]?.message).toBe('100 %s of %o %d')
})

test('a field does not stand in the place of what every line has', () => {
  const { log, written, lines } = logger()
  log.child({ server: 'x' }).info({ level: 'x', time: 'x', message: 'x', region: 'x' }, 'Mine.')
  expect(lines()[0]).toMatchObject({ level: 'info', server: 'one', region: 'fra', message: 'Mine.', message_: 'x' })
  expect(written[0]?.match(/"message":/g)?.length).toBe(1)
})

describe('neither tokens nor what people say are ever written', () => {
  test.each<[string, Fields]>([
    ['a token', { token: 'hunter2' }],
    ['a token under another name', { refreshToken: 'hunter2', 'access-token': 'hunter2', JWT: 'hunter2' }],
    ['a header', { headers: { Authorization: 'hunter2', cookie: 'hunter2', 'set-cookie': ['hunter2'] } }],
    ['a handshake', { handshake: { auth: { anything: 'hunter2' } } }],
    ['a secret', { config: { jwt_secret: 'hunter2', apiKeys: ['hunter2'], password: 'hunter2' } }],
    ['a message', { message_id: 'm', content: { text: 'hunter2' } }],
    ['a message deep within', { a: [{ b: { c: [{ content: 'hunter2' }] } }] }],
    ['an envelope', { envelope: { payload: { action: 'message:send', data: { content: 'hunter2' } } } }],
    ['an entry of the log', { entry: { kept: { content: 'hunter2' } } }],
    ['a text', { presence: { text: 'hunter2' } }],
    ['what lies deeper than one would look', { a: { b: { c: { d: { e: { f: { g: { h: 'hunter2' } } } } } } } }],
    ['bytes', { frame: new TextEncoder().encode('hunter2'), buffer: new TextEncoder().encode('hunter2').buffer }],
    ['a map', { map: new Map([['content', 'hunter2']]), set: new Set(['hunter2']) }],
    ['an error that says one', { error: new Error('Authorization: Bearer hunter2') }],
    ['the cause of an error', { error: new Error('x', { cause: { token: 'hunter2' } }) }],
    ['what hangs on an error', { error: Object.assign(new Error('x'), { config: { headers: 'hunter2' } }) }],
    [
      'an address',
      { url: new URL('https://a.example/socket.io/?EIO=4&token=hunter2'), path: '/?access_token=hunter2' },
    ],
  ])('%s', (_, fields) => {
    const { log, written } = logger()
    log.info(fields, 'A line.')
    log.child(fields).error({}, 'Another.')
    expect(written.length).toBe(2)
    expect(written.join('')).not.toContain('hunter2')
  })

  test('a token is known by its looks, wherever it stands', () => {
    const { log, written } = logger()
    log.info(
      { got: TOKEN, list: [`x=${TOKEN}`], error: new Error(`bad ${TOKEN}`), code: { code: TOKEN } },
      `Refused ${TOKEN}.`,
    )
    log.child({ raw: TOKEN }).info({}, `Basic ${TOKEN}`)
    for (const part of TOKEN.split('.')) expect(written.join('')).not.toContain(part)
    expect(written[0]).toContain('"got":"[redacted]"')
  })

  test('what tells who and where stays', () => {
    const { log, lines } = logger()
    const fields = {
      user_id: 'ada',
      session_id: 's',
      token_id: 'j',
      room_id: 'lobby',
      client_id: 'c',
      command: 'message:send',
    }
    log.info(fields, 'Sent.')
    expect(lines()[0]).toMatchObject(fields)
  })
})

describe('a line stays small and is always written', () => {
  test('whatever its fields are', () => {
    const { log, lines, written } = logger()
    const round: { self?: object } = {}
    round.self = round
    const fields = {
      round,
      big: 10n,
      none: undefined,
      fn: () => 1,
      symbol: Symbol('s'),
      bad: Number.NaN,
      date: new Date(Number.NaN),
    }
    log.info(fields, 'Odd.')
    expect(lines()[0]).toMatchObject({ big: '10', message: 'Odd.' })
    expect(written[0]?.length).toBeLessThan(2_000)
  })

  test('however large they are', () => {
    const { log, written } = logger()
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`key${n}`, n]))
    log.info({ many, list: Array(10_000).fill('x'), long: 'y'.repeat(1_000_000) }, 'z'.repeat(1_000_000))
    expect(written[0]?.length).toBeLessThan(12_000)
  })

  test('an error keeps its name, sentence, code and place', () => {
    const { log, lines } = logger()
    const error = Object.assign(new TypeError('It broke.', { cause: new Error('Why.') }), { code: 'E_BROKE' })
    log.error({ error }, 'Failed.')
    expect(lines()[0]?.error).toMatchObject({
      name: 'TypeError',
      message: 'It broke.',
      code: 'E_BROKE',
      stack: expect.stringContaining('pino.test.ts'),
      cause: { message: 'Why.' },
    })
  })
})

test('without a place to write to, lines go to standard output', async () => {
  const script = `
    import { pinoLogger } from './src/adapters/pino/logger.ts'
    pinoLogger({ level: 'info', server: { id: 'one', region: 'fra' } }).info({ n: 1 }, 'Ready.')
    process.exit(0)`
  const child = Bun.spawn([process.execPath, '-e', script], { cwd: `${import.meta.dirname}/../..` })
  expect(JSON.parse(await new Response(child.stdout).text())).toMatchObject({ n: 1, message: 'Ready.' })
  expect(await child.exited).toBe(0)
})
