/** What does not compile: held by the type checker, which knows each line below that must be an error. */
import { expect, test } from 'bun:test'
import type { Client, Message, Told } from '../../src/client/client.ts'

/** Never called: it only has to compile. */
async function compiles(client: Client) {
  const { room } = await client.request('room:create', { kind: 'group', members: ['bea'] })
  const version: number = room.version
  client.on('message_new', ({ message, seq }) => [message.content?.text?.length, seq.toFixed(), version])
  const sent = await client.send('lobby', { text: 'hello' }, { reply_to: room.room_id, expires_in_s: 60 })
  const numbered: number = sent.seq
  const later = await client.send('lobby', { text: 'hello' }, { deliver_at: 1 })
  const told: Told<'room_joined'>['attach_seq'] = 1
  const message = {} as Message

  // @ts-expect-error there is no such command
  void client.request('room:paint', {})
  // @ts-expect-error a room needs its kind
  void client.request('room:create', { members: ['bea'] })
  // @ts-expect-error and one that there is
  void client.request('room:create', { kind: 'cellar' })
  // @ts-expect-error a room has no colour
  void room.colour
  // @ts-expect-error there is no such event
  client.on('message_old', () => {})
  // @ts-expect-error its number is no text
  client.on('message_new', ({ seq }) => seq.trim())
  // @ts-expect-error a content is no text
  void client.send('lobby', 'hello')
  // @ts-expect-error the key is the client's own
  void client.send('lobby', { text: 'hello' }, { client_id: 'mine' })
  // @ts-expect-error what was scheduled has no number yet
  void later.seq
  // @ts-expect-error a deleted message has no content
  void message.content.text
  // @ts-expect-error a state has a name
  void (client.state === 'asleep')
  return [told, numbered]
}

test('the client’s types are those of the registry: what is wrong does not compile', () => {
  expect(compiles).toBeFunction()
})
