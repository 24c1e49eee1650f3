/** One who does harm, and those beside them: real clients of a real service, all from one address where nothing else is said. */
import { describe, expect, test } from 'bun:test'
import { joined, websocket } from '../engine/raw.ts'
import { settled } from '../support/clock.ts'
import { type Client, client, running, stock, tokenOf } from '../support/running.ts'

const HANDSHAKE = '/socket.io/?EIO=4&transport=polling'

const portOf = ({ url }: { url: string }) => ({ port: Number(new URL(url).port) })

const handshake = (url: string, headers: Record<string, string> = {}) => fetch(url + HANDSHAKE, { headers })

/** Frames that no client sends, each on a connection of its own, until nobody comes in any more. */
async function attack(service: { url: string }, headers: Record<string, string> = {}) {
  for (let tries = 0; tries < 200; tries++) {
    const raw = websocket(portOf(service), undefined, { headers })
    const came = await Promise.race([raw.next().then(() => true), raw.closed.then(() => false)])
    if (!came) return tries
    raw.send('no packet')
    await raw.closed
  }
  throw new Error('Everyone may come in still.')
}

async function twenty(url: string): Promise<Client[]> {
  const ada = await client(url, 'ada')
  const names = Array.from({ length: 19 }, (_, n) => `user-${n}`)
  await ada.ask('room:create', { room_id: 'office', kind: 'group', members: names })
  return [ada, ...(await Promise.all(names.map((name) => client(url, name))))]
}

async function allTalk(clients: readonly Client[]) {
  const text = crypto.randomUUID()
  for (const one of clients) await one.ask('message:send', { room_id: 'office', content: { text } })
  await Promise.all(
    clients.map((one) =>
      Promise.all(
        clients.map((_, n) =>
          one.hears('message_new', ({ message }) => message.content.text === text && message.sender_id === nameOf(n)),
        ),
      ),
    ),
  )
}

const nameOf = (n: number) => (n === 0 ? 'ada' : `user-${n - 1}`)

describe('an address from which malformed packets keep coming', () => {
  test('is cut off; who is signed in there goes on as if nothing were', async () => {
    const service = await running()
    const good = await twenty(service.url)
    expect(await attack(service)).toBeWithin(80, 85) // what is held against it fades meanwhile
    await allTalk(good)
    expect(good.every(({ connected }) => connected)).toBe(true)
    const refused = await handshake(service.url)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '300'])
  }, 20_000)

  test('has its strangers closed who wait there, and told why', async () => {
    const service = await running()
    using stranger = await joined(portOf(service))
    await attack(service)
    expect(await stranger.message()).toContain('"code":"protocol_abuse"')
    await stranger.closed
  })

  test('is seen and let in again by an operator, who is not locked out there', async () => {
    const service = await running()
    await attack(service)
    const headers = {
      authorization: `Bearer ${await tokenOf('root', { permissions: ['operator'] })}`,
      'content-type': 'application/json',
    }
    const listed = await fetch(`${service.url}/socket/suspects`, { headers })
    const { suspects } = (await listed.json()) as { suspects: unknown[] }
    expect(suspects).toMatchObject([
      {
        address: '127.0.0.1',
        step: 'cut_off',
        reasons: { malformed: expect.any(Number) },
        times: 1,
        until: expect.any(Number),
      },
    ])
    const body = JSON.stringify({ address: '127.0.0.1' })
    const pardoned = await fetch(`${service.url}/socket/suspects/pardon`, { method: 'POST', headers, body })
    expect(await pardoned.json()).toEqual({ pardoned: true })
    await client(service.url, 'ada')
  })

  test('comes back by itself with stock clients that were kept out, when it is over', async () => {
    const service = await running()
    await attack(service)
    const late = stock(service.url, { auth: { token: await tokenOf('ada') } })
    await new Promise((resolve) => late.once('connect_error', resolve))
    expect(late.active).toBe(true)
    const operator = { authorization: `Bearer ${await tokenOf('root', { permissions: ['operator'] })}` }
    await fetch(`${service.url}/socket/suspects/pardon`, {
      method: 'POST',
      headers: { ...operator, 'content-type': 'application/json' },
      body: JSON.stringify({ address: '127.0.0.1' }),
    })
    await late.hears('state_sync')
  })

  test('is that of the client behind a trusted proxy, and never the proxy’s', async () => {
    const service = await running({ TRUSTED_PROXIES: '127.0.0.1' })
    await attack(service, { 'x-forwarded-for': '203.0.113.7' })
    const statusOf = async (address: string) => (await handshake(service.url, { 'x-forwarded-for': address })).status
    expect([await statusOf('203.0.113.7'), await statusOf('203.0.113.8')]).toEqual([429, 200])
    await expect(attack(service)).rejects.toThrow('Everyone may come in still.')
    expect((await handshake(service.url)).status).toBe(200)
  }, 20_000)

  test('is in IPv6 the network, whose addresses are as many as one wants', async () => {
    const service = await running({ TRUSTED_PROXIES: '127.0.0.1' })
    await attack(service, { 'x-forwarded-for': '2001:db8:0:7::1' })
    const statusOf = async (address: string) => (await handshake(service.url, { 'x-forwarded-for': address })).status
    expect([await statusOf('2001:db8:0:7:8::9'), await statusOf('2001:db8:0:8::1')]).toEqual([429, 200])
  })

  test('is not suspected where limits are lifted', async () => {
    const service = await running({ RATE_LIMITS: 'off' })
    await expect(attack(service)).rejects.toThrow('Everyone may come in still.')
  }, 20_000)

  test('is counted by its reason and step', async () => {
    const service = await running()
    await attack(service)
    const metrics = await (await fetch(`${service.url}/metrics`)).text()
    expect(metrics).toContain('parley_suspicious_total{reason="malformed",step="cut_off"} 1')
    expect(metrics).toMatch(/parley_suspicious_total\{reason="malformed",step="slowed"\} 6\d/)
  })
})

