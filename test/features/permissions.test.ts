import { describe, expect, test } from 'bun:test'
import { permissionsOf, type Reach, sharedPermissions } from '../../src/features/permissions.ts'

const table: [given: string[] | undefined, name: string, reach: Reach][] = [
  [undefined, 'message:send', 'own'],
  [undefined, 'message:edit', 'own'],
  [undefined, 'room:create', 'own'],
  [undefined, 'call:initiate', 'own'],
  [undefined, 'notification:send', undefined],
  [undefined, 'service:stats', undefined],
  [[], 'message:send', undefined],
  [['message:send'], 'message:send', 'own'],
  [['message:send'], 'message:edit', undefined],
  [['message:send'], 'message:sender', undefined],
  [['message:edit:own'], 'message:edit', 'own'],
  [['message:edit:any'], 'message:edit', 'any'],
  [['message:edit:own', 'message:edit:any'], 'message:edit', 'any'],
  [['message:edit:any'], 'message:delete', undefined],
  [['message:*'], 'message:delete', 'own'],
  [['message:*', 'message:delete:any'], 'message:delete', 'any'],
  [['message:*'], 'messages:x', undefined],
  [['message'], 'message:send', undefined],
  [['*:send'], 'message:send', undefined],
  [[':*'], 'message:send', undefined],
  [['*'], 'message:delete', 'any'],
  [['admin'], 'room:create', 'any'],
  [['administrator'], 'room:create', undefined],
  [['call:*'], 'call:initiate', 'own'],
  [['__proto__'], 'toString', undefined],
]

describe('permissions', () => {
  test.each(table)('%p let one use %s: %p', (given, name, reach) => {
    expect(permissionsOf(given).reach(name)).toBe(reach)
    expect(permissionsOf(given).reach(name)).toBe(reach)
  })

  test('make an admin of `admin` and `*`, and of nothing else', () => {
    const admins = [['admin'], ['*'], ['x', 'admin'], ['admin:*'], [], undefined].map(
      (given) => permissionsOf(given).admin,
    )
    expect(admins).toEqual([true, true, true, false, false, false])
  })

  test('tell what was given, or what an ordinary user may do', () => {
    expect(permissionsOf(['a', 'b']).listed).toEqual(['a', 'b'])
    expect(permissionsOf(undefined).listed).toContain('message:*')
  })

  test('of one list are one value, and lists that only look alike are two', () => {
    expect(sharedPermissions(['a', 'b'])).toBe(sharedPermissions(['a', 'b']))
    expect(sharedPermissions(['a,b'])).not.toBe(sharedPermissions(['a', 'b']))
    expect(sharedPermissions(undefined)).toBe(sharedPermissions(undefined))
    expect(sharedPermissions([]).reach('message:send')).toBeUndefined()
  })

  test('are right also of more lists than are kept', () => {
    for (let n = 0; n < 1_200; n++) expect(sharedPermissions([`one:${n}`]).reach(`one:${n}`)).toBe('own')
    expect(sharedPermissions(['one:1199']).reach('one:1')).toBeUndefined()
  })
})
