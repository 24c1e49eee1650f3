/** The client and the service, both as they are. */
import { describe, expect, test } from 'bun:test'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Client, memoryStorage, type Options, parley, Refusal } from '../../src/client/client.ts'
import { type OpenWire, socketWire } from '../../src/client/wire.ts'
import type { Service } from '../../src/service.ts'
import { cleanUp, count, folder, running, tokenOf } from '../support/running.ts'

const room_id = 'lobby'

/** Someone with a client; it loses no time by waiting. */
function comes(service: Service, user: string, more: Partial<Options> = {}): Client & { heard: string[] } {
  const client = parley(service.url, { token: () => tokenOf(user), chance: () => 0, ...more })
  cleanUp(() => client.close())
  const heard: string[] = []
  client.on('message_new', ({ message }) => heard.push(message.content?.text ?? ''))
  return Object.assign(client, { heard }) as never
}

async function twoTalk(service: Service, more?: Partial<Options>) {
  const [ada, bea] = [comes(service, 'ada'), comes(service, 'bea', more)]
  await Promise.all([ada.ready(), bea.ready()])
  const joined = new Promise((then) => bea.on('room_joined', then))
  await ada.request('room:create', { room_id, kind: 'group', members: ['bea'] })
  await joined
  return { ada, bea }
}

/** Comes true when what is heard is as long. */
const hears = (client: Client & { heard: string[] }, length: number) =>
  new Promise<void>((then) => {
    const off = client.onAny(look)
    function look() {
      if (client.heard.length < length) return
      off()
      then()
    }
    look()
  })

const says = (client: Client, texts: readonly string[]) =>
  Promise.all(texts.map((text) => client.send(room_id, { text })))

const numbered = (from: number, to: number) => count(from, to).map((n) => `no. ${n}`)

/** As if the network had gone, for everyone. */
function cut({ io }: Service) {
  for (const socket of io.of('/').sockets.values()) socket.conn.close()
}

describe('a client', () => {
  test('talks: what it sends is acknowledged in order, and told to the other once', async () => {
    const { ada, bea } = await twoTalk(await running())
    const sent = await says(ada, numbered(1, 30))
    await hears(bea, 30)
    expect(sent.map(({ seq }) => seq)).toEqual(count(2, 31))
    expect(bea.heard).toEqual(numbered(1, 30))
    expect(ada.me).toMatchObject({ user_id: 'ada', tenant_id: 'acme' })
  })

  test('is refused with a code', async () => {
    const ada = comes(await running(), 'ada')
    const refusal = await ada.request('room:get', { room_id: 'nowhere' }).catch((thrown) => thrown)
    expect(refusal).toBeInstanceOf(Refusal)
    expect(refusal).toMatchObject({ code: 'not_found', retryable: false })
  })

  test('is told who is typing', async () => {
    const { ada, bea } = await twoTalk(await running())
    const typing = new Promise((then) => bea.on('user_typing', then))
    ada.typing(room_id)
    expect(await typing).toMatchObject({ room_id, user_id: 'ada', typing: true })
  })

  test('sees how others are, what they say of themselves, and that they went', async () => {
    const { ada, bea } = await twoTalk(await running())
    const sees = (wanted: string) =>
      new Promise<string | undefined>((then) => {
        const off = ada.presence.onChange(({ status, text }) => {
          if (status !== wanted) return
          off()
          then(text)
        })
      })
    await ada.presence.subscribe({ user_ids: ['bea'] })
    expect(ada.presence.of('bea')).toMatchObject({ status: 'online' })
    const busy = sees('dnd')
    await bea.presence.set({ status: 'dnd', text: 'in a meeting' })
    expect(await busy).toBe('in a meeting')
    const gone = sees('offline')
    await bea.close()
    await gone
  })

  test('signs in by polling where there is nothing better', async () => {
    const ada = comes(await running(), 'ada', { socket: { transports: ['polling'] } })
    await ada.ready()
    expect(await ada.send({ to: 'bea' }, { text: 'slowly' })).toMatchObject({ durability: 'log' })
  })
})

test('where WebSockets do not get through, a client signs in by polling', async () => {
  const service = await running()
  const proxy = createServer((asked, answer) => {
    const { method, headers, url = '' } = asked
    const onward = request(new URL(url, service.url), { method, headers }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers)
      answered.pipe(answer)
    })
    asked.pipe(onward.on('error', () => answer.destroy()))
  })
  proxy.on('upgrade', (_, socket) => socket.destroy())
  await new Promise<void>((listens) => void proxy.listen(0, '127.0.0.1', listens))
  cleanUp(() => void proxy.close())
  const { port } = proxy.address() as AddressInfo
  const client = parley(`http://127.0.0.1:${port}`, { token: () => tokenOf('ada') })
  cleanUp(() => client.close())
  await client.ready()
  expect(client.me).toMatchObject({ user_id: 'ada' })
})

