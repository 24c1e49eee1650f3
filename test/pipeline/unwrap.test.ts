import { describe, expect, test } from 'bun:test'
import { unwrap } from '../../src/pipeline/unwrap.ts'

describe('what a client sent', () => {
  test('as an envelope gives its id, its data, and what it says of itself', () => {
    const payload = { action: 'message:send', data: { a: 1 } }
    expect(unwrap({ type: 'message', id: 'e1', tenant_id: 'acme', timestamp: 1, payload })).toEqual({
      id: 'e1',
      data: { a: 1 },
      action: 'message:send',
      tenant_id: 'acme',
    })
  })

  test('as an envelope without an id gets one, and without data has none', () => {
    expect(unwrap({ payload: { action: 'x' } })).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      data: {},
      action: 'x',
      tenant_id: undefined,
    })
    expect(unwrap({ payload: { data: null } }).data).toEqual({})
  })

  test.each([
    { room_id: 'lobby', id: 'mine' },
    { payload: 'not an envelope' },
    { payload: null },
    { payload: { room_id: 'lobby' } },
    'hi',
    7,
    false,
    new Uint8Array(2),
  ])('as bare data %p stays as it is, with an id of ours', (data) => {
    expect(unwrap(data)).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), data })
  })

  test('as nothing is no data', () => {
    expect([unwrap(undefined).data, unwrap(null).data]).toEqual([{}, {}])
  })

  test('is an envelope by its own fields only', () => {
    const inherited = Object.create({ payload: { data: { a: 1 } } })
    expect(unwrap(inherited).data).toBe(inherited)
    const payload = Object.create({ data: { a: 1 } })
    expect(unwrap({ payload }).data).toEqual({ payload })
  })
})
