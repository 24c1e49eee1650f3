import { describe, expect, test } from 'bun:test'
import { testService } from '../../support/service.ts'

const room_id = 'lobby'

/** A room in which ada has said, and changed, something that is gone after 10 s: its numbers are 2 and 3. */
async function said({ working = true } = {}) {
  const service = testService({ working })
  await service.room(room_id, ['ada', 'bob'])
  const ada = service.user('ada')
  const sent = { room_id, content: { text: 'hi' }, metadata: { a: 1 }, expires_in_s: 10 }
  const { message_id } = await ada.send('message:send', sent)
  await service.pass(1)
  await ada.send('message:edit', { room_id, message_id, content: { text: 'ho' } })
  return { service, ada, message_id, expires_at: service.clock.now() + 9_999 }
}

type Said = Awaited<ReturnType<typeof said>>

async function views({ ada }: Said) {
  const { messages } = await ada.send('message:history', { room_id })
  const { rooms } = await ada.send('message:sync', { rooms: [{ room_id, after_seq: 1 }] })
  const told = rooms[0].events.map(({ payload }: any) => payload.data.message)
  return [...messages, ...told]
}

describe('a message that expires', () => {
  test('is whole until its time, with when that is', async () => {
    const here = await said()
    await here.service.pass(9_998)
    for (const view of await views(here)) {
      expect(view.content).not.toBeNull()
      expect(view.expires_at).toBe(here.expires_at)
    }
  })

  test.each([
    ['before it is swept', false],
    ['after it was swept', true],
  ])('is told without its content from then on, %s, and keeps its place', async (_, working) => {
    const here = await said({ working })
    await here.service.pass(working ? 12_000 : 9_999)
    const all = await views(here)
    expect(all).toHaveLength(3)
    for (const view of all) {
      expect(view).toMatchObject({ message_id: here.message_id, seq: 2, content: null, expires_at: here.expires_at })
      expect(view).not.toHaveProperty('metadata')
      expect(view).not.toHaveProperty('deleted_at')
    }
  })

  test('is no entry when it goes: nobody is told, and the next number is the next', async () => {
    const here = await said()
    await here.service.pass(12_000)
    expect((await here.ada.send('message:send', { room_id, content: { text: 'on' } })).seq).toBe(4)
  })

  test('is swept out of the log, body and edit, within seconds', async () => {
    const { service } = await said()
    await service.pass(12_000)
    const [position] = await service.log.heads(['acme/room/lobby'])
    const entries = await service.log.read('acme/room/lobby', { epoch: position?.epoch ?? '', seq: 1 }, 9)
    expect(entries.map(({ body }) => body)).toEqual([undefined, undefined])
  })

  test('takes no edit and no reaction any more', async () => {
    const { service, ada, message_id } = await said()
    await service.pass(9_999)
    const about = { room_id, message_id }
    expect(await ada.refused('message:edit', { ...about, content: { text: 'x' } })).toBe('not_found')
    expect(await ada.refused('message:react', { ...about, emoji: '👍', op: 'add' })).toBe('not_found')
  })
})

describe('a room with a retention', () => {
  test('forgets what is older from its oldest end, and says so to whom that concerns', async () => {
    const service = testService()
    await service.room('short', ['ada'], { retention_s: 60 })
    const ada = service.user('ada')
    const say = (text: string) => ada.send('message:send', { room_id: 'short', content: { text } })
    await say('old')
    await service.pass(50_000)
    await say('new')
    await service.pass(45_000)
    const { messages, has_more } = await ada.send('message:history', { room_id: 'short' })
    expect([messages.map(({ content }: any) => content.text), has_more]).toEqual([['new'], false])
    const sync = async (after_seq: number) =>
      (await ada.send('message:sync', { rooms: [{ room_id: 'short', after_seq }] })).rooms[0]
    expect(await sync(0)).toMatchObject({ reset: true, events: [], last_seq: 3 })
    expect(await sync(1)).toMatchObject({ reset: true, events: [] })
    expect((await sync(2)).events).toHaveLength(1)
    expect((await say('newer')).seq).toBe(4)
  })

  test('leaves other rooms alone', async () => {
    const service = testService()
    await service.room('short', ['ada'], { retention_s: 60 })
    await service.room('long', ['ada'])
    await service.user('ada').send('message:send', { room_id: 'long', content: { text: 'old' } })
    await service.pass(130_000)
    expect((await service.user('ada').send('message:history', { room_id: 'long' })).messages).toHaveLength(1)
  })
})
