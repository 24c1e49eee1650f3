import { describe, expect, test } from 'bun:test'
import type { Client } from '../../src/client/client.ts'
import { settled } from '../support/clock.ts'
import { byHand, EPOCH, entryOf, type Line, roomsOf } from '../support/wire.ts'

const count = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n)

/** What the client tells of a room's log, in the order told. */
function hears(client: Client) {
  const told: (number | string)[] = []
  client.on('message_new', ({ room_id, seq }) => told.push(room_id === 'lobby' ? seq : `${room_id} ${seq}`))
  client.onReset(({ room_id, epoch, seq }) => told.push(`reset ${room_id} ${epoch} ${seq}`))
  return told
}

async function signedIn(rooms: Record<string, number> = { lobby: 10 }, parts = byHand()) {
  const client = parts.begin()
  const told = hears(client)
  const line = await parts.line()
  await line.letIn(rooms)
  return { ...parts, client, told, line }
}

/** The service's answer to a sync, for one room. */
const page = (room_id: string, seqs: number[], { head = seqs.at(-1) ?? 0, ...more }: any = {}) => ({
  room_id,
  epoch: EPOCH,
  events: seqs.map((seq) => entryOf(room_id, seq)),
  last_seq: head,
  has_more: head > (seqs.at(-1) ?? head),
  ...more,
})

const asked = (line: Line) => line.last('message:sync').data.rooms

describe('the entries of a room', () => {
  test('are told once and in order, from where its live stream begins', async () => {
    const { told, line } = await signedIn()
    await line.tell('lobby', 9, 10, 11, 12, 12, 11, 13)
    expect(told).toEqual([11, 12, 13])
  })

  test('that jump are held until what is missing was asked for, page by page', async () => {
    const { told, line } = await signedIn()
    await line.tell('lobby', 11, 15, 16)
    expect(told).toEqual([11])
    expect(asked(line)).toEqual([{ room_id: 'lobby', epoch: EPOCH, after_seq: 11 }])
    await line.last('message:sync').answer({ rooms: [page('lobby', [12, 13], { head: 16 })] })
    expect(told).toEqual([11, 12, 13])
    expect(asked(line)).toEqual([{ room_id: 'lobby', epoch: EPOCH, after_seq: 13 }])
    await line.tell('lobby', 17)
    await line.last('message:sync').answer({ rooms: [page('lobby', [14, 15, 16])] })
    expect(told).toEqual(count(11, 17))
    expect(line.all('message:sync')).toHaveLength(2)
  })

  test('of other rooms do not wait for one that has a gap', async () => {
    const { told, line } = await signedIn({ lobby: 10, attic: 3 })
    await line.tell('lobby', 13)
    await line.tell('attic', 4)
    expect(told).toEqual(['attic 4'])
  })

  test('are held in no more than a bound, and those left out are asked for again', async () => {
    const { told, line } = await signedIn()
    await line.tell('lobby', ...count(12, 1_111))
    await line.last('message:sync').answer({ rooms: [page('lobby', [11])] })
    expect(told).toEqual(count(10 + 1, 1_011))
    await line.last('message:sync').answer({ rooms: [page('lobby', count(1_012, 1_111))] })
    expect(told).toEqual(count(11, 1_111))
  })

  test('go on for one listener where another fails', async () => {
    const { client, told, line, reported } = await signedIn()
    client.on('message_new', () => {
      throw new Error('a fault of the page')
    })
    await line.tell('lobby', 11, 12)
    expect(told).toEqual([11, 12])
    expect(reported).toHaveLength(2)
  })
})

describe('a gap', () => {
  test('that the log cannot fill is told as a reset, and nothing of it in part', async () => {
    const { told, line } = await signedIn()
    await line.tell('lobby', 20)
    await line.last('message:sync').answer({ rooms: [page('lobby', [], { head: 20, has_more: false, reset: true })] })
    await line.tell('lobby', 21)
    expect(told).toEqual(['reset lobby first 20', 21])
  })

  test('of which the service knows nothing more does not keep the client asking', async () => {
    const { told, line } = await signedIn()
    await line.tell('lobby', 12)
    await line.last('message:sync').answer({ rooms: [page('lobby', [], { head: 10, has_more: false })] })
    await line.tell('lobby', 13)
    expect(told).toEqual(['reset lobby first 12', 13])
    expect(line.all('message:sync')).toHaveLength(1)
  })

  test('in a room that one may not read any more ends with the room; the others heal', async () => {
    const { told, line } = await signedIn({ lobby: 10, attic: 3, cellar: 1 })
    await line.tell('attic', 5)
    await line.tell('lobby', 12)
    await line.tell('cellar', 3)
    await line.last('message:sync').answer({ rooms: [page('attic', [4, 5])] })
    await line.last('message:sync').refuse('forbidden')
    expect(asked(line).map(({ room_id }: any) => room_id)).toEqual(['lobby'])
    await line.last('message:sync').refuse('not_found')
    await line.last('message:sync').answer({ rooms: [page('cellar', [2, 3])] })
    expect(told).toEqual(['attic 4', 'attic 5', 'cellar 2', 'cellar 3'])
  })
})

