import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { joined, pausedReader, polling, until, websocket } from '../engine/raw.ts'
import { client, count, stock, tokenOf } from '../support/running.ts'
import { newRoom, type Place } from './list.ts'
import { refusal } from './signing-in.ts'

const HANDSHAKE = '/socket.io/?EIO=4&transport=polling'
const UPGRADE = `${[
  'GET {path} HTTP/1.1',
  'Host: parley',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
].join('\r\n')}\r\n\r\n`

/** Ends on its own where nothing closes it. */
const closedOf = ({ closed }: ReturnType<typeof websocket>) => closed.then(() => 'closed')

export function bounds({ shared, own }: Place) {
  test('pages of other origins are refused, over polling and on the WebSocket', async () => {
    const { url, port } = await own({ SOCKET_CORS_ORIGIN: 'https://chat.example' })
    const status = async (origin: string) => (await fetch(`${url}${HANDSHAKE}`, { headers: { origin } })).status
    expect(await status('https://chat.example')).toBe(200)
    expect(await status('https://evil.example')).toBe(403)
    const evil = websocket({ port }, undefined, { headers: { origin: 'https://evil.example' } })
    expect(await closedOf(evil)).toBe('closed')
    const good = await joined({ port }, undefined, { headers: { origin: 'https://chat.example' } })
    expect(good.sid).toBeString()
  })

  test('a stranger may send ten packets', async () => {
    const { port } = await shared()
    using stranger = await joined({ port })
    stranger.send(...Array<string>(20).fill('420["room:list",{}]'))
    expect(await closedOf(stranger)).toBe('closed')
  })

  test('a stranger may send 16 KiB', async () => {
    const { port } = await shared()
    using stranger = await joined({ port })
    stranger.send(`420["room:list",{"x":"${'x'.repeat(20_000)}"}]`)
    expect(await closedOf(stranger)).toBe('closed')
  })

  test('a stranger may not even begin with more over polling, nor with a flood of packets', async () => {
    const { port } = await shared()
    const post = async (body: string) => (await (await polling({ port })).post(body)).status
    expect(await post(`40${'x'.repeat(40_000)}`)).toBe(400)
    expect(await post(Array<string>(2_000).fill('40').join('\x1e'))).toBe(400)
  })

  test('a poll that is broken off ends its session, and makes room', async () => {
    const { url, port } = await own({ MAX_CONNECTIONS: '1' })
    const { sid } = await polling({ port })
    expect((await fetch(`${url}${HANDSHAKE}`)).status).toBe(503)
    const broken = connect(port, '127.0.0.1')
    broken.write(`GET ${HANDSHAKE}&sid=${sid} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`, () => broken.destroy())
    while ((await fetch(`${url}${HANDSHAKE}`)).status !== 200);
  })

  test('upgrades that are reset before they are answered end nothing but themselves', async () => {
    const { port, url } = await shared()
    for (const path of Array<string>(30).fill('/elsewhere').concat(Array(30).fill('/socket.io/?EIO=4&sid=nobodys'))) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      await new Promise<void>((sent) => socket.write(UPGRADE.replace('{path}', path), () => sent()))
      socket.resetAndDestroy()
    }
    expect((await fetch(`${url}/health/live`)).status).toBe(200)
  })

  test('an address holds twenty strangers, and still lets in who brings a token', async () => {
    const { url, port } = await own()
    const strangers = await Promise.all(count(1, 20).map(() => joined({ port })))
    expect(await closedOf(websocketWithNoToken(port))).toBe('closed')
    await client(url, 'ada')
    for (const one of strangers) one.socket.close()
  })

  test('what is too large is refused to whoever asked, and the connection stays', async () => {
    const { url } = await own({ SOCKET_MAX_PAYLOAD: '20000' })
    const ada = await client(url, 'ada')
    const room_id = newRoom()
    await ada.ask('room:create', { room_id, kind: 'group' })
    const large = { room_id, content: { text: 'x'.repeat(30_000) } }
    expect(await ada.refused('message:send', large)).toMatchObject({ code: 'payload_too_large' })
    expect(await ada.ask('message:send', { room_id, content: { text: 'small' } })).toMatchObject({ seq: 2 })
  })

  test('what is nested too deep, or has too many attachments, is refused', async () => {
    const { url } = await shared()
    const ada = await client(url, 'ada')
    const deep = JSON.parse('['.repeat(100) + ']'.repeat(100))
    expect(await ada.refused('room:list', { deep })).toMatchObject({ code: 'validation_failed' })
    const attachments = count(1, 11).map((n) => Buffer.from([n]))
    expect(await ada.refused('room:list', { attachments })).toMatchObject({ code: 'payload_too_large' })
    expect(await ada.ask('room:list')).toHaveProperty('rooms')
  })

  test('a server that is full asks newcomers to wait', async () => {
    const { url } = await own({ MAX_CONNECTIONS: '1' })
    await client(url, 'ada')
    const answer = await fetch(`${url}${HANDSHAKE}`)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
  })

  test('addresses are believed from trusted proxies', async () => {
    const { url } = await own({ TRUSTED_PROXIES: '127.0.0.1', NODE_ENV: 'development' })
    const from = (address: string) => ({ extraHeaders: { 'x-forwarded-for': address } })
    const stranger = stock(url, { ...from('203.0.113.7'), auth: { userId: 'ada' } })
    expect(await stranger.refused('room:list')).toMatchObject({ code: 'unauthenticated' })
    const own_ = stock(url, { auth: { userId: 'ada' } })
    await own_.hears('authenticated')
  })

  test('who does not read is closed as a slow consumer, and told the rest when they come back', async () => {
    const { url, port } = await own({ SOCKET_MAX_PAYLOAD: '70000', RATE_LIMITS: 'off' })
    const ada = await client(url, 'ada')
    const room_id = newRoom()
    await ada.ask('room:create', { room_id, kind: 'group', members: ['bob'] })
    using bob = await pausedReader({ port })
    bob.say(`40${JSON.stringify({ token: await tokenOf('bob') })}`)
    await until(() => bob.heard().some((frame) => frame.includes('"state_sync"')))
    bob.pause()
    const slow = async () => /slow_consumer"\} [1-9]/.test(await (await fetch(`${url}/metrics`)).text())
    const content = { text: 'x'.repeat(60_000) }
    let sent = 0
    while (sent < 400 && !(await slow()))
      sent += (await Promise.all(count(1, 3).map(() => ada.ask('message:send', { room_id, content })))).length
    expect(sent).toBeLessThan(400)
    const told = await bob.rest()
    expect(told.filter((frame) => frame.includes('"message_new"')).length).toBeLessThan(sent)
    const back = await client(url, 'bob')
    const { rooms } = await back.ask('message:sync', { rooms: [{ room_id, after_seq: 0 }] })
    expect(rooms[0].last_seq).toBe(sent + 1)
  })

  test('a stock client is told why where it can be, and does not come back for nothing', async () => {
    const { url } = await shared()
    expect(await refusal(stock(`${url}/nowhere`))).toMatchObject({ code: 'not_found' })
  })
}

/** It opens `/`, so that it is known to bring none. */
function websocketWithNoToken(port: number) {
  const client = websocket({ port })
  void client.opened.then(() => client.send('40'))
  return client
}
