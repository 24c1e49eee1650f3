import { expect, test } from 'bun:test'
import { client, stock, tokenOf } from '../support/running.ts'
import type { Place } from './list.ts'

export const refusal = (socket: ReturnType<typeof stock>) =>
  new Promise<any>((resolve) => socket.once('connect_error', (error: any) => resolve(error.data)))

export function signingIn({ shared, own }: Place) {
  test('a token signs in: one is told who one is, and then what there is', async () => {
    const { url } = await shared()
    const ada = await client(url, 'ada', {}, { auth: { device_id: 'phone' } })
    expect(ada.heard.map(({ name }) => name)).toEqual(['authenticated', 'state_sync'])
    expect(ada.heard[0]?.data).toMatchObject({
      user_id: 'ada',
      tenant_id: 'acme',
      device_id: 'phone',
      recovered: false,
    })
  })

  test('a refused token is answered late, and for good', async () => {
    const { url } = await shared()
    const began = performance.now()
    const socket = stock(url, { auth: { token: `${await tokenOf('ada')}x` } })
    expect(await refusal(socket)).toMatchObject({ code: 'unauthenticated', retryable: false })
    expect(performance.now() - began).toBeGreaterThan(990)
    expect(socket.active).toBe(false)
  })

  test('without a token nothing is taken but `authenticate`', async () => {
    const { url } = await shared()
    const socket = stock(url)
    expect(await socket.refused('room:list')).toMatchObject({ code: 'unauthenticated' })
    expect(await socket.ask('authenticate', { token: await tokenOf('ada') })).toMatchObject({ user_id: 'ada' })
    await socket.hears('state_sync')
  })

  test('who does not sign in in time is told so, and closed for good', async () => {
    const { url } = await own({ AUTH_TIMEOUT: '200' })
    const socket = stock(url)
    const closed = new Promise((resolve) => socket.once('disconnect', resolve))
    expect(await socket.hears('error')).toMatchObject({ code: 'unauthenticated' })
    expect(await closed).toBe('io server disconnect')
  })
}
