import { describe, expect, test } from 'bun:test'
import type { Change, Checkpoint } from '../../../src/ports/store.ts'
import type { ServerConnection } from '../../../src/server/connection/connection.ts'
import { checkpoints } from '../../../src/server/returning/checkpoints.ts'
import { fakeClock, settled } from '../../support/clock.ts'

const WINDOW_MS = 120_000
const TICK_MS = 5_000

/** A room as its connections know it: told up to a number, at moments. */
interface Told {
  readonly seq: number
  readonly at: number
}

interface Options {
  windowMs?: number
  stored?: Record<string, Checkpoint>
  time?: ReturnType<typeof fakeClock>
}

function service({ windowMs = WINDOW_MS, stored = {}, time = fakeClock() }: Options = {}) {
  const applied: Change[][] = []
  const asked: string[] = []
  const pinged: string[] = []
  const reported: unknown[] = []
  const rooms = new Map<string, Told[]>()
  const hearers = new Map<string, Set<ServerConnection>>()
  const moved = new Set<string>()
  const wrong = { away: false }
  let moments = 1

  const made = checkpoints({
    store: {
      async checkpoint(_, user_id, device_id) {
        asked.push(`${user_id} ${device_id}`)
        return stored[device_id]
      },
      async apply(changes) {
        if (wrong.away) throw new Error('away')
        applied.push([...changes])
      },
    },
    clock: time.clock,
    windowMs,
    moved() {
      const all = [...moved]
      moved.clear()
      return all
    },
    hearers: (room) => hearers.get(room) ?? [],
    ping: (conn) => void pinged.push((conn as { id: string }).id),
    moment: () => moments++,
    report: (error) => void reported.push(error),
  })

  /** In `rooms` from its beginning, having all of them up to now. */
  function connection(id: string, names: readonly string[] = [], device_id: string | undefined = 'phone') {
    const begun = new Map(names.map((name) => [name, rooms.get(name)?.at(-1)?.seq ?? 0]))
    const one = {
      id,
      caller: { tenant_id: 'acme', user_id: 'ada', device_id },
      socket: {
        id,
        conn: {
          id,
          close: () => made.left(one as unknown as ServerConnection),
        },
      },
      certain: (before: number) =>
        names.map((room_id) => {
          const told = rooms.get(room_id) ?? []
          const arrived = told.findLast(({ at }) => at < before)
          const seq = Math.max(begun.get(room_id) ?? 0, arrived?.seq ?? 0)
          const last = told.at(-1)
          return { room_id, position: { epoch: 'e', seq }, whole: seq >= (last?.seq ?? 0), movedAt: last?.at ?? 0 }
        }),
    }
    for (const name of names) hearers.set(name, (hearers.get(name) ?? new Set()).add(one as never))
    return one as unknown as ServerConnection
  }

  return {
    ...made,
    pass: time.pass,
    applied,
    asked,
    pinged,
    reported,
    wrong,
    connection,
    moment: () => moments++,
    tell(room: string, seq: number) {
      rooms.set(room, [...(rooms.get(room) ?? []), { seq, at: moments++ }])
      moved.add(room)
    },
    /** It comes, begins anew, and answers a ping by which it is up to date. */
    async come(id: string, names: readonly string[] = [], device_id = 'phone') {
      const one = connection(id, names, device_id)
      await made.find(one, undefined)
      made.begin(one, undefined, undefined)
      made.synced(one)
      pinged.length = 0
      made.ponged(one.socket.conn, moments++)
      await time.pass(500)
      return one
    },
    written: (): Checkpoint[] =>
      applied.flat().flatMap((change) => (change.do === 'set_checkpoint' ? [change.checkpoint] : [])),
  }
}

const at = (seq: number) => ({ epoch: 'e', seq })
const held = (positions: Checkpoint['positions'], more: Partial<Checkpoint> = {}): Checkpoint => ({
  at: Date.UTC(2026, 0, 1),
  connected: false,
  clients: ['before'],
  positions,
  ...more,
})

