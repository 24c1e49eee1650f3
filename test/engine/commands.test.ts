/** The short way of events to whoever handles them: in order, and never more at once than can be borne. */
import { describe, expect, test } from 'bun:test'
import type { Ack } from '../../src/engine/options.ts'
import { Failure } from '../../src/protocol/failure.ts'
import { joined, start, stock } from './raw.ts'

interface Handled {
  readonly name: string
  readonly args: unknown[]
  readonly ack: Ack | undefined
}

/** A door that does as it is told. */
function door(handle: (handled: Handled) => unknown) {
  return {
    hooks: {
      onEvent: (_: unknown, name: string, args: unknown[], ack: Ack | undefined) => handle({ name, args, ack }),
    },
  }
}

const codeOf = (frame: string) => frame.replace(/^(\d+).*"code":"([a-z_]+)".*$/, '$1 $2')

describe('an event', () => {
  test('comes with its arguments, and with a way to answer where that was asked for', async () => {
    const heard: Handled[] = []
    await using engine = start(
      door((handled) => {
        heard.push(handled)
        handled.ack?.({ done: handled.args })
        handled.ack?.('twice')
      }),
    )
    using client = await joined(engine)
    client.send('42["quiet",1,{"a":[2]}]', '427["asked"]', '42["disconnect"]', '428[5,"five"]')
    expect([await client.next(), await client.next()]).toEqual(['437[{"done":[]}]', '438[{"done":["five"]}]'])
    expect(heard.map(({ name, args, ack }) => [name, args, typeof ack])).toEqual([
      ['quiet', [1, { a: [2] }], 'undefined'],
      ['asked', [], 'function'],
      ['disconnect', [], 'undefined'],
      ['5', ['five'], 'function'],
    ])
  })

  test('brings what is binary, and takes it back in the answer', async () => {
    await using engine = start(door(({ args, ack }) => ack?.({ back: args[0] })))
    using client = stock(engine)
    const { back } = await client.emitWithAck('echo', { raw: Buffer.from([1, 2]) })
    expect(Buffer.from(back.raw)).toEqual(Buffer.from([1, 2]))
  })

  test('whose handling fails is answered: refusals as they are, mistakes as internal and reported', async () => {
    await using engine = start(
      door(({ name }) => {
        if (name === 'refused') throw new Failure('forbidden', 'Not you.')
        if (name === 'broken') throw new Error('secret path')
        return Promise.reject(new Error('secret query'))
      }),
    )
    using client = await joined(engine)
    client.send('421["refused"]', '422["broken"]', '423["later"]', '42["broken"]')
    const told = [await client.next(), await client.next(), await client.next(), await client.next()]
    expect(told.map(codeOf).sort()).toEqual(['42 internal', '431 forbidden', '432 internal', '433 internal'])
    expect(told.join()).not.toContain('secret')
    expect(engine.errors.map(String).sort()).toEqual([
      'Error: secret path',
      'Error: secret path',
      'Error: secret query',
    ])
  })

  test('whose answer cannot be written is answered as internal', async () => {
    await using engine = start(door(({ ack }) => ack?.({ big: 1n })))
    using client = await joined(engine)
    client.send('421["x"]')
    expect(codeOf(await client.next())).toBe('431 internal')
    expect(engine.errors).toHaveLength(1)
  })

  test('is told what the door says of a failure', async () => {
    const refusal = ({ code }: Failure, _: unknown, socket: { id: string } | undefined) => ({
      wrapped: code,
      on: !!socket,
    })
    const { hooks } = door(() => undefined)
    await using engine = start({ hooks: { ...hooks, refusal } })
    using client = await joined(engine)
    client.send(`421["deep",${'['.repeat(70)}${']'.repeat(70)}]`)
    expect(await client.next()).toBe('431[{"wrapped":"validation_failed","on":true}]')
  })
})

