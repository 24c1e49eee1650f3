import { describe, expect, test } from 'bun:test'
import { userKey } from '../../../src/protocol/ids.ts'
import { GATHERED, GRACE, tenant } from './people.ts'

async function adaSeesBob(options = {}) {
  const here = await tenant(['ada', 'bob', 'cy'], options)
  const ada = await here.watches('ada', { user_ids: ['bob'] })
  const bob = await here.arrives('bob')
  await here.service.pass(GATHERED)
  const own = () => here.service.told('user_presence', userKey('acme', 'bob'))
  const seen = () => here.service.told('user_presence', 'acme/watch/user%2Fbob').slice(1)
  const asked = async () => (await ada.send('presence:subscribe', { user_ids: ['bob'] })).presences[0]
  return { ...here, ada, bob, own, seen, asked }
}

describe('presence:update', () => {
  test('answers how one is seen, and tells one’s own devices and all who watch', async () => {
    const { service, bob, own, seen } = await adaSeesBob()
    const answer = await bob.send('presence:update', { status: 'dnd', text: 'in a meeting', emoji: '📞' })
    const last_active_at = service.clock.now()
    const shown = { user_id: 'bob', status: 'dnd', text: 'in a meeting', emoji: '📞', last_active_at }
    expect(answer).toEqual(shown)
    expect(own()).toEqual([shown])
    await service.pass(GATHERED)
    expect(seen()).toEqual([{ ...shown, last_active_at: expect.any(Number) }])
  })

  test('stands in place of what was chosen before', async () => {
    const { service, bob, asked } = await adaSeesBob()
    await bob.send('presence:update', { status: 'dnd', text: 'busy', emoji: '📞', expires_in_s: 60 })
    await bob.send('presence:update', { status: 'away', text: '' })
    await service.pass(GATHERED)
    expect(await asked()).toEqual({ user_id: 'bob', status: 'away', last_active_at: expect.any(Number) })
  })

  test('holds over all connections: what was chosen is there when one comes back', async () => {
    const { service, bob, arrives, story } = await adaSeesBob()
    await bob.send('presence:update', { status: 'dnd', text: 'busy' })
    await service.pass(GATHERED)
    await bob.leave('signed out')
    await service.pass(GATHERED)
    await arrives('bob')
    await service.pass(GATHERED)
    expect(story().slice(-3)).toEqual(['bob dnd', 'bob offline', 'bob dnd'])
    expect(service.told('user_presence').at(-1)).toMatchObject({ text: 'busy' })
  })

  test('is stronger than being idle, but for `online`', async () => {
    const { service, bob, asked } = await adaSeesBob()
    await bob.note({ idle: true })
    for (const [status, seen] of [
      ['dnd', 'dnd'],
      ['online', 'away'],
    ]) {
      await bob.send('presence:update', { status })
      await service.pass(GATHERED)
      expect(await asked()).toMatchObject({ status: seen })
    }
  })

  test('expires when it was said to: watchers and own devices are told', async () => {
    const { service, bob, own, seen } = await adaSeesBob()
    const { expires_at } = await bob.send('presence:update', { status: 'dnd', text: 'lunch', expires_in_s: 1_800 })
    expect(expires_at).toBe(service.clock.now() + 1_800_000)
    await service.pass(1_799_999)
    expect(seen()).toMatchObject([{ status: 'dnd', expires_at }])
    await service.pass(1)
    const over = { user_id: 'bob', status: 'online', last_active_at: expect.any(Number) }
    expect(own().slice(1)).toEqual([over])
    await service.pass(GATHERED)
    expect(seen().slice(1)).toEqual([over])
  })

  test('of one who is not connected holds when they are, and says so to nobody before', async () => {
    const { service, seen, arrives } = await adaSeesBob()
    const server = service.user('cy', { connection: 'none' })
    expect(await server.send('presence:update', { status: 'dnd', text: 'soon' })).toEqual({
      user_id: 'cy',
      status: 'offline',
      text: 'soon',
      last_active_at: null,
    })
    await service.pass(GRACE)
    expect(seen()).toEqual([])
    const cy = await arrives('cy')
    const { presences } = await cy.send('presence:subscribe', { user_ids: ['cy'] })
    expect(presences).toMatchObject([{ user_id: 'cy', status: 'dnd', text: 'soon' }])
  })

  test('is for 5 in 30 s', async () => {
    const { bob } = await adaSeesBob({ limited: true })
    for (let n = 0; n < 5; n++) await bob.send('presence:update', { status: n % 2 ? 'online' : 'away' })
    expect(await bob.failure('presence:update', { status: 'dnd' })).toMatchObject({
      code: 'rate_limited',
      retry_after_ms: 6_000,
      details: { limit: 'presence:update', remaining: 0 },
    })
  })

  test('takes a status that there is, a line of 140 characters and a year at most', async () => {
    const { bob } = await adaSeesBob()
    for (const [path, wrong] of [
      ['status', { status: 'invisible' }],
      ['text', { status: 'dnd', text: 'x'.repeat(141) }],
      ['emoji', { status: 'dnd', emoji: 'x'.repeat(65) }],
      ['expires_in_s', { status: 'dnd', expires_in_s: 0 }],
      ['expires_in_s', { status: 'dnd', expires_in_s: 400 * 86_400 }],
    ] as const)
      expect(await bob.failure('presence:update', wrong)).toMatchObject({ details: [{ path }] })
  })

  test('answers to its older name, and takes a permission where a token lists any', async () => {
    const { service, bob } = await adaSeesBob()
    expect(await bob.send('presence_update', { status: 'away' })).toMatchObject({ status: 'away' })
    const other = service.user('bob', { permissions: ['message:send'] })
    expect(await other.refused('presence:update', { status: 'dnd' })).toBe('forbidden')
    expect(await other.refused('presence:subscribe', { user_ids: ['ada'] })).toBe('forbidden')
  })
})