describe('a connection that comes back', () => {
  test('says what it has of the 100 rooms that were most lately spoken in, and is continued from there', async () => {
    const many = Object.fromEntries(count(1, 120).map((n) => [`room ${n}`, n]))
    const { line, lines, pass } = await signedIn(many)
    await pass(10)
    for (const n of count(21, 120)) await line.tell(`room ${n}`, n + 1)
    await line.end()
    await pass(1_000)
    const { positions } = lines[1]?.auth ?? {}
    expect(Object.keys(positions).toSorted()).toEqual(
      count(21, 120)
        .map((n) => `room ${n}`)
        .toSorted(),
    )
    expect(positions['room 50']).toEqual({ epoch: EPOCH, seq: 51 })
  })

  test('is told what it missed before anything newer', async () => {
    const { client, told, line, lines, pass } = await signedIn()
    await line.tell('lobby', 11)
    await line.end()
    await pass(1_000)
    const next = lines[1] as Line
    await next.greet({ recovered: true })
    await next.tell('lobby', 12, 13)
    await next.say('state_sync', { rooms: roomsOf({ lobby: 13 }) })
    await next.tell('lobby', 14)
    expect(told).toEqual([11, 12, 13, 14])
    expect(next.asked).toEqual([])
    expect(client.state).toBe('ready')
  })

  test('that is not continued asks for what is missing, and is not ready before it has it', async () => {
    const { client, told, line, lines, pass } = await signedIn()
    await line.end()
    await pass(1_000)
    const next = lines[1] as Line
    await next.greet({ recovered: false })
    await next.tell('lobby', 16)
    await next.say('state_sync', { rooms: roomsOf({ lobby: 15 }) })
    expect(client.state).toBe('syncing')
    await next.last('message:sync').answer({ rooms: [page('lobby', count(11, 15))] })
    expect(told).toEqual(count(11, 16))
    expect(client.state).toBe('ready')
  })

  test('to a log of another epoch begins anew, and mixes up no numbers', async () => {
    const { told, line, lines, pass } = await signedIn()
    await line.end()
    await pass(1_000)
    const next = lines[1] as Line
    await next.greet()
    await next.tell('lobby', 4)
    await next.say('state_sync', { rooms: roomsOf({ lobby: 3 }, 'second') })
    await next.tell('lobby', 5)
    expect(told).toEqual(['reset lobby second 3', 4, 5])
  })

  test('to a log of another epoch tells nothing that was held of the one before, and asks for nothing of it', async () => {
    const { client, told, line, lines, pass } = await signedIn()
    await line.tell('lobby', 12)
    await line.end()
    await pass(1_000)
    const next = lines[1] as Line
    await next.greet()
    await next.say('state_sync', { rooms: roomsOf({ lobby: 10 }, 'second') })
    await pass(1_000)
    expect(told).toEqual(['reset lobby second 10'])
    await next.last('message:sync').answer({ rooms: [page('lobby', [], { head: 10, epoch: 'second', reset: true })] })
    expect(told).toEqual(['reset lobby second 10'])
    await next.last('message:sync').answer({ rooms: [page('lobby', [], { head: 10, epoch: 'second' })] })
    expect(client.state).toBe('ready')
    await next.tell('lobby', 11)
    expect(told).toEqual(['reset lobby second 10', 11])
  })

  test('to a log that is shorter than what was heard begins anew', async () => {
    const { told, line, lines, pass } = await signedIn()
    await line.end()
    await pass(1_000)
    await lines[1]?.letIn({ lobby: 7 })
    await lines[1]?.tell('lobby', 8)
    expect(told).toEqual(['reset lobby first 7', 8])
  })

  test('repeats what it was asking for', async () => {
    const { told, line, lines, pass } = await signedIn()
    await line.tell('lobby', 12)
    await line.end()
    await pass(1_000)
    await lines[1]?.letIn({ lobby: 12 })
    await pass(1_000)
    await lines[1]?.last('message:sync').answer({ rooms: [page('lobby', [11, 12])] })
    expect(told).toEqual([11, 12])
  })

  test('hands over further positions with each further page of its rooms', async () => {
    const many = Object.fromEntries(count(1, 150).map((n) => [`room ${n}`, n]))
    const { client, line, lines, pass } = await signedIn(many)
    await line.end()
    await pass(1_000)
    const next = lines[1] as Line
    const given = Object.keys(next.auth.positions)
    await next.greet({ recovered: true })
    const rest = Object.fromEntries(Object.entries(many).filter(([room_id]) => !given.includes(room_id)))
    const pages: unknown[] = []
    client.on('state_sync', ({ rooms }) => pages.push(rooms.length))
    await next.say('state_sync', { rooms: [], next_cursor: 'more' })
    const { data, answer } = next.last('state:sync')
    expect(data.cursor).toBe('more')
    expect(Object.keys(data.positions).toSorted()).toEqual(Object.keys(rest).toSorted())
    await answer({ rooms: roomsOf(rest) })
    expect(pages).toEqual([0, 50])
    expect(client.state).toBe('ready')
  })
})

