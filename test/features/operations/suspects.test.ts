import { describe, expect, test } from 'bun:test'
import { memorySuspects } from '../../../src/adapters/memory/suspects.ts'
import { clientNetworks } from '../../../src/engine/address.ts'
import { fakeClock } from '../../support/clock.ts'
import { testService } from '../../support/service.ts'

function operated() {
  const time = fakeClock()
  const suspects = memorySuspects(time.clock)
  const networkOf = clientNetworks(['10.0.0.0/8'])
  const { user } = testService({ time, service: { suspects: suspects.list, pardon: suspects.pardon, networkOf } })
  return { suspects, now: time.clock.now, user, operator: user('root', { permissions: ['operator'] }) }
}

test.each([
  ['service:suspects', {}],
  ['service:pardon', { address: '192.0.2.1' }],
])(
  '%s is for the permission `operator` alone: a tenant’s admin does not see the others’ addresses',
  async (name, data) => {
    const { user, operator } = operated()
    for (const permissions of [undefined, ['admin'], ['*'], ['service:*'], [name]])
      expect(await user('ada', permissions ? { permissions } : {}).refused(name, data)).toBe('forbidden')
    expect(await operator.refused(name, data)).toBe('not refused')
  },
)

describe('service:suspects', () => {
  test('says of each address why, what is done, and until when, the most suspicious first', async () => {
    const { suspects, operator, now } = operated()
    suspects.add('192.0.2.1', 'refused_token', 30)
    suspects.add('2001:db8:0:7', 'malformed', 400)
    suspects.mark('2001:db8:0:7', { step: 'cut_off', until: now() + 1_000, times: 2 })
    const since = now()
    expect(await operator.send('service:suspects', {})).toEqual({
      suspects: [
        {
          address: '2001:db8:0:7::/64',
          points: 400,
          reasons: { malformed: 1 },
          step: 'cut_off',
          since,
          until: now() + 1_000,
          times: 2,
        },
        {
          address: '192.0.2.1',
          points: 30,
          reasons: { refused_token: 1 },
          step: 'watched',
          since,
          until: null,
          times: 0,
        },
      ],
    })
    expect((await operator.send('service:suspects', { limit: 1 })).suspects).toHaveLength(1)
  })
})

describe('service:pardon', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:0:7', '2001:db8:0:7::/64'],
    ['2001:db8:0:7', '2001:DB8::7:1:2:3:4'],
  ])('lets %s in again by %s, once', async (network, address) => {
    const { suspects, operator } = operated()
    suspects.add(network, 'malformed', 400)
    expect(await operator.send('service:pardon', { address })).toEqual({ pardoned: true })
    expect(suspects.of(network)).toBeUndefined()
    expect(await operator.send('service:pardon', { address })).toEqual({ pardoned: false })
  })

  test.each(['', 'localhost', '10.1.2.3', '192.0.2.0/24', 'x'.repeat(65)])(
    'refuses %p, which cannot be suspected',
    async (address) => {
      expect(await operated().operator.refused('service:pardon', { address })).toBe('validation_failed')
    },
  )
})
