import { describe, expect, test } from 'bun:test'
import { deviceKey, userKey } from '../../../src/protocol/ids.ts'
import { fakeConnection } from '../../support/connection.ts'
import { testService } from '../../support/service.ts'

const hello = { user_id: 'ada', title: 'Hello', body: 'You have mail.' }
const DAY_MS = 86_400_000

function notified() {
  const service = testService({ working: false })
  const root = service.user('root', { permissions: ['admin'], connection: 'none' })
  return {
    service,
    root,
    notify: async (more = {}) =>
      (await root.send('notification:send', { ...hello, ...more })).notification_id as string,
    /** The places at which something was told, and its id, since this was last asked. */
    heard: (() => {
      let before = 0
      return (action = 'notification') => {
        const said = service.said(action)
        const fresh = said.slice(before)
        before = said.length
        return fresh.map(({ places, message }) => [places[0], message.id] as const)
      }
    })(),
  }
}

describe('a notification', () => {
  test('to who is away is told on return, to the connection that came, in the order it was sent', async () => {
    const { service, notify, heard } = notified()
    const ids = [await notify(), await notify(), await notify()]
    await service.pass(60_000)
    heard()
    const ada = service.user('ada', { device: 'phone' })
    await ada.arrive()
    expect(heard()).toEqual(ids.map((id) => [ada.connection_id, id]))
  })

  test('comes to who is there again after 10 s, 20 s more, and so on, until it is taken', async () => {
    const { service, notify, heard } = notified()
    const ada = service.user('ada')
    await ada.arrive()
    const id = await notify()
    const all = userKey('acme', 'ada')
    expect(heard()).toEqual([[all, id]])
    await service.pass(9_999)
    expect(heard()).toEqual([])
    await service.pass(1)
    expect(heard()).toEqual([[all, id]])
    await service.pass(19_999)
    expect(heard()).toEqual([])
    await service.pass(1)
    expect(heard()).toEqual([[all, id]])
    expect(await ada.send('notification:ack', { notification_id: id })).toEqual({})
    await service.pass(DAY_MS)
    expect(heard()).toEqual([])
    await ada.arrive()
    expect(heard()).toEqual([])
  })

  test('that is not taken comes ever more rarely to one who stays, in the end once a day, until it expires', async () => {
    const { service, notify, heard } = notified()
    const ada = service.user('ada')
    await ada.arrive()
    await notify()
    const daily: number[] = []
    for (let day = 0; day < 9; day++) {
      await service.pass(DAY_MS)
      daily.push(heard().length)
    }
    expect(daily).toEqual([14, 1, 1, 1, 1, 1, 1, 0, 0])
  })

  test('begins anew on return', async () => {
    const { service, notify, heard } = notified()
    const ada = service.user('ada')
    await ada.arrive()
    await notify()
    await service.pass(DAY_MS)
    await ada.leave()
    heard()
    await service.pass(60_000)
    expect(heard()).toEqual([])
    await ada.arrive()
    expect(heard()).toHaveLength(1)
    await service.pass(30_000)
    expect(heard()).toHaveLength(2)
  })

  test('comes again soon to one who has taken another', async () => {
    const { service, notify, heard } = notified()
    const ada = service.user('ada')
    await ada.arrive()
    const [first, second] = [await notify(), await notify()]
    await service.pass(DAY_MS)
    heard()
    await ada.send('notification:ack', { notification_id: first })
    await service.pass(10_000)
    expect(heard().map(([, id]) => id)).toEqual([second])
  })

  test('comes again also where a hundred others wait for a device that is away', async () => {
    const { service, notify, heard } = notified()
    for (let n = 0; n < 150; n++) await notify({ device_id: 'lost phone' })
    await service.user('ada', { device: 'desk' }).arrive()
    const id = await notify()
    heard()
    await service.pass(10_000)
    expect(heard().map(([, id]) => id)).toEqual([id])
  })

  test('comes again to however many are there', async () => {
    const { service, notify, heard } = notified()
    const users = Array.from({ length: 250 }, (_, n) => `user ${n}`)
    for (const user_id of users) await service.user(user_id).arrive()
    for (const user_id of users) await notify({ user_id })
    heard()
    await service.pass(10_000)
    expect(heard().map(([place]) => place)).toEqual(users.map((user_id) => userKey('acme', user_id)))
  })

  test('comes again in parts, where there is much: the rest when some was taken', async () => {
    const { service, notify, heard } = notified()
    const ada = service.user('ada')
    await ada.arrive()
    const ids: string[] = []
    for (let n = 0; n < 10; n++) ids.push(await notify({ data: 'x'.repeat(100_000) }))
    for (let n = 0; n < 200; n++) ids.push(await notify())
    heard()
    await service.pass(10_000)
    const again = heard().map(([, id]) => id)
    expect(again).toEqual(ids.slice(0, 3))
    for (const notification_id of ids.slice(0, 10)) await ada.send('notification:ack', { notification_id })
    await service.pass(10_000)
    expect(heard().map(([, id]) => id)).toEqual(ids.slice(10, 110))
  })

  test('comes again also where it could not be looked up in between', async () => {
    const { service, notify, heard } = notified()
    await service.user('ada').arrive()
    const id = await notify()
    heard()
    const { queued } = service.store
    service.store.queued = () => Promise.reject(new Error('The disk is away.'))
    await service.pass(10_000)
    service.store.queued = queued
    expect([heard(), service.reported]).toEqual([[], [new Error('The disk is away.')]])
    await service.pass(20_000)
    expect(heard().map(([, id]) => id)).toEqual([id])
  })

  test('is told no further to a connection that ends meanwhile', async () => {
    const { service, notify, heard } = notified()
    for (let n = 0; n < 30; n++) await notify()
    heard()
    const connection = Object.assign(fakeConnection(service.log, 'acme'), { left: undefined as string | undefined })
    let told = 0
    connection.ready = () => {
      if (++told === 5) connection.left = 'transport close'
      return undefined
    }
    await service.user('ada', { connection }).arrive()
    expect(heard()).toHaveLength(5)
  })

  test('is not told again when others are, if it was told a moment ago', async () => {
    const { service, notify, heard } = notified()
    await service.user('ada').arrive()
    const id = await notify()
    await service.pass(9_000)
    await notify()
    heard()
    await service.pass(1_000)
    expect(heard().map(([, one]) => one)).toEqual([id])
  })

  test('taken on one device is taken on all', async () => {
    const { service, notify, heard } = notified()
    const id = await notify()
    const [phone, desk] = ['phone', 'desk'].map((device) => service.user('ada', { device }))
    await phone?.arrive()
    await phone?.send('notification:ack', { notification_id: id })
    heard()
    await desk?.arrive()
    expect(heard()).toEqual([])
  })

  test('for one device waits for that device', async () => {
    const { service, notify, heard } = notified()
    const id = await notify({ device_id: 'phone' })
    heard()
    await service.user('ada', { device: 'desk' }).arrive()
    await service.user('ada').arrive()
    await service.pass(60_000)
    expect(heard()).toEqual([])
    const phone = service.user('ada', { device: 'phone' })
    await phone.arrive()
    expect(heard()).toEqual([[phone.connection_id, id]])
    await service.pass(10_000)
    expect(heard()).toEqual([[deviceKey('acme', 'ada', 'phone'), id]])
  })

  test('is kept for a week, or for as long as was said, and not longer', async () => {
    const { service, notify, heard } = notified()
    const short = await notify({ expires_in_s: 60 })
    const long = await notify()
    expect(service.told('notification')).toMatchObject([
      { notification_id: short, expires_at: service.clock.now() + 60_000 },
      { notification_id: long },
    ])
    heard()
    await service.pass(60_000)
    await service.user('ada').arrive()
    expect(heard().map(([, id]) => id)).toEqual([long])
    await service.pass(7 * DAY_MS)
    heard()
    await service.user('ada').arrive()
    expect(heard()).toEqual([])
  })

  test('is one of a thousand at most that wait for a user: the oldest make way', async () => {
    const { service, notify, heard } = notified()
    const ids: string[] = []
    for (let n = 0; n < 1_010; n++) ids.push(await notify())
    heard()
    await service.user('ada').arrive()
    expect(heard().map(([, id]) => id)).toEqual(ids.slice(10))
  })

  test('is for nobody of another name or tenant, and nobody else can take it', async () => {
    const { service, notify, heard } = notified()
    const id = await notify()
    heard()
    const others = [service.user('bob'), service.user('ada', { tenant: 'globex' })]
    for (const other of others) {
      await other.arrive()
      expect(await other.send('notification:ack', { notification_id: id })).toEqual({})
    }
    expect(heard()).toEqual([])
    await service.user('ada').arrive()
    expect(heard()).toHaveLength(1)
  })
})

describe('event:send', () => {
  test('is kept and taken like a notification, by the id of its envelope', async () => {
    const { service, root, heard } = notified()
    const { event_id } = await root.send('event:send', { user_id: 'ada', event: 'order_shipped', data: { order: 7 } })
    expect(service.told('order_shipped', userKey('acme', 'ada'))).toEqual([{ order: 7 }])
    heard('order_shipped')
    const ada = service.user('ada')
    await ada.arrive()
    expect(heard('order_shipped')).toEqual([[ada.connection_id, event_id]])
    await ada.send('notification:ack', { notification_id: event_id })
    await ada.arrive()
    expect(heard('order_shipped')).toEqual([])
  })

  test('is for the permission `admin`, and for names that are not the service’s own', async () => {
    const { service, root } = notified()
    const event = { user_id: 'ada', event: 'order_shipped', data: {} }
    expect(await service.user('eve').refused('event:send', event)).toBe('forbidden')
    expect(await root.failure('event:send', { ...event, event: 'message_new' })).toMatchObject({
      code: 'validation_failed',
      details: [{ path: 'event' }],
    })
  })
})