describe('a room', () => {
  test('that speaks before it was named is told from its first word', async () => {
    const { told, line } = await signedIn({})
    await line.tell('attic', 4, 5)
    expect(told).toEqual([])
    await line.say('room_joined', { room: { room_id: 'attic' }, epoch: EPOCH, attach_seq: 5 })
    await line.last('message:sync').answer({ rooms: [page('attic', [])] })
    expect(told).toEqual(['attic 4', 'attic 5'])
  })

  test('that is never named is asked about', async () => {
    const { told, line } = await signedIn({})
    await line.tell('attic', 4)
    expect(asked(line)).toEqual([{ room_id: 'attic', epoch: undefined, after_seq: 3 }])
    await line.last('message:sync').answer({ rooms: [page('attic', [4, 5])] })
    expect(told).toEqual(['attic 4', 'attic 5'])
  })

  test('that was left, or is gone, is not asked about any more', async () => {
    const { client, line, lines, pass, storage } = await signedIn({ lobby: 10, attic: 3 })
    await line.say('room_member_left', { room_id: 'lobby', seq: 11, user_id: 'ada', reason: 'left' }, 'message')
    await pass(1_000)
    expect((await storage.all('position')).map(([room_id]) => room_id)).toEqual(['attic'])
    await line.end()
    await pass(1_000)
    expect(Object.keys(lines[1]?.auth.positions)).toEqual(['attic'])
    await lines[1]?.letIn({})
    await pass(1_000)
    expect(await storage.all('position')).toEqual([])
    expect(client.state).toBe('ready')
  })

  test('that is too large to log who leaves it is forgotten all the same', async () => {
    const { line, lines, pass } = await signedIn({ lobby: 10 })
    await line.say('room_member_left', { room_id: 'lobby', user_id: 'bea', reason: 'left' })
    await line.say('room_member_left', { room_id: 'lobby', user_id: 'ada', reason: 'kicked' })
    await line.end()
    await pass(1_000)
    expect(lines[1]?.auth.positions).toEqual({})
  })

  test('that is only listened to is subscribed to again', async () => {
    const { client, told, line, lines, pass } = await signedIn({})
    const subscribed = client.request('room:subscribe', { room_id: 'news', without: ['typing'] })
    await settled()
    await line.last('room:subscribe').answer({ epoch: EPOCH, attach_seq: 7 })
    await subscribed
    await pass(0)
    await line.tell('news', 8)
    await line.end()
    await pass(1_000)
    await lines[1]?.letIn({})
    const { data, answer } = (lines[1] as Line).last('room:subscribe')
    expect(data).toEqual({ room_id: 'news', without: ['typing'] })
    await answer({ epoch: EPOCH, attach_seq: 8 })
    await lines[1]?.tell('news', 9)
    expect(told).toEqual(['news 8', 'news 9'])
    expect(client.state).toBe('ready')
  })

  test('that is listened to no more is not subscribed to again', async () => {
    const { client, line, lines, pass } = await signedIn({})
    for (const name of ['room:subscribe', 'room:unsubscribe'] as const) {
      const answered = client.request(name, { room_id: 'news' })
      await settled()
      await line.last(name).answer(name === 'room:subscribe' ? { epoch: EPOCH, attach_seq: 7 } : {})
      await answered
      await pass(0)
    }
    await line.end()
    await pass(1_000)
    await lines[1]?.letIn({})
    expect(lines[1]?.asked).toEqual([])
    expect(client.state).toBe('ready')
  })
})