describe('what a device has for certain', () => {
  test('is what was told before a ping that it answered, and is written for all of them at once', async () => {
    const here = service()
    const phone = await here.come('one', ['a'])
    const laptop = await here.come('two', ['a'], 'laptop')
    here.applied.length = 0
    here.tell('a', 1)
    await here.pass(TICK_MS)
    expect(here.pinged.toSorted()).toEqual(['one', 'two'])
    const sentAt = here.moment()
    here.tell('a', 2)
    for (const { socket } of [phone, laptop]) here.ponged(socket.conn, sentAt)
    await here.pass(500)
    expect(here.applied).toHaveLength(1)
    expect(here.written()).toEqual(
      ['one', 'two'].map((id) => expect.objectContaining({ connected: true, clients: [id], positions: { a: at(1) } })),
    )
  })

  test('is asked for every 5 s where something was told, and nowhere else', async () => {
    const here = service()
    await here.come('one', ['a'])
    await here.come('two', ['b'], 'laptop')
    for (const seq of [1, 2, 3]) {
      here.tell('a', seq)
      await here.pass(TICK_MS)
    }
    await here.pass(10 * TICK_MS)
    expect(here.pinged).toEqual(['one', 'one', 'one'])
  })

  test('is asked for at once when it began anew, and soon again where that was not answered', async () => {
    const here = service()
    const one = here.connection('one', ['a'])
    here.begin(one, undefined, undefined)
    here.synced(one)
    expect(here.pinged).toEqual(['one'])
    await here.pass(2 * TICK_MS)
    expect(here.pinged).toEqual(['one', 'one'])
  })

  test('is asked for soon where it came back to where it stood', async () => {
    const here = service()
    const one = here.connection('one', ['a'])
    here.begin(one, undefined, { a: at(0) })
    here.synced(one)
    expect(here.pinged).toEqual([])
    await here.pass(2 * TICK_MS)
    expect(here.pinged).toEqual(['one'])
  })

  test('is not asked of thousands in one go', async () => {
    const here = service()
    for (let n = 0; n < 1_200; n++) here.begin(here.connection(`${n}`, ['a'], `${n}`), undefined, undefined)
    here.tell('a', 1)
    await here.pass(TICK_MS)
    expect(here.pinged).toHaveLength(500)
    await here.pass(1_000)
    expect(here.pinged).toHaveLength(1_200)
  })

  test('is written at the close, and again while it changes, but not while nothing is told', async () => {
    const here = service()
    const one = await here.come('one', ['a'])
    await here.pass(100_000)
    here.ponged(one.socket.conn, here.moment())
    await here.pass(1_000)
    expect(here.applied).toHaveLength(1)
    here.changed(one)
    await here.pass(500)
    here.left(one)
    await here.flush()
    expect(here.written().map(({ connected }) => connected)).toEqual([true, true, false])
  })

  test('is written once more where it could not be', async () => {
    const here = service()
    here.wrong.away = true
    await here.come('one', ['a'])
    expect([here.applied, here.reported]).toEqual([[], [new Error('away')]])
    here.wrong.away = false
    await here.pass(1_000)
    expect(here.written()).toHaveLength(1)
  })

  test('is nothing before it certainly heard that it began anew', async () => {
    const here = service()
    const one = here.connection('one', ['a'])
    here.begin(one, undefined, undefined)
    here.ponged(one.socket.conn, here.moment())
    here.synced(one)
    here.left(one)
    await here.flush()
    expect(here.applied).toEqual([])
    expect(await here.find(here.connection('two'), 'one')).toBeUndefined()
  })

  test('is of the rooms that moved last, where there are more than 100', async () => {
    const here = service()
    const names = Array.from({ length: 130 }, (_, n) => `room-${n}`)
    const one = await here.come('one', names)
    for (const name of names.slice(0, 110)) here.tell(name, 1)
    here.ponged(one.socket.conn, here.moment())
    for (const name of names.slice(10, 20)) here.tell(name, 2)
    here.left(one)
    const stand = await here.find(here.connection('two'), 'one')
    const kept = Object.keys(stand?.positions ?? {})
    expect(kept.toSorted()).toEqual(names.slice(10, 110).toSorted())
  })

  test('cannot be said where something may be missing in more than 100 rooms', async () => {
    const here = service()
    const names = Array.from({ length: 130 }, (_, n) => `room-${n}`)
    const one = await here.come('one', names)
    for (const name of names.slice(0, 101)) here.tell(name, 1)
    here.left(one)
    expect(await here.find(here.connection('two'), 'one')).toBeUndefined()
  })
})

