/** Ends that an untouched stock client comes back from by itself. */
import { expect, test } from 'bun:test'
import { client, count, folder, running, seqs, stock, tokenOf } from '../support/running.ts'

const room_id = 'lobby'

test('a service that stops answers what it accepted, and the client goes on where it was when it is back', async () => {
  const data = await folder()
  const first = await running({ RATE_LIMITS: 'off' }, data)
  const port = new URL(first.url).port
  const ada = await client(first.url, 'ada')
  await ada.ask('room:create', { room_id, kind: 'group' })
  const first_ = await ada.ask('message:send', { room_id, content: { text: 'first' } })
  const sends = count(1, 50).map((n) => ada.emitWithAck('message:send', { room_id, content: { text: `${n}` } }))
  const [answers] = await Promise.all([Promise.allSettled(sends), first.stop()])
  expect(await ada.hears('server_draining')).toMatchObject({ reconnect_in_ms: expect.any(Number) })

  const back = new Promise<void>((resolve) => ada.once('connect', resolve))
  ada.heard.length = 0
  await running({ RATE_LIMITS: 'off', SOCKET_PORT: port }, data)
  await back
  await ada.hears('state_sync')
  const acknowledged = answers.flatMap((one) =>
    one.status === 'fulfilled' && one.value.type === 'ack' ? [one.value.payload.data.seq] : [],
  )
  const { messages } = await ada.ask('message:history', { room_id, limit: 200 })
  const kept: number[] = messages.map(({ seq }: { seq: number }) => seq)
  expect(kept).toEqual(count(first_.seq, kept.at(-1) as number))
  expect(kept).toEqual(expect.arrayContaining(acknowledged))
})

test('what is asked of a service that stops is for another time, and retryable', async () => {
  const service = await running()
  const ada = await client(service.url, 'ada')
  const [, late] = await Promise.all([
    service.stop(),
    ada.hears('server_draining').then(() => ada.refused('room:list').catch((error) => error)),
  ])
  const isGone = late instanceof Error // the connection was faster
  if (!isGone) expect(late).toMatchObject({ code: 'unavailable', retryable: true })
  expect(service.connectionCount()).toBe(0)
})

test('a room whose log begins anew sends its hearers through a new start, which a stock client makes by itself', async () => {
  const service = await running()
  const ada = await client(service.url, 'ada')
  await ada.ask('room:create', { room_id, kind: 'group' })
  await ada.ask('message:send', { room_id, content: { text: 'one' } })
  await ada.ask('room:delete', { room_id })
  await ada.ask('room:create', { room_id, kind: 'group' })
  await ada.ask('message:send', { room_id, content: { text: 'two' } })
  await ada.hears('message_new', ({ message }) => message.content.text === 'two')
  expect(seqs(ada, room_id)).toEqual([2, 3, 2])
  const epochs = ada.heard.filter(({ name }) => name === 'room_joined').map(({ data }) => data.epoch)
  expect(new Set(epochs).size).toBe(2)
})

test('beyond MAX_CONNECTIONS a handshake gets a 503 with Retry-After, and a stock client tries again', async () => {
  const { url } = await running({ MAX_CONNECTIONS: '1' })
  const ada = await client(url, 'ada')
  const refused = await fetch(`${url}/socket.io/?EIO=4&transport=polling`)
  expect([refused.status, refused.headers.has('retry-after')]).toEqual([503, true])
  const bob = stock(url, { auth: { token: await tokenOf('bob') } })
  await new Promise((resolve) => bob.io.once('reconnect_attempt', resolve))
  ada.disconnect()
  await bob.hears('state_sync')
})

test('a service whose port is taken says so, and holds on to nothing', async () => {
  const { url } = await running()
  const data = await folder()
  const taken = await running({ SOCKET_PORT: new URL(url).port }, data).then(
    () => 'started',
    ({ code }) => code,
  )
  expect(taken).toBe('EADDRINUSE')
  const later = await running({}, data) // which another that has the folder would forbid
  await client(later.url, 'ada')
})
