import { describe, expect, test } from 'bun:test'
import { testService } from '../../support/service.ts'

const room_id = 'lobby'
const hi = { room_id, content: { text: 'hi' } }
const hiAs = (client_id: string) => ({ ...hi, client_id })

async function lobby(options = {}) {
  const service = testService(options)
  await service.room(room_id, ['ada', 'bob', 'eve'])
  return service
}

describe('message:send', () => {
  test('numbers what is said in a room, after all else that changed it, and answers with its place', async () => {
    const service = await lobby()
    const first = await service.user('ada').send('message:send', { ...hi, client_id: 'k' })
    const second = await service.user('bob').send('message:send', hi)
    expect(first).toEqual({
      message_id: expect.any(String),
      room_id,
      seq: 2,
      created_at: service.clock.now(),
      duplicate: false,
      durability: 'log',
    })
    expect(second.seq).toBe(3)
    expect((await service.user('eve').log(room_id)).map(({ action, data }) => [action, data.seq])).toEqual([
      ['room_updated', 1],
      ['message_new', 2],
      ['message_new', 3],
    ])
  })

  test('tells the whole message, with who sent it and on which device', async () => {
    const service = await lobby()
    const reply_to = (await service.user('bob').send('message:send', hi)).message_id
    const more = { reply_to, mentions: ['bob'], metadata: { mood: 'glad' }, expires_in_s: 60 }
    const attachments = [{ url: 'https://example.org/a.png', name: 'a.png', mime: 'image/png', size: 7 }]
    const content = { type: 'card', text: 'hi', data: { a: [1, null] }, attachments }
    const sent = await service
      .user('ada', { device: 'phone' })
      .send('message:send', { room_id, client_id: 'k', content, ...more })
    expect((await service.user('bob').log(room_id)).at(-1)?.data).toEqual({
      room_id,
      seq: 3,
      message: {
        message_id: sent.message_id,
        client_id: 'k',
        room_id,
        seq: 3,
        sender_id: 'ada',
        sender_device_id: 'phone',
        content,
        reply_to,
        mentions: ['bob'],
        metadata: { mood: 'glad' },
        created_at: service.clock.now(),
        expires_at: service.clock.now() + 60_000,
        version: 1,
        reactions: {},
      },
    })
  })

  test('keeps binary as it came, live and in history', async () => {
    const service = await lobby()
    const data = new Uint8Array([0, 255, 128])
    await service.user('ada').send('message:send', { room_id, content: { type: 'picture', data } })
    const { messages } = await service.user('bob').send('message:history', { room_id })
    const [live] = (await service.user('bob').log(room_id)).slice(-1)
    for (const message of [messages[0], live?.data.message]) expect(new Uint8Array(message.content.data)).toEqual(data)
  })

  test('takes the id of its envelope as its key where it names none', async () => {
    const service = await lobby()
    await service.user('ada').send('message:send', { id: 'e1', payload: { data: hi } })
    expect((await service.user('ada').log(room_id)).at(-1)?.data.message.client_id).toBe('e1')
  })

  test('of 100 at once from one connection are numbered in the order sent, also while others join', async () => {
    const service = testService()
    const ada = service.user('ada')
    await ada.send('room:create', { room_id, kind: 'group', visibility: 'public' })
    const { member } = service.store
    let asked = 0
    service.store.member = async (...of) => {
      for (let ticks = (asked++ * 7) % 5; ticks > 0; ticks--) await null // now quicker, now slower
      return member(...of)
    }
    const sent = Array.from({ length: 100 }, (_, n) => {
      if (n % 10 === 0) void service.user(`guest ${n}`).send('room:join', { room_id })
      return ada.send('message:send', { room_id, content: { text: `${n}` } })
    })
    const seqs = (await Promise.all(sent)).map(({ seq }) => seq)
    expect(seqs).toEqual(seqs.toSorted((one, other) => one - other))
    const log = await ada.log(room_id)
    expect(log.map(({ data }) => data.seq)).toEqual(log.map((_, n) => n + 1))
    const said = log.filter(({ action }) => action === 'message_new').map(({ data }) => data.message.content.text)
    expect(said).toEqual(sent.map((_, n) => `${n}`))
  })

  test('right after room:join or room:create on the same connection waits for them', async () => {
    const service = testService()
    await service.room('open', ['ada'], { visibility: 'public' })
    const bob = service.user('bob')
    const asked = [
      bob.refused('room:join', { room_id: 'open' }),
      bob.refused('message:send', { room_id: 'open', content: { text: 'hi' } }),
      bob.refused('room:create', { room_id: 'mine', kind: 'group' }),
      bob.refused('message:send', { room_id: 'mine', content: { text: 'hi' } }),
    ]
    expect(await Promise.all(asked)).toEqual(Array(4).fill('not refused'))
  })

  test('right before room:leave on the same connection still counts', async () => {
    const service = await lobby()
    const bob = service.user('bob')
    const asked = Array.from({ length: 5 }, () => bob.refused('message:send', hi))
    asked.push(bob.refused('room:leave', { room_id }))
    expect(await Promise.all(asked)).toEqual(Array(6).fill('not refused'))
  })
})

