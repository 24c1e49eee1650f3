import { expect, test } from 'bun:test'
import { client, count, seqs } from '../support/running.ts'
import { newRoom, type Place } from './list.ts'

export function talking({ shared }: Place) {
  /** Ada's room, with Bob in it. */
  async function room() {
    const { url } = await shared()
    const [ada, bob] = await Promise.all([client(url, 'ada'), client(url, 'bob')])
    const room_id = newRoom()
    const { room } = await ada.ask('room:create', { room_id, kind: 'group', members: ['bob'] })
    await bob.hears('room_joined', (data) => data.room.room_id === room_id)
    return { url, ada, bob, room_id, room, send: (text: string) => ({ room_id, content: { text } }) }
  }

  test('what is sent is acknowledged, and told to all in one order', async () => {
    const { ada, bob, room_id, send } = await room()
    const acks = await Promise.all(
      count(1, 20).map((n) => (n % 2 ? ada : bob).ask('message:send', send(`message ${n}`))),
    )
    expect(acks.map(({ seq }) => seq).toSorted((one, other) => one - other)).toEqual(count(2, 21))
    for (const one of [ada, bob]) {
      await one.hears('message_new', ({ seq, room_id: where }) => where === room_id && seq === 21)
      expect(seqs(one, room_id)).toEqual(count(2, 21))
    }
  })

  test('the same key twice is one message', async () => {
    const { ada, send } = await room()
    const first = await ada.ask('message:send', { ...send('once'), client_id: 'key' })
    const again = await ada.ask('message:send', { ...send('once'), client_id: 'key' })
    expect(again).toMatchObject({ message_id: first.message_id, seq: first.seq, duplicate: true })
  })

  test('history and sync have all that was said', async () => {
    const { ada, bob, room_id, send } = await room()
    for (const n of count(1, 5)) await ada.ask('message:send', send(`${n}`))
    const { messages } = await bob.ask('message:history', { room_id })
    expect(messages.map(({ content }: any) => content.text).toSorted()).toEqual(['1', '2', '3', '4', '5'])
    const { rooms } = await bob.ask('message:sync', { rooms: [{ room_id, after_seq: 0 }] })
    expect(rooms[0].events.map(({ payload }: any) => payload.data.seq)).toEqual(count(1, 6))
  })

  test('who comes back with positions hears what was missed, once, before anything new', async () => {
    const { url, ada, bob, room_id, send } = await room()
    await ada.ask('message:send', send('heard'))
    const { epoch, attach_seq: seq } = await bob.ask('room:subscribe', { room_id })
    bob.disconnect()
    for (const n of count(1, 3)) await ada.ask('message:send', send(`missed ${n}`))
    const back = await client(url, 'bob', {}, { auth: { positions: { [room_id]: { epoch, seq } } } })
    await ada.ask('message:send', send('new'))
    await back.hears('message_new', (data) => data.seq === seq + 4)
    expect(back.heard[0]?.data).toMatchObject({ recovered: true })
    expect(seqs(back, room_id)).toEqual(count(seq + 1, seq + 4))
  })

  test('typing is told to the others', async () => {
    const { ada, bob, room_id } = await room()
    await ada.ask('typing:start', { room_id })
    const told = await bob.hears('user_typing', (data) => data.room_id === room_id)
    expect(told).toMatchObject({ user_id: 'ada', typing: true })
  })

  test('what is binary stays binary', async () => {
    const { ada, bob, room_id } = await room()
    const data = Uint8Array.from(count(0, 255))
    await ada.ask('message:send', { room_id, content: { type: 'bytes', data: Buffer.from(data) } })
    const { message } = await bob.hears('message_new', (told) => told.room_id === room_id)
    expect(Buffer.from(message.content.data)).toEqual(Buffer.from(data))
  })
}