describe('commands under way', () => {
  test('begin in the order they came, so many at a time; the next wait, and more than that are refused', async () => {
    const begun: number[] = []
    const ends: (() => void)[] = []
    await using engine = start({
      ...door(async ({ args, ack }) => {
        begun.push(args[0] as number)
        await new Promise<void>((end) => ends.push(end))
        ack?.(args[0])
      }),
      limits: false,
    })
    using client = await joined(engine)
    const all = 256 + 1_024
    for (let n = 0; n < all + 3; n++) client.send(`42${n}["work",${n}]`)
    const refused = [await client.next(), await client.next(), await client.next()]
    expect(refused.map(codeOf)).toEqual([
      `43${all} rate_limited`,
      `43${all + 1} rate_limited`,
      `43${all + 2} rate_limited`,
    ])
    expect(JSON.parse((refused[0] as string).slice(2 + `${all}`.length))[0]).toMatchObject({
      retryable: true,
      retry_after_ms: 1_000,
      details: { limit: 'under_way', remaining: 0, reset_ms: 1_000 },
    })
    expect(begun.length).toBe(256)
    const answered: number[] = []
    while (answered.length < all) {
      for (const end of ends.splice(0)) end()
      answered.push(JSON.parse((await client.next()).replace(/^43\d+/, ''))[0])
    }
    const upTo = Array.from({ length: all }, (_, n) => n)
    expect([begun, answered]).toEqual([upTo, upTo])
  })

  test('hold no more bytes than may wait', async () => {
    let end = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    await using engine = start({ ...door(({ ack }) => ended.then(() => ack?.())), maxPayload: 10_000 })
    using client = await joined(engine)
    for (let n = 0; n < 8; n++) client.send(`42${n}["work","${'x'.repeat(9_000)}"]`)
    expect(codeOf(await client.next())).toBe('435 rate_limited')
    end()
    const rest: string[] = []
    for (let n = 0; n < 7; n++) rest.push(codeOf(await client.next()))
    expect(rest.sort()).toEqual(['430[]', '431[]', '432[]', '433[]', '434[]', '436 rate_limited', '437 rate_limited'])
  })

  test('that have not begun do not begin when their connection is gone', async () => {
    let begun = 0
    let end = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    await using engine = start({
      ...door(() => {
        begun++
        return ended
      }),
      limits: false,
    })
    using client = await joined(engine)
    for (let n = 0; n < 300; n++) client.send('42["work"]')
    client.send('1')
    await engine.closed.next()
    end()
    await ended
    await new Promise(setImmediate)
    expect(begun).toBe(256)
  })
})

describe('frames that come too fast', () => {
  const frames = { perSecond: 1, burst: 10 }

  test('are refused one by one, unread, with the time after which they may come again', async () => {
    let handled = 0
    await using engine = start({ ...door(() => handled++), frames })
    using client = await joined(engine)
    for (let n = 1; n < 10; n++) client.send('42["x"]') // to open its namespace took the first
    client.send('4210["x",no JSON, but nobody reads it]')
    const answer = await client.next()
    expect(codeOf(answer)).toBe('4310 rate_limited')
    expect(JSON.parse(answer.slice(4))[0]).toMatchObject({
      retryable: true,
      retry_after_ms: expect.any(Number),
      details: { limit: 'frames', remaining: 0, reset_ms: expect.any(Number) },
    })
    expect(handled).toBe(9)
  })

  test('end the connection where they do not stop', async () => {
    await using engine = start({ ...door(() => {}), frames })
    using client = await joined(engine)
    for (let n = 0; n < 30; n++) client.send('42["x"]')
    await client.closed
    expect(await engine.closed.next()).toMatchObject({ reason: 'protocol_abuse' })
    expect(codeOf(client.heard.at(-1) as string)).toBe('42 protocol_abuse')
  })

  test('do not keep a client from leaving a namespace', async () => {
    await using engine = start({ ...door(() => {}), frames })
    using client = await joined(engine)
    for (let n = 0; n < 15; n++) client.send('42["x"]')
    client.send('41', '40')
    await client.closed
    expect(client.heard.map(codeOf)).toEqual(Array(6).fill('42 rate_limited')) // the events, and not the farewell
    expect(await engine.closed.next()).toMatchObject({ reason: 'rate_limited' })
  })

  test('are no matter where limits are off', async () => {
    await using engine = start({ ...door(({ ack }) => ack?.()), frames, limits: false })
    using client = await joined(engine)
    for (let n = 0; n < 100; n++) client.send(`42${n}["x"]`)
    for (let n = 0; n < 100; n++) expect(await client.next()).toBe(`43${n}[]`)
  })
})
