import { expect, test } from 'bun:test'
import { client, count, folder } from '../support/running.ts'
import { newRoom, type Place } from './list.ts'

export function ending({ own }: Place) {
  test('asked to stop, it answers what it accepted, tells everyone to come again, and ends with 0', async () => {
    const data = await folder()
    const service = await own({}, data)
    const ada = await client(service.url, 'ada', {}, { reconnection: false })
    const polly = await client(service.url, 'ada', {}, { reconnection: false, transports: ['polling'] })
    const room_id = newRoom()
    await ada.ask('room:create', { room_id, kind: 'group' })
    const gone = [ada, polly].map((one) => new Promise((resolve) => one.once('disconnect', resolve)))
    const sends = count(1, 20).map((n) => ada.ask('message:send', { room_id, content: { text: `${n}` } }))
    await sends[0]
    const ended = service.stop()
    const answers = await Promise.allSettled(sends)
    const acked = answers.filter(({ status }) => status === 'fulfilled').length
    await Promise.all([ada, polly].map((one) => one.hears('server_draining')))
    expect(await ended).toBe(0)
    expect(await Promise.all(gone)).toEqual(['transport close', 'transport close'])

    const again = await client((await own({}, data)).url, 'ada')
    const { messages } = await again.ask('message:history', { room_id })
    expect(messages.length).toBeGreaterThanOrEqual(acked)
  })

  test('killed in the middle of sends, it has all that it acknowledged, once and in order', async () => {
    const data = await folder()
    const service = await own({ RATE_LIMITS: 'off' }, data)
    const ada = await client(service.url, 'ada', {}, { reconnection: false })
    const room_id = newRoom()
    await ada.ask('room:create', { room_id, kind: 'group' })
    const acked = new Map<string, number>()
    const send = async (client_id: string) => {
      const { seq } = await ada.ask('message:send', { room_id, content: { text: client_id }, client_id })
      acked.set(client_id, seq)
    }
    const sends = count(1, 150).map((n) => send(`message-${n}`))
    await Promise.any(sends)
    await service.kill()
    ada.disconnect()
    void Promise.allSettled(sends)

    const again = await client((await own({}, data)).url, 'ada')
    const { rooms } = await again.ask('message:sync', { rooms: [{ room_id, after_seq: 0 }] })
    const entries = rooms[0].events.map(({ payload }: any) => payload.data)
    expect(entries.map(({ seq }: any) => seq)).toEqual(count(1, entries.length))
    const places = new Map(entries.slice(1).map(({ message, seq }: any) => [message.client_id, seq]))
    expect(acked.size).toBeGreaterThan(0)
    for (const [key, seq] of acked) expect(places.get(key)).toBe(seq)
  })
}