describe('who is invisible', () => {
  test('looks exactly like one who signed out then, whatever they do', async () => {
    const { service, watches, arrives } = await tenant(['ada', 'bob', 'cy'])
    const ada = await watches('ada', { user_ids: ['bob', 'cy'] })
    const [bob, cy] = [await arrives('bob'), await arrives('cy')]
    await service.pass(60_000)
    await bob.send('presence:update', { status: 'offline', text: 'hidden', emoji: '👻' })
    await cy.leave('signed out')
    await service.pass(60_000)
    await bob.note({ idle: true })
    await bob.note({ idle: false, active_at: service.clock.now() })
    await bob.leave('dropped')
    await service.pass(GRACE)
    await arrives('bob')
    await bob.send('presence:update', { status: 'offline', text: 'still hidden' })
    await service.pass(GRACE)
    const told = service.told('user_presence', 'acme/watch/user%2Fbob').slice(1)
    const toldOfCy = service.told('user_presence', 'acme/watch/user%2Fcy').slice(1)
    expect(told).toEqual(toldOfCy.map((view: object) => ({ ...view, user_id: 'bob' })))
    const { presences } = await ada.send('presence:subscribe', { user_ids: ['bob', 'cy'] })
    expect(presences[0]).toEqual({ ...presences[1], user_id: 'bob' })
    expect(presences[1].status).toBe('offline')
  })

  test('sees on their own devices what they chose', async () => {
    const { service, bob, own } = await adaSeesBob()
    await bob.send('presence:update', { status: 'offline', text: 'hidden' })
    await service.pass(GATHERED)
    expect(own()).toMatchObject([{ status: 'offline', text: 'hidden' }])
    const { presences } = await bob.send('presence:subscribe', { user_ids: ['bob'] })
    expect(presences).toMatchObject([{ status: 'offline', text: 'hidden' }])
  })

  test('is offline to watchers from the first when they come, and online once they choose so', async () => {
    const { service, bob, seen, arrives } = await adaSeesBob()
    await bob.send('presence:update', { status: 'offline' })
    await bob.leave('signed out')
    await service.pass(GATHERED)
    const again = await arrives('bob')
    await service.pass(GRACE)
    expect(seen()).toMatchObject([{ status: 'offline' }])
    await again.send('presence:update', { status: 'online' })
    await service.pass(GATHERED)
    expect(seen()).toMatchObject([{ status: 'offline' }, { status: 'online' }])
  })
})
