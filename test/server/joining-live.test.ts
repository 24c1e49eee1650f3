/** Coming into a room in which talk does not pause. */
import { expect, test } from 'bun:test'
import { client, count, running, seqs } from '../support/running.ts'

const room_id = 'busy'
const NEWCOMERS = 1_000
const BATCH = 50

test(`${NEWCOMERS} who join while all talk go on miss nothing, and hear nothing twice or out of order`, async () => {
  const service = await running({ RATE_LIMITS: 'off' })
  const ada = await client(service.url, 'ada')
  await ada.ask('room:create', { room_id, kind: 'group', visibility: 'public' })
  let talking = true
  async function talk() {
    while (talking) await ada.ask('message:send', { room_id, content: { text: 'on' } })
  }
  const talk_ = Promise.all([talk(), talk(), talk()])
  const first = ada.ask('message:history', { room_id })
  await first

  const joined: { heard: number[]; attach_seq: number }[] = []
  for (let n = 0; n < NEWCOMERS; n += BATCH) {
    const batch = await Promise.all(
      count(n, n + BATCH - 1).map(async (one) => {
        const socket = await client(service.url, `user-${one}`)
        const { attach_seq } = await socket.ask('room:subscribe', { room_id })
        return { socket, attach_seq }
      }),
    )
    const { seq } = await ada.ask('message:send', { room_id, content: { text: 'last of the batch' } })
    for (const { socket, attach_seq } of batch) {
      await socket.hears('message_new', (data) => data.seq >= seq)
      joined.push({ heard: seqs(socket, room_id).filter((one) => one <= seq), attach_seq })
      expect(joined.at(-1)?.heard).toEqual(count(attach_seq + 1, seq))
      socket.disconnect()
    }
  }
  talking = false
  await talk_
  expect(joined).toHaveLength(NEWCOMERS)
}, 90_000)

test('who comes back with a position hears what was missed, then what is said, each once and in order', async () => {
  const { url } = await running({ RATE_LIMITS: 'off' })
  const ada = await client(url, 'ada')
  const before = await client(url, 'bob')
  await ada.ask('room:create', { room_id, kind: 'group', members: ['bob'] })
  const { epoch, attach_seq } = await before.hears('room_joined')
  before.disconnect()
  for (const n of count(1, 300)) await ada.ask('message:send', { room_id, content: { text: `${n}` } })
  const live = Promise.all(count(1, 200).map(() => ada.ask('message:send', { room_id, content: { text: 'live' } })))
  const positions = { [room_id]: { epoch, seq: attach_seq } }
  const bob = await client(url, 'bob', {}, { auth: { positions } })
  await live
  await bob.hears('message_new', ({ seq }) => seq === attach_seq + 500)
  expect(seqs(bob, room_id)).toEqual(count(attach_seq + 1, attach_seq + 500))
  expect(await bob.hears('authenticated')).toMatchObject({ recovered: true })
})

test.each([
  ['of another time', { epoch: 'another', seq: 1 }],
  ['past the head', { seq: 99 }],
])('a position %s is not recovered, and state_sync says where to begin', async (_, wrong) => {
  const { url } = await running()
  const ada = await client(url, 'ada')
  await ada.ask('room:create', { room_id, kind: 'group' })
  const { epoch, attach_seq } = await ada.hears('room_joined')
  const again = await client(url, 'ada', {}, { auth: { positions: { [room_id]: { epoch, ...wrong } } } })
  expect(await again.hears('authenticated')).toMatchObject({ recovered: false })
  expect((await again.hears('state_sync')).rooms).toMatchObject([{ room_id, epoch, attach_seq }])
})
