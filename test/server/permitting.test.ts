/** What one may do changes from the next command on: with stock clients. */
import { expect, test } from 'bun:test'
import { type Claims, client, running, tokenOf } from '../support/running.ts'

const room_id = 'lobby'
const hi = { room_id, content: { text: 'hi' } }

async function lobby(claims: Claims = {}) {
  const { url } = await running()
  const [ada, eve] = [await client(url, 'ada'), await client(url, 'eve', claims)]
  await ada.ask('room:create', { room_id, kind: 'group', members: ['eve'] })
  const refresh = async (more: Claims) => eve.ask('auth:refresh', { token: await tokenOf('eve', more) })
  return { url, ada, eve, refresh }
}

test('a newer token with fewer permissions takes them away, and one with more gives them', async () => {
  const { eve, refresh } = await lobby()
  await eve.ask('message:send', hi)
  await refresh({ permissions: ['message:react'] })
  expect(await eve.refused('message:send', hi)).toMatchObject({ code: 'forbidden' })
  await refresh({ permissions: [] })
  expect(await eve.refused('room:create', { kind: 'group' })).toMatchObject({ code: 'forbidden' })
  expect(await eve.ask('message:history', { room_id })).toMatchObject({ has_more: false })
  await refresh({ permissions: ['message:*'] })
  await eve.ask('message:send', hi)
})

test('`any` reaches what is of others, as long as the token says so', async () => {
  const { ada, eve, refresh } = await lobby({ permissions: ['message:delete:any'] })
  const ids = [await ada.ask('message:send', hi), await ada.ask('message:send', hi)].map(({ message_id }) => message_id)
  await eve.ask('message:delete', { room_id, message_id: ids[0] })
  await refresh({ permissions: ['message:delete:own'] })
  expect(await eve.refused('message:delete', { room_id, message_id: ids[1] })).toMatchObject({ code: 'forbidden' })
})

test('`admin` is what it is until a token without it comes', async () => {
  const { eve, refresh } = await lobby({ permissions: ['admin'] })
  expect(await eve.ask('service:health')).toMatchObject({ status: 'ok' })
  await refresh({})
  expect(await eve.refused('service:health')).toMatchObject({ code: 'forbidden' })
})

test('a role in a room counts from the next command on, up and down', async () => {
  const { ada, eve } = await lobby()
  const rename = (name: string) => ({ room_id, name })
  expect(await eve.refused('room:update', rename('Mine'))).toMatchObject({ code: 'forbidden' })
  await ada.ask('room:role', { room_id, user_id: 'eve', role: 'admin' })
  await eve.ask('room:update', rename('Mine'))
  await ada.ask('room:role', { room_id, user_id: 'eve', role: 'viewer' })
  expect(await eve.refused('room:update', rename('Mine again'))).toMatchObject({ code: 'forbidden' })
  expect(await eve.refused('message:send', hi)).toMatchObject({ code: 'forbidden' })
  await ada.ask('room:kick', { room_id, user_id: 'eve' })
  expect(await eve.refused('message:history', { room_id })).toMatchObject({ code: 'forbidden' })
})

test('what a token grants in a room is so while it does, and is no membership', async () => {
  const { ada, url } = await lobby()
  const bob = await client(url, 'bob', { rooms: { lobby: 'viewer' } })
  expect(await bob.ask('message:history', { room_id })).toMatchObject({ has_more: false })
  expect(await bob.refused('message:send', hi)).toMatchObject({ code: 'forbidden' })
  await bob.ask('auth:refresh', { token: await tokenOf('bob', { rooms: { lobby: 'member' } }) })
  await bob.ask('message:send', hi)
  await bob.ask('auth:refresh', { token: await tokenOf('bob') })
  expect(await bob.refused('message:send', hi)).toMatchObject({ code: 'forbidden' })
  const { members } = await ada.ask('room:members', { room_id })
  expect(members.map(({ user_id }: { user_id: string }) => user_id)).toEqual(['ada', 'eve'])
})

test('what was sent before the change stands, and what is sent after it does not, in the order it came', async () => {
  const { eve } = await lobby()
  const token = await tokenOf('eve', { permissions: [] })
  const before = eve.emitWithAck('message:send', hi)
  const changed = eve.emitWithAck('auth:refresh', { token })
  expect([(await before).type, (await changed).type]).toEqual(['ack', 'ack'])
  expect(await eve.refused('message:send', hi)).toMatchObject({ code: 'forbidden' })
})
