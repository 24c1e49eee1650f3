import { describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import {
  deviceKey,
  entryId,
  keyOf,
  madeAt,
  Name,
  newId,
  risingIds,
  roomKey,
  Seq,
  seqOf,
  sessionKey,
  tenantKey,
  userKey,
  withoutKey,
} from '../../src/protocol/ids.ts'

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** The same chances every time. */
function dice(seed: number) {
  let state = seed
  return (sides: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 16) % sides
  }
}

describe('keyOf', () => {
  test('keeps parts apart, whatever they hold: no two lists of parts give one key', () => {
    const roll = dice(7)
    const pieces = ['a', 'b', '/', '%', '%2F', ':', '"', '\\', 'ü', '😀', '\ud800', '\udc00', '', 'room', '~', '\u0000']
    const part = () => Array.from({ length: roll(4) }, () => pieces[roll(pieces.length)]).join('')
    const byKey = new Map<string, string>()
    const clashes: string[] = []
    for (let n = 0; n < 20_000; n++) {
      const parts = Array.from({ length: 1 + roll(3) }, part)
      const said = JSON.stringify(parts.map((one) => [...Array(one.length).keys()].map((at) => one.charCodeAt(at))))
      const key = keyOf(...parts)
      if ((byKey.get(key) ?? said) !== said) clashes.push(key)
      byKey.set(key, said)
    }
    expect(clashes).toEqual([])
    expect(byKey.size).toBeGreaterThan(10_000)
  })

  test('never throws, and never holds what separates topics', () => {
    for (const part of ['\ud800', '\udfff', '#', ' ', '\n', 'a'.repeat(1_000)]) expect(keyOf(part)).not.toMatch(/[#\s]/)
  })

  test('leaves plain names as they are', () => {
    expect(keyOf('acme', 'room', 'lobby-1_2.3~4')).toBe('acme/room/lobby-1_2.3~4')
  })
})

describe('places', () => {
  test('of different kinds never meet', () => {
    const names = ['a', 'room', 'user', 'a/b', 'tenant', 'device', '']
    const keys = names.flatMap((tenant) => [
      tenantKey(tenant),
      ...names.flatMap((one) => [userKey(tenant, one), roomKey(tenant, one)]),
      ...names.flatMap((one) =>
        names.flatMap((two) => [
          deviceKey(tenant, one, two),
          sessionKey(tenant, one, two),
          withoutKey(tenant, one, two),
        ]),
      ),
    ])
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('of a room are named in one way, whether plain or not', () => {
    for (const [tenant, room] of [
      ['acme', 'lobby'],
      ['a/b', 'lobby'],
      ['acme', 'a b'],
      ['', ''],
    ] as const)
      expect(roomKey(tenant, room)).toBe(keyOf(tenant, 'room', room))
  })
})

describe('a name', () => {
  test.each(['a', 'x'.repeat(128), 'café 😀', '__proto__', 'a/b', ' ', '\u2028', '<b>'])('may be %p', (name) => {
    expect(v.is(Name, name)).toBe(true)
  })

  test.each(['', 'x'.repeat(129), 'a\u0000', 'a\n', '\u007f', '\u009f', '\ud800', 'a\udc00b', '\udc00\ud800', 7, null])(
    'may not be %p',
    (name) => {
      expect(v.is(Name, name)).toBe(false)
    },
  )
})

describe('a number of a log', () => {
  test('is whole, and 1 at least', () => {
    expect([1, 2 ** 40].map((seq) => v.is(Seq, seq))).toEqual([true, true])
    expect([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1'].some((seq) => v.is(Seq, seq))).toBe(false)
  })
})

describe('newId', () => {
  test('is a UUIDv7 of its time, and no other one', () => {
    const at = Date.UTC(2026, 0, 1)
    const ids = Array.from({ length: 5_000 }, () => newId(at))
    expect(new Set(ids).size).toBe(5_000)
    for (const id of ids.slice(0, 100)) expect([UUID_V7.test(id), madeAt(id)]).toEqual([true, at])
  })

  test('sorts by the time it was made', () => {
    const ids = [0, 1, 1_000, 2 ** 32, 2 ** 41].map((at) => newId(at))
    expect(ids.toSorted()).toEqual(ids)
  })
})

describe('risingIds', () => {
  test('are greater each than the one before, however many are made in a millisecond', () => {
    const at = Date.UTC(2026, 0, 1)
    const nextId = risingIds()
    const ids = Array.from({ length: 10_000 }, () => nextId(at))
    expect(ids.toSorted()).toEqual(ids)
    expect(new Set(ids).size).toBe(10_000)
    expect([madeAt(ids[0] as string), madeAt(ids.at(-1) as string)]).toEqual([at, at + 2])
    expect(ids.every((id) => UUID_V7.test(id))).toBe(true)
  })

  test('do not go back where the clock does', () => {
    const nextId = risingIds()
    expect(nextId(2_000) < nextId(1_000)).toBe(true)
  })
})

describe('entryId', () => {
  test.each([1, 2, 255, 2 ** 20, 2 ** 32 + 7, 2 ** 40 - 1])('tells the number %p and the time it was made', (seq) => {
    const id = entryId(1_767_225_600_123, seq)
    expect([UUID_V7.test(id), seqOf(id), madeAt(id)]).toEqual([true, seq, 1_767_225_600_123])
  })

  test('of the same number and time is another each time', () => {
    expect(new Set(Array.from({ length: 200 }, () => entryId(0, 1))).size).toBe(200)
  })

  test('of any other text is some number or none, and nobody’s time', () => {
    for (const text of ['', 'hello', '__proto__', '😀', '-'.repeat(36)]) {
      expect(typeof seqOf(text)).toBe('number')
      expect(madeAt(text)).toBeUndefined()
    }
    expect(madeAt('019b76da-a800-4c75-8327-570000000002')).toBeUndefined() // version 4
  })
})
