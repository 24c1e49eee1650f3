import { describe, expect, test } from 'bun:test'
import { memoryRoster } from '../../src/adapters/memory/roster.ts'
import type { Caller } from '../../src/features/caller.ts'
import { type Context, feature } from '../../src/features/feature.ts'
import { attendance } from '../../src/pipeline/attendance.ts'
import type { Present } from '../../src/ports/roster.ts'

const caller = { tenant_id: 'acme', user_id: 'ada' } as Caller
const connection = (connection_id: string) => ({ connection_id, idle: false }) as Present

/** Two features, of which the first may fail; what each was told of ada, and with how many connections of hers. */
function attending(fails = false) {
  const said: string[] = []
  const reported: unknown[] = []
  const named = (name: string) => {
    const say = (hook: string, here: readonly Present[] = []) => {
      said.push(`${name} ${hook} ${here.length}`)
      if (fails && name === 'one') throw new Error('It failed.')
    }
    return feature(name, {
      events: [],
      commands: {},
      entered: (_, here) => say('entered', here),
      synced: () => say('synced'),
      stirred: (_, here) => say('stirred', here),
      left: (_, { clean, here }) => say(clean ? 'signed out' : 'left', here),
    })
  }
  const attend = attendance({
    roster: memoryRoster(),
    features: [named('one'), named('two')],
    contextOf: () => ({}) as Context,
    report: (error) => void reported.push(error),
  })
  return { attend, said, reported }
}

describe('the features', () => {
  test('are told who comes and goes, each time with all the connections of the user', async () => {
    const { attend, said } = attending()
    await attend.enter(caller, connection('a'))
    await attend.enter(caller, connection('b'))
    await attend.synced(caller)
    await attend.leave(caller, 'a', false)
    await attend.leave(caller, 'b', true)
    const told = ['entered 1', 'entered 2', 'synced 0', 'left 1', 'signed out 0']
    expect(said).toEqual(told.flatMap((one) => [`one ${one}`, `two ${one}`]))
  })

  test('are told once that a connection left, however often it is said, and nothing of one that never came', async () => {
    const { attend, said } = attending()
    await attend.leave(caller, 'a', false)
    await attend.enter(caller, connection('a'))
    for (let n = 0; n < 3; n++) await attend.leave(caller, 'a', false)
    expect(said).toEqual(['one entered 1', 'two entered 1', 'one left 0', 'two left 0'])
  })

  test('are told that someone went idle or came back to it, and of no other change', async () => {
    const { attend, said } = attending()
    await attend.enter(caller, connection('a'))
    await attend.note(caller, 'a', { active_at: 7 })
    await attend.note(caller, 'a', { quality: 'poor' })
    await attend.note(caller, 'a', { idle: true })
    await attend.note(caller, 'a', { idle: false })
    expect(said.slice(2)).toEqual(['one stirred 1', 'two stirred 1', 'one stirred 1', 'two stirred 1'])
  })

  test('are all told where one fails, and that is reported', async () => {
    const { attend, said, reported } = attending(true)
    await attend.enter(caller, connection('a'))
    await attend.leave(caller, 'a', false)
    expect(said).toEqual(['one entered 1', 'two entered 1', 'one left 0', 'two left 0'])
    expect(reported).toEqual([new Error('It failed.'), new Error('It failed.')])
  })
})