describe('whatever happens to the connection', () => {
  test('cut again and again, nothing is lost or doubled, for the sender and for who listens', async () => {
    const service = await running({ RATE_LIMITS: 'off' })
    const { ada, bea } = await twoTalk(service)
    const all = numbered(1, 120)
    const sending = says(ada, all)
    for (const length of [20, 40, 60, 80]) {
      await hears(bea, length)
      cut(service)
    }
    const sent = await sending
    await Promise.all([hears(bea, 120), hears(ada, 120)])
    expect(sent.map(({ seq }) => seq)).toEqual(count(2, 121))
    expect(bea.heard).toEqual(all)
    expect(ada.heard).toEqual(all)
  })

  test('an entry that went astray is asked for, and told in its place', async () => {
    const service = await running()
    const astray = new Set([4, 5, 9])
    const open: OpenWire = (auth, events) =>
      socketWire(service.url)(auth, {
        ...events,
        heard(name, message) {
          const { seq } = message.payload.data as { seq?: number }
          if (seq === undefined || !astray.delete(seq)) events.heard(name, message)
        },
      })
    const { ada, bea } = await twoTalk(service, { open })
    await says(ada, numbered(1, 10))
    await hears(bea, 10)
    expect(astray.size).toBe(0)
    expect(bea.heard).toEqual(numbered(1, 10))
  })

  test('of more rooms than a handshake names, each is continued', async () => {
    const data = await folder()
    const first = await running({ RATE_LIMITS: 'off' }, data)
    const port = new URL(first.url).port
    const bea = comes(first, 'bea')
    const ada = comes(first, 'ada')
    await Promise.all([ada.ready(), bea.ready()])
    const rooms = count(1, 130).map((n) => `room ${n}`)
    for (const one of rooms) await ada.request('room:create', { room_id: one, kind: 'group', members: ['bea'] })
    await Promise.all(rooms.map((one) => ada.send(one, { text: `before ${one}` })))
    await hears(bea, 130)
    await first.stop()

    await running({ RATE_LIMITS: 'off', SOCKET_PORT: port }, data)
    await Promise.all(rooms.map((one) => ada.send(one, { text: `after ${one}` })))
    await hears(bea, 260)
    expect(bea.heard.slice(130).toSorted()).toEqual(rooms.map((one) => `after ${one}`).toSorted())
  })

  test('a service that stops and starts again elsewhere in time is come back to, and nobody notices', async () => {
    const data = await folder()
    const first = await running({}, data)
    const { ada, bea } = await twoTalk(first)
    await says(ada, numbered(1, 3))
    await hears(bea, 3)
    const states: string[] = []
    bea.onState((state) => states.push(state))
    await first.stop()
    const sending = says(ada, numbered(4, 6))
    await running({ SOCKET_PORT: new URL(first.url).port }, data)
    await sending
    await hears(bea, 6)
    expect(bea.heard).toEqual(numbered(1, 6))
    expect(states).toContain('draining')
  })
})

describe('what waits to be sent', () => {
  test('is sent by the next client of the storage: the rest, once, in order', async () => {
    const service = await running({ RATE_LIMITS: 'off' })
    const { bea } = await twoTalk(service)
    const storage = memoryStorage()
    const before = comes(service, 'ada', { storage })
    await before.ready()
    for (const text of numbered(1, 40)) void before.send(room_id, { text })
    await hears(bea, 15)
    await before.close()
    const after = comes(service, 'ada', { storage })
    await after.send(room_id, { text: 'and after' })
    await hears(bea, 41)
    expect(bea.heard).toEqual([...numbered(1, 40), 'and after'])
    expect(after.outbox.pending).toEqual([])
  })

  test('goes out when the service is there', async () => {
    const data = await folder()
    const first = await running({}, data)
    const port = new URL(first.url).port
    const { ada, bea } = await twoTalk(first)
    await first.stop()
    const sending = says(ada, numbered(1, 3))
    await running({ SOCKET_PORT: port }, data)
    await sending
    await hears(bea, 3)
    expect(bea.heard).toEqual(numbered(1, 3))
  })
})

describe('a token', () => {
  test('that ends is replaced on the way: the connection does not end with it', async () => {
    const service = await running({ RATE_LIMITS: 'off' })
    let given = 0
    const ada = comes(service, 'ada', { token: () => tokenOf('ada', { expires_in_s: ++given === 1 ? 2 : 3_600 }) })
    const states: string[] = []
    ada.onState((state) => states.push(state))
    const { expires_at } = await new Promise<any>((then) => ada.on('authenticated', then))
    await ada.ready()
    while (Date.now() < expires_at + 200) await ada.request('device:list', {})
    expect(given).toBe(2)
    expect(states).toEqual(['connecting', 'authenticating', 'syncing', 'ready'])
  })

  test('that has ended is replaced when the service says so', async () => {
    const service = await running()
    let given = 0
    const ada = comes(service, 'ada', { token: () => tokenOf('ada', { expires_in_s: ++given === 1 ? -5 : 3_600 }) })
    await ada.ready()
    expect(given).toBe(2)
  })

  test('of a device that was revoked ends the client', async () => {
    const service = await running()
    const [laptop, phone] = [
      comes(service, 'ada', { device_id: 'laptop' }),
      comes(service, 'ada', { device_id: 'phone' }),
    ]
    await Promise.all([laptop.ready(), phone.ready()])
    const closed = new Promise<void>((then) => phone.onState((state) => state === 'closed' && then()))
    await laptop.request('device:revoke', { device_id: 'phone' })
    await closed
    expect(phone.refusal?.code).toBe('session_revoked')
  })
})