describe('a flood of tokens that are no good', () => {
  test('is cut off, with all who wait for its answers; who is signed in from the same address does not notice', async () => {
    const service = await running()
    const good = await twenty(service.url)
    const flood = Array.from({ length: 450 }, () => websocket(portOf(service)))
    const over = Promise.all(flood.map(({ closed }) => closed))
    for (const raw of flood) void raw.next().then(() => raw.send('40{"token":"guessed"}'))
    await allTalk(good)
    for (let n = 0; (await handshake(service.url)).status === 200; n++)
      if (n % 100 === 0) await good[(n / 100) % good.length]?.ask('room:list')
    await allTalk(good)
    expect(good.every(({ connected }) => connected)).toBe(true)
    for (const { socket } of flood) socket.close()
    await over
  }, 20_000)
})

describe('someone who is signed in and sends what is refused, again and again', () => {
  test('is told so and closed for good; those beside them from the same address are not', async () => {
    const service = await running({ LIMIT_CONNECTION: '1000/1000' })
    const good = await twenty(service.url)
    const bad = await client(service.url, 'mallory')
    const closed = new Promise((resolve) => bad.once('disconnect', resolve))
    for (let n = 0; n < 320; n++) bad.emit('nothing:known', {})
    expect(await bad.hears('error', ({ code }) => code === 'protocol_abuse')).toMatchObject({ retryable: false })
    expect(await closed).toBe('io server disconnect')
    await allTalk(good)
    await client(service.url, 'newcomer')
  }, 20_000)

  test('is held to the limits first, each named, with what is told in `authenticated`', async () => {
    const { url } = await running({ LIMIT_CONNECTION: '5/60000', LIMIT_USER: '8/60000' })
    const [one, other] = [await client(url, 'ada'), await client(url, 'ada')]
    const { limits } = await one.hears('authenticated')
    expect(limits).toMatchObject({ connection_burst: 5, user_burst: 8, tenant_per_second: 10_000, frames_burst: 400 })
    for (let n = 0; n < 5; n++) await one.ask('room:list')
    const refused = { code: 'rate_limited', retry_after_ms: expect.any(Number) }
    const details = (limit: string) => ({ limit, remaining: 0, reset_ms: expect.any(Number) })
    expect(await one.refused('room:list')).toMatchObject({ ...refused, details: details('connection') })
    for (let n = 0; n < 3; n++) await other.ask('room:list')
    expect(await other.refused('room:list')).toMatchObject({ ...refused, details: details('user') })
    expect(await (await client(url, 'bob')).ask('room:list')).toEqual({ rooms: [] })
  })

  test('does not use up another tenant’s part, nor that of another address', async () => {
    const { url } = await running({ LIMIT_TENANT: '3/60000', LIMIT_ADDRESS: '5/60000' })
    const [acme, globex] = [await client(url, 'ada'), await client(url, 'ada', { tenant: 'globex' })]
    for (let n = 0; n < 3; n++) await acme.ask('room:list')
    expect((await acme.refused('room:list')).details.limit).toBe('tenant')
    for (let n = 0; n < 2; n++) await globex.ask('room:list')
    expect((await globex.refused('room:list')).details.limit).toBe('address')
  })
})

describe('before signing in', () => {
  test('twenty connections of an address may stay, and a refusal says to come again', async () => {
    const service = await running()
    const strangers = await Promise.all(Array.from({ length: 20 }, () => joined(portOf(service))))
    using one = websocket(portOf(service))
    await one.next()
    one.send('40')
    await one.closed
    await client(service.url, 'ada')
    expect(strangers.every(({ socket }) => socket.readyState === WebSocket.OPEN)).toBe(true)
    for (const { socket } of strangers) socket.close()
  })

  test('a token that is no good is none: no more than twenty such connections stay either', async () => {
    const service = await running()
    const guessing = await Promise.all(Array.from({ length: 22 }, () => joined(portOf(service), '')))
    for (const one of guessing) one.send(`40${JSON.stringify({ token: 'no good' })}`)
    while (guessing.filter(({ heard }) => heard.length > 0).length < 20) await settled()
    while (service.connectionCount() > 20) await settled()
    expect(service.connectionCount()).toBe(20)
    for (const { socket } of guessing) socket.close()
  })

  test.each([
    ['10 packets', Array.from({ length: 10 }, () => '42["room:list",{}]')],
    ['16 KiB', [`42["authenticate",{"token":"${'x'.repeat(16_384)}"}]`]],
  ])('%s may be sent, and more is told and closed', async (_, frames) => {
    const service = await running()
    using stranger = await joined(portOf(service))
    stranger.send(...frames)
    await stranger.closed
    expect(stranger.heard.at(-1)).toContain('"code":"protocol_abuse"')
  })
})
