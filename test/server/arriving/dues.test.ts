import { describe, expect, test } from 'bun:test'
import type { Failure } from '../../../src/protocol/failure.ts'
import { duesOf } from '../../../src/server/arriving/dues.ts'
import { Expiries } from '../../../src/server/arriving/expiries.ts'
import type { ServerConnection } from '../../../src/server/connection/connection.ts'
import { fakeClock } from '../../support/clock.ts'

/** A connection that notes what it is told, and after how many seconds. */
function waiting() {
  const { clock, pass } = fakeClock()
  const began = clock.now()
  const told: [what: string, after_s: number][] = []
  const note = (what: string) => void told.push([what, (clock.now() - began) / 1_000])
  const connection = {
    caller: undefined as object | undefined,
    say: note,
    end: ({ code }: Failure) => note(code),
  } as unknown as ServerConnection
  const expiries = new Expiries<ServerConnection>(clock, (one) => dues.onDue(one))
  const dues = duesOf({ clock, expiries })
  const signIn = () => Object.assign(connection, { caller: {} })
  return { dues, connection, told, pass, began, signIn, expiries }
}

describe('a token', () => {
  test('is announced a minute before it ends, and ends the connection', async () => {
    const { dues, connection, told, pass, began, signIn } = waiting()
    signIn()
    dues.token(connection, began + 600_000)
    await pass(539_000)
    expect(told).toEqual([])
    await pass(100_000)
    expect(told).toEqual([
      ['auth_expiring', 540],
      ['token_expired', 600],
    ])
  })

  test('that ends within the minute is announced at once', async () => {
    const { dues, connection, told, pass, began, signIn } = waiting()
    signIn()
    dues.token(connection, began + 10_000)
    await pass(20_000)
    expect(told).toEqual([
      ['auth_expiring', 1],
      ['token_expired', 10],
    ])
  })

  test('that is renewed counts by the newer one alone', async () => {
    const { dues, connection, told, pass, began, signIn } = waiting()
    signIn()
    dues.token(connection, began + 100_000)
    await pass(50_000)
    dues.token(connection, began + 300_000)
    await pass(200_000)
    dues.token(connection, Number.POSITIVE_INFINITY)
    await pass(1_000_000)
    expect(told).toEqual([
      ['auth_expiring', 40],
      ['auth_expiring', 240],
    ])
  })
})

describe('who has not signed in', () => {
  test('is closed when the time for that is over', async () => {
    const { dues, connection, told, pass, began } = waiting()
    dues.signIn(connection, began + 10_000)
    await pass(60_000)
    expect(told).toEqual([['unauthenticated', 10]])
  })

  test('has no longer where one more namespace waits for that', async () => {
    const { dues, connection, told, pass, began } = waiting()
    dues.signIn(connection, began + 10_000)
    await pass(9_000)
    dues.signIn(connection, began + 19_000)
    await pass(5_000)
    expect(told).toEqual([['unauthenticated', 10]])
  })

  test('and does so, has the time of the token from then on', async () => {
    const { dues, connection, told, pass, began, signIn } = waiting()
    dues.signIn(connection, began + 10_000)
    signIn()
    dues.token(connection, began + 3_600_000)
    await pass(100_000)
    expect(told).toEqual([])
  })
})

test('of a connection that is gone nothing is due, and nothing is kept', async () => {
  const { dues, connection, told, pass, began, expiries } = waiting()
  dues.signIn(connection, began + 10_000)
  expect(expiries.size).toBe(1)
  dues.forget(connection)
  expect(expiries.size).toBe(0)
  await pass(100_000)
  expect(told).toEqual([])
})
