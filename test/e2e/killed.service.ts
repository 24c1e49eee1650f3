/** The service is killed in the middle of sends and started again on the same folder: what was acknowledged is there. */
import { expect, test } from 'bun:test'
import { type Client, cleanUp, client, count, environment, folder, seqs } from '../support/running.ts'
import { type Shipped, shipped } from '../support/shipped.ts'

const room_id = 'lobby'
const ROUNDS = 5
const SENDERS = 4

/** Sends one after the other, each until it is acknowledged, under its own key. */
async function pump(socket: Client, name: string, acked: Map<string, number>, going: () => boolean) {
  for (let n = 1; going(); n++) {
    const client_id = `${name}-${n}`
    for (let retry = false; going() || retry; retry = true) {
      const data = { room_id, content: { text: client_id }, client_id, ...(retry && { retry }) }
      const answer = await socket
        .timeout(2_000)
        .emitWithAck('message:send', data)
        .catch(() => undefined)
      if (answer?.type !== 'ack') continue
      acked.set(client_id, answer.payload.data.seq)
      break
    }
  }
}

test(`killed ${ROUNDS} times under load, every acknowledged message is there once, in order, on the wire and in the log`, async () => {
  const data = await folder()
  let service = await start(data)
  const ada = await client(service.url, 'ada')
  await ada.ask('room:create', { room_id, kind: 'group', members: ['bob'] })
  const acked = new Map<string, number>()
  let going = true
  const senders = await Promise.all(
    count(1, SENDERS).map((n) => client(service.url, n % 2 ? 'ada' : 'bob', {}, { reconnectionDelayMax: 200 })),
  )
  const pumps = senders.map((socket, n) => pump(socket, `sender-${n}`, acked, () => going))

  for (let round = 1; round <= ROUNDS; round++) {
    const enough = acked.size + 200
    while (acked.size < enough) await new Promise((then) => setImmediate(then))
    await service.kill()
    service = await start(data, service.port)
  }
  const enough = acked.size + 200
  while (acked.size < enough) await new Promise((then) => setImmediate(then))
  going = false
  await Promise.all(pumps)

  const log = await wholeLog(await client(service.url, 'ada'))
  expect(log.map(({ seq }) => seq)).toEqual(count(1, log.length))
  const messages = log.filter(({ message }) => message)
  const places = new Map(messages.map(({ message, seq }) => [message.client_id, seq]))
  expect(places.size).toBe(messages.length)
  for (const [key, seq] of acked) expect(places.get(key)).toBe(seq)
  for (const socket of senders) {
    const order = [...new Set(seqs(socket, room_id))]
    expect(order).toEqual(order.toSorted((one, other) => one - other))
  }
}, 120_000)

async function start(data: string, port = 0): Promise<Shipped> {
  const more = { RATE_LIMITS: 'off', LOG_LEVEL: 'info', SOCKET_PORT: `${port}` }
  const service = await shipped(environment(data, more))
  cleanUp(() => service[Symbol.asyncDispose]())
  return service
}

async function wholeLog(socket: Client): Promise<any[]> {
  cleanUp(() => socket.disconnect())
  const all: any[] = []
  for (;;) {
    const { rooms } = await socket.ask('message:sync', { rooms: [{ room_id, after_seq: all.length }] })
    all.push(...rooms[0].events.map(({ payload }: any) => payload.data))
    if (!rooms[0].has_more) return all
  }
}