describe('message:send twice', () => {
  test('with the same key gives the first answer again, and adds nothing', async () => {
    const service = await lobby()
    const ada = service.user('ada')
    const first = await ada.send('message:send', hiAs('k'))
    await service.user('bob').send('message:send', hi)
    expect(await ada.send('message:send', hiAs('k'))).toEqual({ ...first, duplicate: true })
    expect(await ada.send('message:send', { ...hiAs('k'), retry: true })).toEqual({ ...first, duplicate: true })
    expect(await ada.log(room_id)).toHaveLength(3)
  })

  test('from another device of the same user is still the same', async () => {
    const service = await lobby()
    const first = await service.user('ada', { device: 'phone' }).send('message:send', hiAs('k'))
    const again = await service.user('ada', { device: 'desk' }).send('message:send', hiAs('k'))
    expect(again).toEqual({ ...first, duplicate: true })
  })

  test('at once adds one message', async () => {
    const service = await lobby()
    const ada = service.user('ada')
    const answers = await Promise.all([1, 2, 3].map(() => ada.send('message:send', hiAs('k'))))
    expect(answers.map(({ seq, duplicate }) => [seq, duplicate])).toEqual([
      [2, false],
      [2, true],
      [2, true],
    ])
  })

  test.each([
    ['another text', { content: { text: 'ho' } }],
    ['more content', { content: { text: 'hi', data: 1 } }],
    ['other metadata', { metadata: { a: 1 } }],
    ['other mentions', { mentions: ['bob'] }],
    ['other recipients', { recipients: ['bob'] }],
    ['another answer', { reply_to: '019b76da-a800-7c75-8327-570000000002' }],
    ['another expiry', { expires_in_s: 9 }],
  ])('with the same key and %s is a conflict, and nothing is written', async (_, other) => {
    const service = await lobby()
    const ada = service.user('ada')
    await ada.send('message:send', hiAs('k'))
    expect(await ada.refused('message:send', { ...hiAs('k'), ...other })).toBe('conflict')
    expect(await ada.log(room_id)).toHaveLength(2)
  })

  test('with the same key by another user, in another room or in another tenant is another message', async () => {
    const service = await lobby()
    await service.room('elsewhere', ['ada'])
    const other = service.user('ada', { tenant: 'globex' })
    await other.send('room:create', { room_id, kind: 'group' })
    const answers = [
      await service.user('ada').send('message:send', hiAs('k')),
      await service.user('bob').send('message:send', hiAs('k')),
      await service.user('ada').send('message:send', { ...hiAs('k'), room_id: 'elsewhere' }),
      await other.send('message:send', hiAs('k')),
    ]
    expect(answers.map(({ duplicate }) => duplicate)).toEqual([false, false, false, false])
    expect(new Set(answers.map(({ message_id }) => message_id)).size).toBe(4)
  })

  test('is known as the same while it says so within 24 h, and not after', async () => {
    const service = await lobby({ working: false })
    const ada = service.user('ada')
    const first = await ada.send('message:send', hiAs('k'))
    await service.pass(86_399_999)
    expect(await ada.send('message:send', { ...hiAs('k'), retry: true })).toEqual({ ...first, duplicate: true })
    await service.pass(1)
    expect((await ada.send('message:send', hiAs('k'))).duplicate).toBe(false)
  })

  test('is known as the same after the message was deleted or has expired', async () => {
    const service = await lobby()
    const ada = service.user('ada')
    const deleted = await ada.send('message:send', hiAs('k'))
    const expired = await ada.send('message:send', { ...hiAs('e'), expires_in_s: 1 })
    await ada.send('message:delete', { room_id, message_id: deleted.message_id })
    await service.pass(3_000)
    expect(await ada.send('message:send', hiAs('k'))).toEqual({ ...deleted, duplicate: true })
    expect(await ada.send('message:send', { ...hiAs('e'), expires_in_s: 1 })).toEqual({ ...expired, duplicate: true })
  })
})
