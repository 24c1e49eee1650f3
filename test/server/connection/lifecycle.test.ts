import { describe, expect, test } from 'bun:test'
import { lifecycle, mayFollow, type State } from '../../../src/server/connection/lifecycle.ts'

const states = Object.keys(lifecycle) as State[]

describe('a connection’s life', () => {
  test('goes one way, from its first state to its last', () => {
    const way: State[] = [
      'connecting',
      'authenticating',
      'assigning_rooms',
      'syncing',
      'active',
      'draining',
      'closed',
      'cleaned_up',
    ]
    expect(states).toEqual(way)
    expect(way.slice(1).map((state, n) => mayFollow(way[n] as State, state))).toEqual(Array(7).fill(true))
    for (const [n, from] of way.entries())
      for (const to of way.slice(0, n + 1)) expect([from, to, mayFollow(from, to)]).toEqual([from, to, false])
  })

  test('may be closed at any time until it is', () => {
    const open = states.filter((state) => mayFollow(state, 'closed'))
    expect(open).toEqual(states.slice(0, -2))
  })

  test('leaves out no step but draining', () => {
    const skips = states.flatMap((from, n) => states.slice(n + 2).filter((to) => mayFollow(from, to)))
    expect(new Set(skips)).toEqual(new Set(['closed']))
  })
})
