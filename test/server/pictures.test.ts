/** Pages of messages that hold something binary: no more of it than a stock client takes. */
import { expect, test } from 'bun:test'
import { type Client, client, count, running } from '../support/running.ts'

const PICTURES = 25

async function withPictures(room_ids: readonly string[]): Promise<Client> {
  const { url } = await running({ RATE_LIMITS: 'off' })
  const ada = await client(url, 'ada')
  for (const room_id of room_ids) {
    await ada.ask('room:create', { room_id, kind: 'group' })
    for (const n of count(1, PICTURES))
      await ada.ask('message:send', { room_id, content: { type: 'image', data: Buffer.from([n]) } })
  }
  return ada
}

const byteOf = (message: any): number => new Uint8Array(message.content.data)[0] as number

test('a history of pictures comes whole, in pages that a stock client can read', async () => {
  const ada = await withPictures(['album'])
  const seen: number[] = []
  for (let before_seq: number | undefined, more = true; more; ) {
    const page = await ada.ask('message:history', { room_id: 'album', before_seq })
    seen.unshift(...page.messages.map(byteOf))
    before_seq = page.messages[0].seq
    more = page.has_more
  }
  expect(seen).toEqual(count(1, PICTURES))
  expect(ada.connected).toBe(true)
})

test('so does a sync of several rooms', async () => {
  const rooms = ['one', 'two']
  const ada = await withPictures(rooms)
  const seen = new Map<string, number[]>(rooms.map((room_id) => [room_id, []]))
  const after = new Map<string, number>(rooms.map((room_id) => [room_id, 1]))
  for (let more = true; more; ) {
    const asked = rooms.map((room_id) => ({ room_id, after_seq: after.get(room_id) }))
    const answer = await ada.ask('message:sync', { rooms: asked })
    for (const { room_id, events } of answer.rooms) {
      seen.get(room_id)?.push(...events.map(({ payload }: any) => byteOf(payload.data.message)))
      after.set(room_id, (after.get(room_id) ?? 0) + events.length)
    }
    more = answer.rooms.some((room: any) => room.has_more)
  }
  expect([...seen.values()]).toEqual(rooms.map(() => count(1, PICTURES)))
})
