/** Whatever is sent gets its error, and nobody else suffers. */
import { expect, test } from 'bun:test'
import { client, running, stock, tokenOf } from '../support/running.ts'

const room_id = 'lobby'

async function withRoom() {
  const { url } = await running()
  const [ada, eve] = [await client(url, 'ada'), await client(url, 'eve')]
  await ada.ask('room:create', { room_id, kind: 'group', members: ['eve'] })
  return { url, ada, eve }
}

const deep = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels))

test.each<[string, string, unknown, string]>([
  ['an unknown command', 'no:such', {}, 'unknown_event'],
  ['__proto__', '__proto__', {}, 'unknown_event'],
  ['constructor', 'constructor', {}, 'unknown_event'],
  ['data that is a text', 'message:send', 'hi', 'validation_failed'],
  ['data that is a list', 'message:send', [1], 'validation_failed'],
  ['no data', 'message:send', null, 'validation_failed'],
  ['a number for a room', 'message:send', { room_id: 7, content: {} }, 'validation_failed'],
  ['neither room nor user', 'message:send', { content: { text: 'hi' } }, 'validation_failed'],
  ['a room that is not there', 'message:send', { room_id: '__proto__', content: { text: 'hi' } }, 'not_found'],
  ['text over 64 KiB', 'message:send', { room_id, content: { text: 'x'.repeat(65_537) } }, 'validation_failed'],
  ['data 65 levels deep', 'message:send', { room_id, content: { data: deep(70) } }, 'validation_failed'],
  ['an id too long', 'room:get', { room_id: 'x'.repeat(129) }, 'validation_failed'],
  ['a lone surrogate', 'room:get', { room_id: '\ud800' }, 'validation_failed'],
  ['a control character', 'room:get', { room_id: 'a\u0000b' }, 'validation_failed'],
  ['a link that is none of the web', 'message:send', withLink('javascript:alert(1)'), 'validation_failed'],
  [
    'another tenant',
    'room:list',
    { id: 'x', tenant_id: 'globex', payload: { action: 'room:list', data: {} } },
    'tenant_mismatch',
  ],
  ['another action', 'room:list', { id: 'x', payload: { action: 'room:get', data: {} } }, 'validation_failed'],
  ['an id that is no text', 'room:list', { id: 7, payload: { action: 'room:list', data: {} } }, 'validation_failed'],
  ['what takes admin', 'service:stats', {}, 'forbidden'],
])('%s', async (_, name, data, code) => {
  const { ada, eve } = await withRoom()
  expect(await eve.refused(name, data)).toMatchObject({ code })
  expect(eve.connected).toBe(true)
  await ada.ask('message:send', { room_id, content: { text: 'on we go' } })
  await eve.hears('message_new')
})

function withLink(url: string) {
  return { room_id, content: { attachments: [{ url, name: 'x', mime: 'text/html', size: 1 }] } }
}

test('without an acknowledgement, the refusal comes as the event `error`', async () => {
  const { eve } = await withRoom()
  eve.emit('room:get', { room_id: 'nowhere' })
  expect(await eve.hears('error')).toMatchObject({ code: 'not_found', retryable: false })
})

test('the acknowledgement and its error carry the id of the command', async () => {
  const { eve } = await withRoom()
  const envelope = (room: string) => ({ id: 'mine', payload: { action: 'room:get', data: { room_id: room } } })
  const [ack, error] = await Promise.all(
    [room_id, 'nowhere'].map((room) => eve.emitWithAck('room:get', envelope(room))),
  )
  expect([ack, error]).toMatchObject([
    { type: 'ack', id: 'mine', tenant_id: 'acme', payload: { action: 'room:get' } },
    { type: 'error', id: 'mine', tenant_id: 'acme', payload: { action: 'room:get', data: { code: 'not_found' } } },
  ])
})

test('a namespace that is not there is refused with the reason', async () => {
  const { url } = await running()
  const socket = stock(`${url}/nowhere`, { auth: { token: await tokenOf('ada') }, reconnection: false })
  const error = await new Promise<any>((resolve) => socket.once('connect_error', resolve))
  expect(error.data).toMatchObject({ code: 'not_found', retryable: false })
})

test('who asks too much of one thing is told which limit it was, and when to come again', async () => {
  const { ada } = await withRoom()
  const sends = Array.from({ length: 60 }, () => ada.emitWithAck('message:send', { room_id, content: { text: 'hi' } }))
  const refused = (await Promise.all(sends)).filter(({ type }) => type === 'error').map(({ payload }) => payload.data)
  expect(refused.length).toBeGreaterThan(0)
  for (const data of refused) {
    expect(data).toMatchObject({
      code: 'rate_limited',
      retryable: true,
      details: { limit: 'message:send', remaining: 0 },
    })
    expect(data.retry_after_ms).toBeGreaterThan(0)
  }
})
