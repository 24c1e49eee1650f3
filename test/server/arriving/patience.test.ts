import { describe, expect, test } from 'bun:test'
import type { Reason } from '../../../src/ports/suspects.ts'
import type { Failure, FailureCode } from '../../../src/protocol/failure.ts'
import { patience } from '../../../src/server/arriving/patience.ts'
import { fakeClock, settled } from '../../support/clock.ts'

function losing() {
  const { clock, pass } = fakeClock()
  const tried: string[] = []
  const noticed = (network: string | undefined, reason: Reason) => void tried.push(`${reason} ${network}`)
  const refused = patience(clock, { noticed })
  const connection = () => {
    const ended: FailureCode[] = []
    return { ended, network: '192.0.2.1', end: ({ code }: Failure) => void ended.push(code) }
  }
  return {
    tried,
    pass,
    connection,
    refuse(one: ReturnType<typeof connection>, times: number, code: FailureCode = 'validation_failed') {
      for (let n = 0; n < times; n++) refused(one, code)
    },
  }
}

describe('a connection', () => {
  test('that is refused three hundred times in a minute is told so, and closed, once', async () => {
    const { connection, refuse, tried } = losing()
    const [bad, good] = [connection(), connection()]
    refuse(bad, 300)
    refuse(good, 100)
    await settled()
    expect([bad.ended, tried]).toEqual([[], []])
    refuse(bad, 10)
    await settled()
    expect([bad.ended, tried, good.ended]).toEqual([['protocol_abuse'], ['refused_commands 192.0.2.1'], []])
  })

  test('that is refused now and then for hours stays', async () => {
    const { connection, refuse, pass } = losing()
    const one = connection()
    for (let minute = 0; minute < 600; minute++) {
      refuse(one, 250)
      await pass(60_000)
    }
    expect(one.ended).toEqual([])
  })

  test.each([
    ['not_found', 600],
    ['rate_limited', 6_000],
  ] as const)('is closed for %s only after %p times', async (code, times) => {
    const { connection, refuse } = losing()
    const one = connection()
    refuse(one, times, code)
    await settled()
    expect(one.ended).toEqual([])
    refuse(one, 20, code)
    await settled()
    expect(one.ended).toEqual(['protocol_abuse'])
  })

  test.each(['conflict', 'unavailable', 'timeout', 'internal', 'token_expired', 'server_draining'] as const)(
    'is never closed for %s, which is not its fault',
    async (code) => {
      const { connection, refuse } = losing()
      const one = connection()
      refuse(one, 5_000, code)
      await settled()
      expect(one.ended).toEqual([])
    },
  )
})
