/** What was kept for someone is handed over when they come: with stock clients. */
import { expect, test } from 'bun:test'
import { type Client, client, count, running, stock, tokenOf } from '../support/running.ts'

const admin = { permissions: ['admin'] }

async function service(more: Record<string, string> = {}) {
  const { url } = await running({ RATE_LIMITS: 'off', ...more })
  const root = await client(url, 'root', admin)
  const notify = async (user_id: string, more: object = {}): Promise<string> =>
    (await root.ask('notification:send', { user_id, title: 'Hello', body: 'You have mail.', ...more })).notification_id
  return { url, notify }
}

const idsIn = ({ heard }: Client) => heard.filter(({ name }) => name === 'notification').map(({ id }) => id)

/** All that was on its way to it has arrived. */
const settled = (one: Client) => one.ask('device:list')

test('what waits is handed over once to a connection, however many namespaces it opens', async () => {
  const { url, notify } = await service()
  const id = await notify('ada')
  const token = await tokenOf('ada')
  const own = stock(`${url}/notification`, { auth: { token } })
  await own.hears('notification')
  const main = Object.assign(own.io.socket('/', { auth: { token } }), { said: [] as string[] })
  main.onAny((name) => main.said.push(name))
  await new Promise((then) => main.once('state_sync', then))
  await main.emitWithAck('device:list', {})
  expect([idsIn(own), main.said]).toEqual([[id], ['authenticated', 'state_sync']])
})

test('what is sent in the very moment of a sign-in is not lost', async () => {
  const { url, notify } = await service()
  for (const n of count(1, 20)) {
    const user = `user-${n}`
    const one = stock(url, { auth: { token: await tokenOf(user) } })
    const ids: string[] = []
    while (!one.heard.some(({ name }) => name === 'state_sync')) ids.push(await notify(user))
    await settled(one)
    expect(idsIn(one)).toEqual(expect.arrayContaining(ids))
  }
}, 20_000)

test('a hundred megabytes that wait are handed over as fast as they are read, and nobody waits for that', async () => {
  const { url, notify } = await service()
  const data = 'x'.repeat(900_000)
  for (const _ of count(1, 100)) await notify('ada', { data })
  const other = await client(url, 'bob')
  const one = stock(url, { auth: { token: await tokenOf('ada') } })
  let slowest = 0
  while (idsIn(one).length < 100) {
    const began = performance.now()
    await settled(other)
    slowest = Math.max(slowest, performance.now() - began)
  }
  expect(new Set(idsIn(one)).size).toBe(100)
  expect(one.connected).toBe(true)
  expect(slowest).toBeLessThan(1_000)
}, 30_000)
