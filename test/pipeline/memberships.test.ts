import { describe, expect, test } from 'bun:test'
import { memberships } from '../../src/pipeline/memberships.ts'
import type { Member, Room } from '../../src/ports/store.ts'
import type { Entry } from '../../src/protocol/entry.ts'

/** A store that counts how often it was asked, and answers when the test says. */
function watched() {
  let asked = 0
  let role: Member['role'] | undefined = 'member'
  const waiting: (() => void)[] = []
  let slow = false
  const answer = async <Value>(value: Value): Promise<Value> => {
    if (slow) await new Promise<void>((then) => waiting.push(then))
    return value
  }
  const known = memberships({
    room: (name) => {
      asked++
      return answer(name === 'nowhere' ? undefined : ({ room_id: name, touched: 1 } as Room))
    },
    member: (_, user_id) => answer(user_id === 'eve' || !role ? undefined : ({ user_id, role } as Member)),
  })
  const say = (action: string, room = 'lobby') => known.heard(room, { action } as Entry)
  const find = async (user: string, room = 'lobby') => (await known.find(room, user)).member?.role
  return {
    ...known,
    say,
    find,
    seen: (user: string) => known.find('lobby', user),
    asked: () => asked,
    become: (now: typeof role) => {
      role = now
    },
    hold_up: () => {
      slow = true
    },
    go_on: () => {
      slow = false
      for (const then of waiting.splice(0)) then()
    },
  }
}

describe('what is known of a room', () => {
  test('is asked of the store each time where the room is not followed', async () => {
    const { find, asked } = watched()
    await find('ada')
    await find('ada')
    expect(asked()).toBe(2)
  })

  test('is kept while it is followed, of each user, also of who is no member', async () => {
    const { hold, find, asked } = watched()
    hold('lobby')
    for (let n = 0; n < 2; n++)
      expect([await find('ada'), await find('bob'), await find('eve')]).toEqual(['member', 'member', undefined])
    expect(asked()).toBe(3)
  })

  test('is answered without waiting where it is kept', async () => {
    const here = watched()
    here.hold('lobby')
    expect(here.seen('ada')).toBeInstanceOf(Promise)
    await here.find('ada')
    expect(here.seen('ada')).toMatchObject({ member: { role: 'member' } })
  })

  test.each(['room_updated', 'room_member_joined', 'room_member_left', 'room_deleted'])(
    'is looked up anew after %s',
    async (action) => {
      const { hold, find, say, become } = watched()
      hold('lobby')
      await find('ada')
      become('viewer')
      expect(await find('ada')).toBe('member')
      say(action)
      expect(await find('ada')).toBe('viewer')
    },
  )

  test('stays through what is said, and through what happens in other rooms', async () => {
    const { hold, find, say, asked } = watched()
    hold('lobby')
    await find('ada')
    for (const action of ['message_new', 'message_updated', 'message_deleted', 'message_reaction']) say(action)
    say('room_updated', 'other')
    await find('ada')
    expect(asked()).toBe(1)
  })

  test('is looked up anew where something changed that no entry tells', async () => {
    const { hold, find, forget, become } = watched()
    hold('lobby')
    await find('ada')
    become(undefined)
    forget('lobby')
    expect(await find('ada')).toBeUndefined()
  })

  test('is not kept of a read that was under way when an entry came', async () => {
    const here = watched()
    here.hold('lobby')
    here.hold_up()
    const reading = here.find('ada')
    here.become('viewer')
    here.say('room_member_joined')
    here.go_on()
    expect(await reading).toBe('member')
    expect(await here.find('ada')).toBe('viewer')
  })

  test('is not kept of a read that was under way when the following began', async () => {
    const here = watched()
    here.hold_up()
    const reading = here.find('ada')
    here.become(undefined) // committed before the following began, so no entry is heard of it
    here.hold('lobby')
    here.go_on()
    await reading
    expect(await here.find('ada')).toBeUndefined()
  })

  test('is not kept of a read that was under way when the following ended, or began again', async () => {
    const here = watched()
    here.hold('lobby')
    here.hold_up()
    const reading = here.find('ada')
    here.release('lobby')
    here.become('viewer')
    here.hold('lobby')
    here.go_on()
    await reading
    expect(await here.find('ada')).toBe('viewer')
  })

  test('is forgotten when the following ends', async () => {
    const { hold, release, find, asked } = watched()
    hold('lobby')
    await find('ada')
    release('lobby')
    await find('ada')
    await find('ada')
    expect(asked()).toBe(3)
  })

  test('is not that it is not there: a room may be made', async () => {
    const { hold, find, asked } = watched()
    hold('nowhere')
    await find('ada', 'nowhere')
    await find('ada', 'nowhere')
    expect(asked()).toBe(2)
  })
})
