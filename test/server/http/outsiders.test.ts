/** Where a request comes from: whose limits it counts for, and what a credential that is no good is. */
import { expect, test } from 'bun:test'
import { apiKeyTokens } from '../../../src/adapters/apikeys/tokens.ts'
import { settled } from '../../support/clock.ts'
import { bearer, door, refusedIn } from './door.ts'

function watched(wait?: () => Promise<void>) {
  const noticed: string[] = []
  const outsiders = {
    networkOf: (address: string) => `network of ${address}`,
    refused(address: string, failure: unknown) {
      noticed.push(`${address}: ${(failure as { code: string }).code}`)
      return wait?.()
    },
  }
  return { ...door({ outsiders, addressOf: () => '192.0.2.1' }), noticed }
}

const ask = ({ app }: ReturnType<typeof door>, headers: Record<string, string>) =>
  app.request('/socket/rooms', { headers })

test('a command by HTTP counts for the address it comes from', async () => {
  const { asked, ...rest } = watched()
  expect((await ask({ asked, ...rest }, bearer('ada-token'))).status).toBe(200)
  expect(asked[0]?.caller).toMatchObject({ user_id: 'ada', network: 'network of 192.0.2.1', key: undefined })
})

test('an API key says which it is, also where it acts for another user', async () => {
  const others = { verify: () => Promise.reject(new Error('This is an API key.')) }
  const { app, asked } = door({ tokens: apiKeyTokens([{ name: 'crm', tenant_id: 'acme', secret: 'one' }], others) })
  const body = JSON.stringify({ room_id: 'lobby', content: { text: 'hi' }, sender_id: 'ada' })
  const headers = { ...bearer('one'), 'content-type': 'application/json' }
  await app.request('/socket/rooms/message', { method: 'POST', headers, body })
  expect(asked[0]?.caller).toMatchObject({ user_id: 'ada', key: 'crm' })
})

test('a credential that is no good is held against its address; that there is none is not', async () => {
  const one = watched()
  for (const headers of [bearer('guess'), { 'x-api-key': 'guess' }, bearer('old-token'), {}])
    expect((await ask(one, headers)).status).toBe(401)
  expect(one.noticed).toEqual(['192.0.2.1: unauthenticated', '192.0.2.1: unauthenticated', '192.0.2.1: token_expired'])
})

test('from an address that is slowed a refusal is late; a good credential is taken at once', async () => {
  const waiting = Promise.withResolvers<void>()
  const one = watched(() => waiting.promise)
  let answered = false
  const refused = Promise.resolve(ask(one, bearer('guess'))).then((response) => {
    answered = true
    return response
  })
  expect((await ask(one, bearer('ada-token'))).status).toBe(200)
  await settled()
  expect(answered).toBe(false)
  waiting.resolve()
  expect(await refusedIn(await refused)).toMatchObject({ code: 'unauthenticated' })
})
