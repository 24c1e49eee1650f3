/**
 * One program for every runtime: it says numbered things in a room until each is acknowledged, tells what it heard, and
 * ends. Run as `talkative.ts <url> <tenant> <count>`.
 */
import { parley } from '../../src/client/client.ts'

const [url = '', tenant_id = '', count = '0'] = process.argv.slice(2)
const room_id = 'lobby'
const texts = Array.from({ length: Number(count) }, (_, n) => `no. ${n + 1}`)

async function token() {
  const answer = await fetch(`${url}/dev/token?${new URLSearchParams({ user_id: 'ada', tenant_id })}`)
  return ((await answer.json()) as { token: string }).token
}

const client = parley(url, { token, device_id: 'talkative' })
const heard: (string | undefined)[] = []
const states: string[] = []
client.onState((state) => states.push(state))
client.on('message_new', ({ message }) => {
  heard.push(message.content?.text)
  console.log(JSON.stringify({ heard: heard.length }))
})

await client.ready()
await client.request('room:create', { room_id, kind: 'group' })
const sent = await Promise.all(texts.map((text) => client.send(room_id, { text })))
await new Promise<void>((all) => {
  const look = () => heard.length >= texts.length && all()
  client.on('message_new', look)
  look()
})
await client.close()
console.log(JSON.stringify({ heard, states, seqs: sent.map(({ seq }) => seq) }))