describe('the place in a room', () => {
  test('that was reset is not mixed up with what is still being taken in', async () => {
    const { client, line, lines, pass, storage } = await signedIn()
    let done = () => {}
    const later = new Promise<void>((then) => {
      done = then
    })
    client.on('message_new', () => later)
    await line.tell('lobby', 11)
    await line.end()
    await pass(1_000)
    await lines[1]?.greet()
    await lines[1]?.say('state_sync', { rooms: roomsOf({ lobby: 3 }, 'second') })
    done()
    await settled()
    await pass(1_000)
    expect(await storage.all('position')).toMatchObject([['lobby', { epoch: 'second', seq: 3 }]])
  })

  test('is kept: the next client of the storage goes on there', async () => {
    const first = await signedIn()
    await first.line.tell('lobby', 11, 12)
    await first.client.close()
    const { begin, line } = byHand({ storage: first.storage })
    begin()
    expect((await line()).auth.positions).toEqual({ lobby: { epoch: EPOCH, seq: 12 } })
  })

  test('is kept at once where there was none, so that no reload finds nothing; then now and then', async () => {
    const { line, pass, storage } = await signedIn()
    await pass(0)
    expect(await storage.all('position')).toMatchObject([['lobby', { seq: 10 }]])
    await line.tell('lobby', 11, 12)
    await pass(249)
    expect(await storage.all('position')).toMatchObject([['lobby', { seq: 10 }]])
    await pass(1)
    expect(await storage.all('position')).toMatchObject([['lobby', { seq: 12 }]])
  })

  test('is where the client was closed, also by who listens: the rest is for the next one', async () => {
    const { client, told, line, storage } = await signedIn({ lobby: 10, attic: 10 })
    await line.tell('lobby', 11, 14, 15)
    await line.tell('attic', 12)
    client.on('message_new', ({ seq, room_id }) => void (room_id === 'lobby' && seq === 13 && client.close()))
    await line.last('message:sync').answer({ rooms: [page('lobby', [12], { head: 15 })] })
    expect(asked(line)).toHaveLength(2)
    await line.last('message:sync').answer({ rooms: [page('lobby', [13, 14, 15]), page('attic', [11, 12])] })
    expect(told).toEqual([11, 12, 13])
    const next = byHand({ storage })
    next.begin()
    const { auth } = await next.line()
    expect(auth.positions).toEqual({ lobby: { epoch: EPOCH, seq: 13 }, attic: { epoch: EPOCH, seq: 10 } })
  })

  test('is not kept where the client is to begin with what is new', async () => {
    const first = await signedIn({ lobby: 10 }, byHand({ resume: false }))
    await first.line.tell('lobby', 11)
    await first.client.close()
    expect(await first.storage.all('position')).toEqual([])
  })

  test('is where the service lets one in, where only what is new is wanted: what it repeats for the device is not told', async () => {
    const { begin, line } = byHand({ resume: false })
    const told = hears(begin())
    const { greet, tell, say } = await line()
    await greet()
    await tell('lobby', 8, 9, 10)
    await say('state_sync', { rooms: roomsOf({ lobby: 10 }) })
    await tell('lobby', 11)
    await tell('attic', 4)
    await say('room_joined', { room: { room_id: 'attic' }, epoch: EPOCH, attach_seq: 4 })
    expect(told).toEqual([11, 'attic 4'])
  })

  test('moves on when every listener has done with the entry', async () => {
    const { client, line, pass, storage } = await signedIn()
    let done = () => {}
    const later = new Promise<void>((then) => {
      done = then
    })
    client.on('message_new', ({ seq }) => (seq === 11 ? later : undefined))
    await line.tell('lobby', 11, 12)
    await pass(1_000)
    expect(await storage.all('position')).toMatchObject([['lobby', { seq: 10 }]])
    done()
    await settled()
    await pass(1_000)
    expect(await storage.all('position')).toMatchObject([['lobby', { seq: 12 }]])
  })
})
