import { describe, expect, test } from 'bun:test'
import { GATHERED, GRACE, statusesOf, tenant } from './people.ts'

/** Ada watches Bob, who is here with so many connections. */
async function bobWithConnections(count: number) {
  const here = await tenant(['ada', 'bob', 'cy'])
  const ada = await here.watches('ada', { user_ids: ['bob'] })
  const bobs = []
  for (let n = 0; n < count; n++) bobs.push(await here.arrives('bob'))
  await here.service.pass(GATHERED)
  const [first = await here.arrives('bob'), second = first] = bobs
  return { ...here, ada, first, second }
}

describe('presence', () => {
  test('is online from the first connection to the last', async () => {
    const { service, story, first, second } = await bobWithConnections(2)
    expect(story()).toEqual(['bob online'])
    await first.leave('signed out')
    await service.pass(GRACE * 2)
    expect(story()).toEqual(['bob online'])
    await second.leave('signed out')
    await service.pass(GATHERED)
    expect(story()).toEqual(['bob online', 'bob offline'])
  })

  test('ends at once with a clean sign-out, and 15 s after a drop', async () => {
    const { service, story, first, arrives } = await bobWithConnections(1)
    await first.leave('signed out')
    await service.pass(GATHERED)
    expect(story()).toEqual(['bob online', 'bob offline'])
    const again = await arrives('bob')
    await service.pass(GATHERED)
    await again.leave('dropped')
    await service.pass(GRACE - 1)
    expect(story()).toHaveLength(3)
    await service.pass(1)
    await service.pass(GATHERED)
    expect(story().slice(2)).toEqual(['bob online', 'bob offline'])
  })

  test('of one who drops and is back within 15 s is no event at all, however often', async () => {
    const { service, story, first, arrives } = await bobWithConnections(1)
    let bob = first
    for (let n = 0; n < 5; n++) {
      await bob.leave('dropped')
      await service.pass(GRACE - 1)
      bob = await arrives('bob')
      await service.pass(1_000)
    }
    await service.pass(GRACE * 2)
    expect(story()).toEqual(['bob online'])
  })

  test('of one who was away when they dropped, and still is when they are back, is none either', async () => {
    const { service, story, first, arrives } = await bobWithConnections(1)
    await first.note({ idle: true })
    await service.pass(GRACE)
    await first.leave('dropped')
    await service.pass(1_000)
    await arrives('bob', { idle: true })
    await service.pass(GRACE * 2)
    expect(story()).toEqual(['bob online', 'bob away'])
  })

  test('waits for the one of several that dropped, where another signs out meanwhile', async () => {
    const { service, story, first, second } = await bobWithConnections(2)
    await first.leave('dropped')
    await service.pass(10_000)
    await second.leave('signed out')
    await service.pass(4_999)
    expect(story()).toEqual(['bob online'])
    await service.pass(1_000)
    expect(story()).toEqual(['bob online', 'bob offline'])
  })

  test('is away while all connections are idle, and online when one is so no more', async () => {
    const { service, story, first, second } = await bobWithConnections(2)
    await first.note({ idle: true })
    await service.pass(GATHERED)
    expect(story()).toEqual(['bob online'])
    await second.note({ idle: true })
    await service.pass(GATHERED)
    await first.note({ idle: false })
    await service.pass(GATHERED)
    expect(story()).toEqual(['bob online', 'bob away', 'bob online'])
  })

  test('that is back as it was before anybody was told, is told to nobody', async () => {
    const { service, story, first } = await bobWithConnections(1)
    await service.user('cy').arrive() // watchers were told just now, so what follows is gathered
    await service.pass(1)
    await first.note({ idle: true })
    await first.note({ idle: false })
    await service.pass(GRACE)
    expect(story()).toEqual(['bob online'])
  })

  test('says when one was active last: while here by what they did, then by when they went', async () => {
    const { service, ada, first } = await bobWithConnections(1)
    const ask = async () => (await ada.send('presence:subscribe', { user_ids: ['bob'] })).presences[0]
    await service.pass(60_000)
    const active_at = service.clock.now() - 5_000
    await first.note({ active_at })
    expect(await ask()).toEqual({ user_id: 'bob', status: 'online', last_active_at: active_at })
    await first.leave('dropped')
    const went = service.clock.now()
    await service.pass(GRACE + GATHERED)
    expect(await ask()).toEqual({ user_id: 'bob', status: 'offline', last_active_at: went })
  })

  test('of who was away when they went says when that began', async () => {
    const { service, ada, first } = await bobWithConnections(1)
    const active_at = service.clock.now()
    await service.pass(600_000)
    await first.note({ idle: true, active_at })
    await service.pass(600_000)
    await first.leave('signed out')
    await service.pass(GATHERED)
    const { presences } = await ada.send('presence:subscribe', { user_ids: ['bob'] })
    expect(presences).toEqual([{ user_id: 'bob', status: 'offline', last_active_at: active_at }])
  })

  test('of someone is the same for all who ask, also right after they came or went', async () => {
    const { arrives, watches, first } = await bobWithConnections(1)
    await arrives('cy')
    await first.leave('signed out')
    const { answer } = await watches('ada', { user_ids: ['bob', 'cy', 'nobody'] })
    expect(statusesOf(answer)).toEqual({ bob: 'offline', cy: 'online', nobody: 'offline' })
  })

  test('stays in its tenant', async () => {
    const { service, story } = await bobWithConnections(1)
    const stranger = service.user('eve', { tenant: 'globex' })
    expect(statusesOf(await stranger.send('presence:subscribe', { user_ids: ['bob'] }))).toEqual({ bob: 'offline' })
    await service.user('bob', { tenant: 'globex' }).arrive()
    await service.pass(GATHERED)
    expect(service.tellings('user_presence').flatMap(({ places }) => places)).toEqual([
      'acme/watch/user%2Fbob',
      'globex/watch/user%2Fbob',
    ])
    expect(story()).toEqual(['bob online', 'bob online'])
  })

  test('is known for as long as somebody of the tenant is connected, however many other tenants there are', async () => {
    const { service, story, first } = await bobWithConnections(1)
    for (let n = 0; n < 10_100; n++)
      await service.user('eve', { tenant: `tenant ${n}`, connection: 'none' }).send('device:list')
    await first.leave('signed out')
    await service.pass(GATHERED)
    expect(story()).toEqual(['bob online', 'bob offline'])
  })

  test('is told to those who watch, and to nobody else', async () => {
    const { service, arrives } = await tenant(['ada', 'bob', 'cy'])
    for (const user_id of ['ada', 'bob', 'cy']) await arrives(user_id)
    await service.pass(GATHERED)
    expect(service.told('user_presence')).toEqual([])
  })

  test('of who comes while others are looked at is told right after them', async () => {
    const { service, watches, arrives, story } = await tenant(['ada', 'bob', 'cy'])
    await watches('ada', { user_ids: ['bob', 'cy'] })
    await service.pass(GATHERED)
    const { presences } = service.store
    service.store.presences = async (...of) => {
      service.store.presences = presences
      await arrives('cy')
      return presences(...of)
    }
    await arrives('bob')
    await service.pass(0)
    expect(story()).toEqual(['bob online'])
    await service.pass(GATHERED)
    expect(story()).toEqual(['bob online', 'cy online'])
  })

  test('where the store is away is looked at again', async () => {
    const here = await tenant(['ada', 'bob'])
    await here.watches('ada', { user_ids: ['bob'] })
    await here.service.pass(GATHERED)
    const { presences } = here.service.store
    here.service.store.presences = () => Promise.reject(new Error('away'))
    await here.arrives('bob')
    await here.service.pass(GATHERED)
    expect(here.story()).toEqual([])
    expect(here.service.reported.map(String)).toEqual(['Error: away'])
    here.service.store.presences = presences
    await here.service.pass(1_000)
    expect(here.story()).toEqual(['bob online'])
  })
})
