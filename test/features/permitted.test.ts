/** Every command that takes a permission, and what of a token's list gives it. */
import { describe, expect, test } from 'bun:test'
import { features, register } from '../../src/features/registry.ts'
import { newId } from '../../src/protocol/ids.ts'
import { testService } from '../support/service.ts'

const room_id = 'nowhere'
const message = { room_id, message_id: newId() }

/** Of each such command something that has its shape. */
const data: Record<string, object> = {
  'room:create': { kind: 'group' },
  'room:join': { room_id },
  'room:leave': { room_id },
  'room:update': { room_id },
  'room:invite': { room_id, user_ids: ['bob'] },
  'room:kick': { room_id, user_id: 'bob' },
  'room:role': { room_id, user_id: 'bob', role: 'admin' },
  'room:delete': { room_id },
  'message:send': { room_id, content: { text: 'hi' } },
  'message:edit': { ...message, content: { text: 'hi' } },
  'message:delete': message,
  'message:react': { ...message, emoji: '👍', op: 'add' },
  'typing:start': { room_id },
  'typing:stop': { room_id },
  'presence:update': { status: 'away' },
  'presence:subscribe': { user_ids: ['bob'] },
  'presence:unsubscribe': { user_ids: ['bob'] },
}

const commands = [...register(features).values()]
const names = [...new Set(commands.filter(({ command }) => command.permission).map(({ name }) => name))]
const free = [...new Set(commands.filter(({ command }) => !command.permission).map(({ name }) => name))]

/** Whether the token lets its bearer ask; what then comes of it is another matter. */
async function mayAsk(name: string, permissions: string[] | undefined) {
  const answer = await testService()
    .user('ada', permissions ? { permissions } : {})
    .failure(name, data[name])
  expect(answer.code).not.toBe('validation_failed') // which is found out before
  return answer.message !== `This takes the permission "${name}".`
}

test('is known here of each', () => {
  expect(names.filter((name) => !data[name])).toEqual([])
})

describe.each(names)('%s', (name) => {
  const [family, verb] = name.split(':') as [string, string]

  test.each([
    ['what an ordinary user has', undefined],
    ['its name', [name]],
    ['its name for one’s own', [`${name}:own`]],
    ['its name for any', [`${name}:any`]],
    ['its family', [`${family}:*`]],
    ['`admin`', ['admin']],
    ['`*`', ['*']],
  ])('is given by %s', async (_, permissions) => {
    expect(await mayAsk(name, permissions)).toBe(true)
  })

  test.each([
    ['an empty list', []],
    ['others', names.filter((other) => other !== name)],
    ['other families', ['call:*', 'screen:*', 'ai:*', `${family}s:*`, `x${family}:*`]],
    [
      'what only looks like it',
      [`${family}`, `${family}:`, `*:${verb}`, `${name}s`, `${name}:others`, name.toUpperCase()],
    ],
  ])('is not given by %s', async (_, permissions) => {
    expect(await mayAsk(name, permissions)).toBe(false)
  })
})

/** What one may read of what one is in, and what is about oneself; or it takes more than a permission of its name. */
test('takes none of its own: to read, to receipt, one’s own sign-in, and what is for admins and operators', () => {
  const families = free.filter(
    (name) => !/^(authenticate|auth|state|device|session|service|notification|event):?/.test(name),
  )
  expect(families.sort()).toEqual([
    'message:delivered',
    'message:history',
    'message:read',
    'message:sync',
    'room:get',
    'room:list',
    'room:members',
    'room:subscribe',
    'room:unsubscribe',
  ])
})
