import { describe, expect, test } from 'bun:test'
import { testService } from '../../support/service.ts'

const room_id = 'lobby'
const content = { text: 'hi' }

async function ada() {
  const service = testService()
  await service.room(room_id, ['ada', 'bob'])
  return service.user('ada')
}

const attachment = { url: 'https://example.org/a', name: 'a', mime: 'image/png', size: 1 }

describe('message:send says which field is wrong', () => {
  test.each([
    ['room_id', { room_id: '', content }],
    ['room_id', { room_id: 7, content }],
    ['room_id', { room_id: 'x'.repeat(129), content }],
    ['room_id', { room_id: 'a\u0000b', content }],
    ['room_id', { room_id: 'a\ud800', content }],
    ['to', { to: '\udc00', content }],
    ['content', { room_id }],
    ['content', { room_id, content: 'hi' }],
    ['content', { room_id, content: null }],
    ['content.text', { room_id, content: { text: 7 } }],
    ['content.text', { room_id, content: { text: 'x'.repeat(65_537) } }],
    ['content.text', { room_id, content: { text: 'ü'.repeat(32_769) } }],
    ['content.type', { room_id, content: { type: '' } }],
    ['content.attachments.0.url', { room_id, content: { attachments: [{ ...attachment, url: 'javascript:x' }] } }],
    ['content.attachments.0.size', { room_id, content: { attachments: [{ ...attachment, size: -1 }] } }],
    ['content.attachments', { room_id, content: { attachments: Array(21).fill(attachment) } }],
    ['client_id', { room_id, content, client_id: '' }],
    ['client_id', { room_id, content, client_id: 'x'.repeat(129) }],
    ['client_id', { room_id, content, client_id: '\ud800' }],
    ['reply_to', { room_id, content, reply_to: 'that' }],
    ['mentions.0', { room_id, content, mentions: [''] }],
    ['mentions', { room_id, content, mentions: Array(101).fill('bob') }],
    ['expires_in_s', { room_id, content, expires_in_s: 0 }],
    ['expires_in_s', { room_id, content, expires_in_s: 1.5 }],
    ['deliver_at', { room_id, content, deliver_at: 'tomorrow' }],
    ['metadata', { room_id, content, metadata: 'x' }],
    ['metadata', { room_id, content, metadata: { a: 'x'.repeat(16_385) } }],
  ])('%s', async (path, data) => {
    expect(await (await ada()).failure('message:send', data)).toMatchObject({
      code: 'validation_failed',
      retryable: false,
      details: [{ path, message: expect.any(String) }],
    })
  })

  test('all of them at once', async () => {
    const { details } = await (await ada()).failure('message:send', { room_id: '', content: { text: 7 } })
    expect(details.map(({ path }: { path: string }) => path)).toEqual(['room_id', 'content.text'])
  })

  test.each([[null], [undefined], ['hi'], [7], [true], [[]], [() => {}]])(
    'also where there is no data to speak of: %p',
    async (data) => {
      expect(await (await ada()).refused('message:send', data)).toBe('validation_failed')
    },
  )
})

describe('message:send takes', () => {
  test('an id of 128 characters, and 64 KiB of text', async () => {
    const user = await ada()
    const text = 'ü'.repeat(32_768)
    await user.send('room:create', { room_id: 'x'.repeat(128), kind: 'group' })
    await user.send('message:send', { room_id: 'x'.repeat(128), content: { text }, client_id: 'y'.repeat(128) })
    const { messages } = await user.send('message:history', { room_id: 'x'.repeat(128) })
    expect(messages[0].content.text).toBe(text)
  })

  test('control characters and lone surrogates out of text, and leaves line breaks, tabs and markup', async () => {
    const user = await ada()
    const text = '\u0000a\u001b[31m\tb\r\n<b>c</b>\u007f\u0085\ud83d\ude00\ud800'
    await user.send('message:send', { room_id, content: { text } })
    const said = (await user.log(room_id)).at(-1)?.data.message.content.text
    expect(said).toBe('a[31m\tb\r\n<b>c</b>\ud83d\ude00\ufffd')
  })

  test('fields it does not know, and keeps nothing of them', async () => {
    const user = await ada()
    await user.send('message:send', { room_id, content: { ...content, colour: 'red' }, shout: true, sender_id: 'bob' })
    const message = (await user.log(room_id)).at(-1)?.data.message
    expect(message).toMatchObject({ sender_id: 'ada', content: { type: 'text', text: 'hi' } })
    expect(message).not.toHaveProperty('shout')
    expect(message.content).not.toHaveProperty('colour')
  })

  test('names that mean something to the language: as a room, a user, a key, an emoji', async () => {
    const service = testService()
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const user = service.user(name)
      await user.send('room:create', { room_id: name, kind: 'group', members: ['bob'] })
      const sent = { room_id: name, content, client_id: name }
      const { message_id, seq } = await user.send('message:send', sent)
      expect(await user.send('message:send', sent)).toMatchObject({ seq, duplicate: true })
      await user.send('message:react', { room_id: name, message_id, emoji: name, op: 'add' })
      await user.send('message:edit', { room_id: name, message_id, content: { text: 'ho' } })
      const { messages } = await service.user('bob').send('message:history', { room_id: name })
      expect(messages).toMatchObject([{ sender_id: name, content: { text: 'ho' } }])
      expect(Object.entries(messages[0].reactions)).toEqual([[name, [name]]])
      expect(await service.user('eve').refused('message:history', { room_id: name })).toBe('forbidden')
    }
    expect('text' in {}).toBe(false)
  })
})