describe('who comes back', () => {
  test('is asked for in the store once a device, and not where it is known here', async () => {
    const here = service({ stored: { phone: held({ a: at(3) }) } })
    const two = here.connection('two')
    const [one, other] = await Promise.all([here.find(two, 'before'), here.find(here.connection('three'), undefined)])
    expect([one?.positions, other?.positions]).toEqual([{ a: at(3) }, { a: at(3) }])
    here.begin(two, 'before', one?.positions)
    expect(await here.find(here.connection('four'), undefined)).toBeDefined()
    expect(here.asked).toEqual(['ada phone'])
  })

  test('can do so within the window after it ended', async () => {
    const time = fakeClock()
    const here = service({ time, stored: { phone: held({ a: at(3) }) } })
    await time.pass(WINDOW_MS)
    expect(await here.find(here.connection('two'), 'before')).toMatchObject({ last: true })
    await time.pass(1)
    expect(await here.find(here.connection('three'), 'before')).toBeUndefined()
  })

  test('can do so within the window after the service came back, where it was killed', async () => {
    const time = fakeClock()
    await time.pass(3_600_000)
    const here = service({ time, stored: { phone: held({ a: at(3) }, { connected: true }) } })
    await time.pass(WINDOW_MS)
    expect(await here.find(here.connection('two'), 'before')).toMatchObject({ last: false, positions: { a: at(3) } })
    await time.pass(1)
    expect(await here.find(here.connection('three'), 'before')).toBeUndefined()
  })

  test('may do so again until it certainly heard that it did', async () => {
    const here = service({ stored: { phone: held({ a: at(3) }) } })
    const two = here.connection('two', ['a'])
    here.begin(two, 'before', (await here.find(two, 'before'))?.positions)
    expect(await here.find(here.connection('three'), 'before')).toMatchObject({ positions: { a: at(3) } })
    here.synced(two)
    here.ponged(two.socket.conn, here.moment())
    expect(await here.find(here.connection('four'), 'before')).toBeUndefined()
  })

  test('and is dropped before it was up to date comes back to where it was before', async () => {
    const here = service({ stored: { phone: held({ a: at(3), b: at(4) }) } })
    const two = here.connection('two', [])
    here.begin(two, 'before', (await here.find(two, 'before'))?.positions)
    here.left(two)
    expect((await here.find(here.connection('three'), 'two'))?.positions).toEqual({ a: at(3), b: at(4) })
  })

  test('is not remembered each time, where it comes and goes', async () => {
    const here = service()
    for (let n = 0; n < 50; n++) here.left(await here.come(`${n}`, ['a']))
    expect(await here.find(here.connection('x'), '0')).toBeUndefined()
    expect(await here.find(here.connection('y'), '49')).toBeDefined()
    await here.flush()
    expect(here.written().at(-1)?.clients.length).toBeLessThanOrEqual(8)
  })

  test('to a device of which two clients knew a room in two epochs begins anew, if it does not say which it was', async () => {
    const here = service({ stored: { phone: held({ a: { epoch: 'old', seq: 3 } }) } })
    await here.come('one', ['a'])
    expect(await here.find(here.connection('two'), undefined)).toBeUndefined()
    await here.flush()
    expect(here.written().at(-1)).toMatchObject({ clients: [], positions: {} })
  })

  test('to nothing costs nothing, where recovery is off or the device is anonymous', async () => {
    const off = service({ windowMs: 0, stored: { phone: held({ a: at(3) }) } })
    const one = off.connection('one', ['a'])
    expect(await off.find(one, 'before')).toBeUndefined()
    off.begin(one, undefined, undefined)
    off.tell('a', 1)
    await off.pass(60_000)
    const here = service()
    const nobody = here.connection('two', ['a'], undefined)
    Object.assign(nobody.caller as object, { device_id: undefined })
    here.begin(nobody, undefined, undefined)
    here.tell('a', 1)
    await here.pass(60_000)
    here.left(nobody)
    await settled()
    expect([off.pinged, off.asked, off.applied, here.pinged, here.applied]).toEqual([[], [], [], [], []])
  })
})
