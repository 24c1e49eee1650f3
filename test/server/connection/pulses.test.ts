/** How well each connection gets through: told to it, noted, counted. */
import { describe, expect, test } from 'bun:test'
import type { Changing } from '../../../src/ports/roster.ts'
import { bun } from '../../../src/runtime/bun.ts'
import type { ServerConnection } from '../../../src/server/connection/connection.ts'
import { pulses } from '../../../src/server/connection/pulses.ts'
import { readConfig, type Service, startService } from '../../../src/service.ts'
import { cleanUp } from '../../support/cleaning.ts'
import { network } from '../../support/network.ts'
import { beside, client, environment, folder, stock, tokenOf } from '../../support/running.ts'

/** One connection, measured by hand. */
function one({ signedIn = true } = {}) {
  const said: unknown[] = []
  const noted: Partial<Changing>[] = []
  const counted: string[] = []
  const connection = {
    caller: signedIn ? {} : undefined,
    transport: 'websocket',
    pulse: undefined,
    left: undefined as string | undefined,
    say: (name: string, data: object) => said.push({ name, ...data }),
  }
  const made = pulses({
    meter: {
      ping: (outcome) => void counted.push(outcome),
      quality: (from, to) => void counted.push(`${from ?? 'nothing'} → ${to ?? 'nothing'}`),
    },
    connectionOf: () => connection as unknown as ServerConnection,
    note: (_, change) => void noted.push(change),
  })
  return {
    said,
    noted,
    counted,
    pong: (...times: number[]) => times.map((ms) => made.onPong({}, ms)),
    late: () => made.onLate({}),
    leave(reason: string) {
      connection.left = reason
      made.left(connection as unknown as ServerConnection)
    },
  }
}

describe('a connection', () => {
  test('that is good from the first is told nothing, and noted', () => {
    const { pong, said, noted } = one()
    pong(20)
    expect([said, noted]).toEqual([[], [{ quality: 'good', rtt_ms: 20 }]])
  })

  test('is told its quality when that is not good at first, and whenever it changes', () => {
    const { pong, said } = one()
    pong(500, 500, 500, 20, 20, 20)
    expect(said).toEqual([
      { name: 'connection_quality', quality: 'poor', rtt_ms: 500, loss: 0 },
      { name: 'connection_quality', quality: 'good', rtt_ms: 20, loss: 0 },
    ])
  })

  test('is noted anew when its time changed much, and not with every answer', () => {
    const { pong, noted } = one()
    pong(20, 21, 25, 18, 30, 90, 95, 96, 97)
    expect(noted.map(({ rtt_ms }) => rtt_ms)).toEqual([20, 90])
  })

  test('with late answers is told so, with its loss', () => {
    const { pong, late, said } = one()
    pong(20)
    late()
    expect(said).toEqual([{ name: 'connection_quality', quality: 'fair', rtt_ms: 20, loss: 0.13 }])
  })

  test('is counted once, under what it is, until it ends', () => {
    const { pong, late, leave, counted } = one()
    pong(20, 20)
    late()
    leave('ping timeout')
    expect(counted).toEqual([
      'answered',
      'nothing → good',
      'answered',
      'late',
      'good → fair',
      'unanswered',
      'fair → nothing',
    ])
  })

  test('that was never measured, or is nobody’s yet, is counted under nothing', () => {
    const { pong, leave, counted, said } = one({ signedIn: false })
    expect(pong(900)).toEqual([false])
    leave('transport close')
    expect([counted, said]).toEqual([['answered'], []])
  })
})

const KEY = 'a-key-that-only-this-test-knows-long-enough'

/** A service that looks every few ms. */
async function quick(more: Record<string, string> = {}): Promise<Service> {
  const config = readConfig(environment(await folder(), { API_KEYS: `crm:acme:${KEY}`, RATE_LIMITS: 'off', ...more }))
  const service = await startService(config, {
    ...bun,
    openEngine: (options, hooks) => bun.openEngine({ ...options, measureAfter: 10, lateAfter: 500 }, hooks),
  })
  cleanUp(() => service.stop())
  return service
}

const get = ({ url }: Service, path: string) => fetch(`${url}${path}`, { headers: { authorization: `Bearer ${KEY}` } })

async function noted(service: Service, fits: (one: any) => boolean) {
  for (;;) {
    const { connections } = (await (await get(service, '/socket/users/ada/connections')).json()) as any
    const found = connections.find(fits)
    if (found) return found
  }
}

async function metric(service: Service, name: string) {
  const line = (await (await get(service, '/metrics')).text()).split('\n').find((one) => one.startsWith(name))
  return Number(line?.split(' ').at(-1))
}

describe('a real client', () => {
  test('far away is told that it gets through poorly, and that it does well when it is near again', async () => {
    const service = await quick()
    const between = await network(service.url)
    between.slow(210)
    const ada = await client(between.url, 'ada')
    const { rtt_ms } = await ada.hears('connection_quality', ({ quality }) => quality === 'poor')
    expect(rtt_ms).toBeGreaterThanOrEqual(400)
    expect(await noted(service, ({ quality }) => quality === 'poor')).toMatchObject({ transport: 'websocket' })
    expect(await metric(service, 'parley_measured_connections{quality="poor"}')).toBe(1)
    between.slow(0)
    await ada.hears('connection_quality', ({ quality }) => quality === 'good')
    expect(await noted(service, ({ quality }) => quality === 'good')).toBeTruthy()
    expect(await metric(service, 'parley_measured_connections{quality="poor"}')).toBe(0)
    expect(await metric(service, 'parley_rtt_seconds_count')).toBeGreaterThan(1)
  }, 15_000)

  test.each([['websocket'], ['polling']])('that is near is noted as good, by %s', async (transport) => {
    const service = await quick()
    await client(service.url, 'ada', {}, { transports: [transport] })
    expect(await noted(service, ({ quality }) => quality === 'good')).toMatchObject({ transport })
  })

  test('that answers no more is noted as getting through less well, before it is given up', async () => {
    const service = await quick({ SOCKET_PING_INTERVAL: '200', SOCKET_PING_TIMEOUT: '1500' })
    const between = await network(service.url)
    await client(between.url, 'ada', {}, { reconnection: false })
    await noted(service, ({ quality }) => quality === 'good')
    between.vanish()
    await noted(service, ({ quality }) => quality === 'fair')
    while (service.connectionCount() > 0) await new Promise(setImmediate)
    expect(await metric(service, 'parley_pings_total{outcome="late"}')).toBeGreaterThanOrEqual(1)
    expect(await metric(service, 'parley_pings_total{outcome="unanswered"}')).toBe(1)
  }, 15_000)

  test('that has no `/` is told on the namespace it has', async () => {
    const service = await quick()
    const between = await network(service.url)
    between.slow(110)
    const main = stock(between.url, { autoConnect: false })
    const only = beside(main, '/notification', { token: await tokenOf('ada') })
    expect(await only.hears('connection_quality')).toMatchObject({ loss: expect.any(Number) })
  }, 15_000)
})
