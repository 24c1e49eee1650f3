import { expect, test } from 'bun:test'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { client, folder, running } from '../support/running.ts'

const readme = await Bun.file(new URL('../../README.md', import.meta.url)).text()
const [, NEW_EPOCH = ''] = /^```sql\n(.*?)^```$/ms.exec(readme) ?? []

test('a copy of DATA_DIR, put back as the README says, has all it had, and its clients begin anew', async () => {
  const [data, copy] = [await folder(), join(await folder(), 'copy')]
  const before = await running({}, data)
  const ada = await client(before.url, 'ada')
  await ada.ask('room:create', { room_id: 'kitchen', kind: 'group' })
  await ada.ask('message:send', { room_id: 'kitchen', content: { text: 'in the copy' } })
  await before.stop()
  await cp(data, copy, { recursive: true })

  const after = await running({}, data)
  const later = await client(after.url, 'ada')
  const { seq } = await later.ask('message:send', { room_id: 'kitchen', content: { text: 'after it' } })
  const { epoch } = await later.ask('room:join', { room_id: 'kitchen' })
  await after.stop()

  const file = new DatabaseSync(join(copy, 'parley.db'))
  file.exec(NEW_EPOCH)
  file.close()
  const restored = await client((await running({}, copy)).url, 'ada')
  const { messages } = await restored.ask('message:history', { room_id: 'kitchen' })
  expect(messages.map(({ content }: { content: { text: string } }) => content.text)).toEqual(['in the copy'])
  await restored.ask('message:send', { room_id: 'kitchen', content: { text: 'under the same number' } })
  const { rooms } = await restored.ask('message:sync', { rooms: [{ room_id: 'kitchen', epoch, after_seq: seq }] })
  expect(rooms).toMatchObject([{ room_id: 'kitchen', events: [], reset: true }])
  expect(rooms[0].epoch).not.toBe(epoch)
})
