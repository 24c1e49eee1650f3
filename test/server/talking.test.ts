/** Two people talk, over every transport, with stock clients. */
import { describe, expect, test } from 'bun:test'
import { client, count, running, seqs } from '../support/running.ts'

const room_id = 'lobby'

test('a message reaches every device of every member once, in one order, whatever their transport', async () => {
  const { url } = await running()
  const ada = await client(url, 'ada')
  await ada.ask('room:create', { room_id, kind: 'group', members: ['bob', 'eve', 'uma'] })
  const others = await Promise.all([
    client(url, 'ada', {}, { transports: ['polling'] }),
    client(url, 'bob'),
    client(url, 'eve', {}, { transports: ['polling'] }),
    client(url, 'uma', {}, { transports: ['polling', 'websocket'] }),
  ])
  const sends = count(1, 40).map((n) => ada.ask('message:send', { room_id, content: { text: `${n}` } }))
  const order = (await Promise.all(sends)).map(({ seq }) => seq)
  expect(order).toEqual(count(2, 41))
  for (const one of [ada, ...others]) {
    await one.hears('message_new', ({ seq }) => seq === 41)
    expect(seqs(one, room_id)).toEqual(order)
  }
})

test('what came live is what sync gives, envelope for envelope', async () => {
  const { url } = await running()
  const ada = await client(url, 'ada')
  await ada.ask('room:create', { room_id, kind: 'group' })
  const { message_id } = await ada.ask('message:send', { room_id, content: { text: 'one' } })
  await ada.ask('message:react', { room_id, message_id, emoji: '👍', op: 'add' })
  await ada.ask('message:edit', { room_id, message_id, content: { text: 'two' } })
  const live = ada.heard.filter(({ data }) => data?.seq > 1).map(({ name, data, id }) => ({ name, data, id }))
  const { rooms } = await ada.ask('message:sync', { rooms: [{ room_id, after_seq: 1 }] })
  const synced = rooms[0].events.map(({ id, payload }: any) => ({ name: payload.action, data: payload.data, id }))
  expect(synced).toEqual(live)
  expect(live.map(({ name }) => name)).toEqual(['message_new', 'message_reaction', 'message_updated'])
})

test.each([
  ['websocket', 'json'],
  ['polling', 'json'],
  ['websocket', 'msgpack'],
  ['polling', 'msgpack'],
])('binary content arrives as it was sent (%s, %s)', async (transport, parser) => {
  const { url } = await running({ SOCKET_PARSER: parser })
  const options = {
    transports: [transport],
    ...(parser === 'msgpack' && { parser: await import('socket.io-msgpack-parser') }),
  } as object
  const ada = await client(url, 'ada', {}, options)
  const bob = await client(url, 'bob', {}, options)
  await ada.ask('room:create', { room_id, kind: 'group', members: ['bob'] })
  const data = { picture: Buffer.from([0, 1, 2, 250, 255]), list: [{ deep: Buffer.from('x') }] }
  await ada.ask('message:send', { room_id, content: { type: 'image', data } })
  const bytes = (found: any) => [Buffer.from(found.picture), Buffer.from(found.list[0].deep)]
  const { message } = await bob.hears('message_new')
  expect(bytes(message.content.data)).toEqual(bytes(data))
  const { messages } = await bob.ask('message:history', { room_id })
  expect(bytes(messages.at(-1).content.data)).toEqual(bytes(data))
})

describe('a direct message', () => {
  test('makes the room of the two, and both follow it at once', async () => {
    const { url } = await running()
    const [ada, bob] = [await client(url, 'ada'), await client(url, 'bob')]
    const sent = await ada.ask('message:send', { to: 'bob', content: { text: 'psst' } })
    expect(sent.room_id).toStartWith('direct.')
    expect((await bob.hears('message_new')).message.content.text).toBe('psst')
    const back = await bob.ask('message:send', { to: 'ada', content: { text: 'yes?' } })
    expect(back).toMatchObject({ room_id: sent.room_id, seq: sent.seq + 1 })
    await ada.hears('message_new', ({ seq }) => seq === back.seq)
  })
})

test('who was removed is told that, and nothing with a later number', async () => {
  const { url } = await running()
  const [ada, bob] = [await client(url, 'ada'), await client(url, 'bob')]
  await ada.ask('room:create', { room_id, kind: 'group', members: ['bob'] })
  await bob.hears('room_joined')
  const kick = ada.ask('room:kick', { room_id, user_id: 'bob' })
  const sends = count(1, 20).map((n) => ada.ask('message:send', { room_id, content: { text: `${n}` } }))
  await Promise.all([kick, ...sends])
  expect(await bob.refused('message:send', { room_id, content: { text: 'no' } })).toMatchObject({ code: 'forbidden' })
  await ada.hears('message_new', ({ seq }) => seq === 22)
  expect(bob.heard.at(-1)).toMatchObject({ name: 'room_member_left' })
  expect(seqs(bob, room_id)).toEqual([2])
})

test('a tenant hears nothing of another, whatever their rooms and users are called', async () => {
  const { url } = await running()
  const ours = await client(url, 'ada', { tenant: 'acme' })
  const theirs = await client(url, 'ada', { tenant: 'globex' })
  await ours.ask('room:create', { room_id, kind: 'group', visibility: 'public' })
  expect(await theirs.refused('room:join', { room_id })).toMatchObject({ code: 'not_found' })
  await theirs.ask('room:create', { room_id, kind: 'group' })
  await ours.ask('message:send', { room_id, content: { text: 'ours' } })
  await theirs.ask('message:send', { room_id, content: { text: 'theirs' } })
  const texts = (one: typeof ours) =>
    one.heard.filter(({ name }) => name === 'message_new').map(({ data }) => data.message.content.text)
  expect([texts(ours), texts(theirs)]).toEqual([['ours'], ['theirs']])
})

test('a hundred messages sent at once are numbered in the order sent', async () => {
  const { url } = await running({ RATE_LIMITS: 'off' })
  const ada = await client(url, 'ada')
  await ada.ask('room:create', { room_id, kind: 'group' })
  const sends = count(2, 101).map((n) => ada.ask('message:send', { room_id, content: { text: `${n}` } }))
  expect((await Promise.all(sends)).map(({ seq }) => seq)).toEqual(count(2, 101))
})

test('what one did not want of a room is forgotten with the room, and kept while it is brought up to date', async () => {
  const { url } = await running()
  const [ada, eve] = [await client(url, 'ada'), await client(url, 'eve')]
  await ada.ask('room:create', { room_id, kind: 'group', visibility: 'public' })
  const { epoch, attach_seq } = await eve.ask('room:subscribe', { room_id, without: ['typing'] })
  await eve.ask('state:sync', { positions: { [room_id]: { epoch, seq: attach_seq } } })
  await ada.ask('typing:start', { room_id })
  await ada.ask('typing:stop', { room_id })
  await eve.ask('room:unsubscribe', { room_id })
  await eve.ask('room:join', { room_id })
  await ada.ask('message:send', { room_id, content: { text: 'hi' } })
  await eve.hears('message_new')
  expect(eve.heard.filter(({ name }) => name === 'user_typing')).toEqual([])
  await ada.ask('typing:start', { room_id })
  expect(await eve.hears('user_typing')).toMatchObject({ user_id: 'ada', typing: true })
})
