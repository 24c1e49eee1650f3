/** The service is killed while people are told things and lose their sessions: what was acknowledged is so afterwards. */
import { expect, test } from 'bun:test'
import { cleanUp, environment, folder, stock, tokenOf } from '../support/running.ts'
import { type Shipped, shipped } from '../support/shipped.ts'

const SECRET = 'a-key-that-only-this-test-knows-long-enough'
const ROUNDS = 3
const EACH = 40

async function start(data: string, port = 0): Promise<Shipped> {
  const more = { RATE_LIMITS: 'off', LOG_LEVEL: 'info', API_KEYS: `crm:acme:${SECRET}`, SOCKET_PORT: `${port}` }
  const service = await shipped(environment(data, more))
  cleanUp(() => service[Symbol.asyncDispose]())
  return service
}

/** What was answered; nothing where the service died over it. */
async function posted({ url }: Shipped, path: string, data: object): Promise<any> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${SECRET}` }
  const body = JSON.stringify(data)
  const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body }).catch(() => undefined)
  return answer?.ok ? answer.json().catch(() => undefined) : undefined
}

test(`killed ${ROUNDS} times meanwhile, whoever comes back is told all that was accepted, and what was revoked stays so`, async () => {
  const data = await folder()
  let service = await start(data)
  const accepted: string[] = []
  const revoked: string[] = []
  let going = true

  async function pump() {
    for (let n = 0; going; n++) {
      const told = await posted(service, '/socket/notifications', { user_id: 'ada', title: `${n}`, body: 'Hello' })
      if (told) accepted.push(told.notification_id)
      const token_id = `token-${n}`
      if (await posted(service, '/socket/revoke', { token_id })) revoked.push(token_id)
    }
  }
  const pumping = pump()
  for (let round = 1; round <= ROUNDS; round++) {
    const enough = accepted.length + EACH
    while (accepted.length < enough) await new Promise((then) => setImmediate(then))
    await service.kill()
    service = await start(data, service.port)
  }
  going = false
  await pumping

  const ada = stock(service.url, { auth: { token: await tokenOf('ada') } })
  const [last] = accepted.slice(-1)
  await ada.hears('notification', ({ notification_id }) => notification_id === last)
  const told = ada.heard.filter(({ name }) => name === 'notification').map(({ id }) => id)
  expect(told.filter((id) => accepted.includes(id))).toEqual(accepted)
  expect(new Set(told).size).toBe(told.length)

  for (const jti of revoked.slice(-3)) {
    const eve = stock(service.url, { auth: { token: await tokenOf('eve', { jti }) }, reconnection: false })
    const { data } = await new Promise<any>((then) => eve.once('connect_error', then))
    expect(data.code).toBe('session_revoked')
  }
}, 60_000)
