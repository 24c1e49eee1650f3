/** A connection over Socket.IO, against the service as it is. */
import { expect, test } from 'bun:test'
import { socketWire, type WireEvents } from '../../src/client/wire.ts'
import { cleanUp, running, tokenOf } from '../support/running.ts'

type How = Parameters<WireEvents['ended']>[0]

function opens(url: string, auth: Record<string, unknown>, settings = {}) {
  const told: string[] = []
  const waiting = new Set<() => void>()
  const note = (what: string) => {
    told.push(what)
    for (const look of waiting) look()
  }
  let how: How | undefined
  const wire = socketWire(url, settings)(auth, {
    begun: (heartbeatMs) => note(`begun ${heartbeatMs}`),
    opened: () => note('opened'),
    alive: () => note('alive'),
    heard: (name) => note(name),
    ended(given) {
      how = given
      note('ended')
    },
  })
  cleanUp(() => wire.cut())
  const hears = (what: string, times = 1) =>
    new Promise<void>((then) => {
      const look = () => told.filter((one) => one === what).length >= times && then()
      waiting.add(look)
      look()
    })
  return { wire, told, hears, how: () => how }
}

test('says how often it is to be heard of, that it was let in, and each sign of life', async () => {
  const { url } = await running({ SOCKET_PING_INTERVAL: '100' })
  const { told, hears } = opens(url, { token: await tokenOf('ada') })
  await hears('state_sync')
  expect(told.filter((one) => one !== 'alive')).toEqual(['begun 100', 'opened', 'authenticated', 'state_sync'])
  const before = told.length
  await hears('alive', told.filter((one) => one === 'alive').length + 2)
  expect(told.slice(before).every((one) => one === 'alive')).toBe(true)
})

test('that is refused ends with what the service said', async () => {
  const { url } = await running()
  const { hears, how } = opens(url, { token: 'not a token' })
  await hears('ended')
  expect(how()).toMatchObject({ meant: true, refusal: { code: 'unauthenticated', retryable: false } })
})

test('that comes to nothing, or is cut off, ends with no word', async () => {
  const service = await running()
  const nobody = opens(service.url, { token: 'any' }, { path: '/nowhere/' })
  await nobody.hears('ended')
  expect(nobody.how()).toEqual({ meant: false, refusal: undefined })
  const { hears, how, wire } = opens(service.url, { token: await tokenOf('ada') })
  await hears('state_sync')
  for (const socket of service.io.of('/').sockets.values()) socket.conn.close()
  await hears('ended')
  expect(how()).toEqual({ meant: false, refusal: undefined })
  expect(await wire.ask('device:list', {}, 10_000)).toBeUndefined()
})

test('gives an answer, or nothing once it has ended', async () => {
  const { url } = await running()
  const { hears, wire, told } = opens(url, { token: await tokenOf('ada') })
  await hears('state_sync')
  expect(await wire.ask('device:list', {}, 10_000)).toMatchObject({ type: 'ack', payload: { data: { devices: [] } } })
  const lost = wire.ask('device:list', {}, 10_000)
  wire.cut()
  expect(await lost).toBeUndefined()
  expect(told).not.toContain('ended')
})

test('that is left tells the service, one that is cut does not', async () => {
  const service = await running()
  const reasons: string[] = []
  const gone = new Promise<void>((then) => {
    service.io.on('connection', (socket) => socket.on('disconnect', (reason) => reasons.push(reason) === 2 && then()))
  })
  const [one, other] = [
    opens(service.url, { token: await tokenOf('ada') }),
    opens(service.url, { token: await tokenOf('bea') }),
  ]
  await Promise.all([one.hears('state_sync'), other.hears('state_sync')])
  one.wire.leave()
  other.wire.cut()
  await gone
  expect(reasons.toSorted()).toEqual(['client namespace disconnect', 'transport close'])
})
