import { expect, test } from 'bun:test'
import { settled } from '../support/clock.ts'
import { byHand, type Line } from '../support/wire.ts'

const view = (user_id: string, status: string) => ({ user_id, status, last_active_at: null })

async function signedIn() {
  const parts = byHand()
  const client = parts.begin()
  const line = await parts.line()
  await line.letIn({ lobby: 0 })
  return { ...parts, client, line }
}

test('how others are is known from the answer on, and kept up to date', async () => {
  const { client, line } = await signedIn()
  const seen: string[] = []
  client.presence.onChange(({ user_id, status }) => seen.push(`${user_id} ${status}`))
  const subscribed = client.presence.subscribe({ user_ids: ['bea', 'eve'] })
  await settled()
  await line.last('presence:subscribe').answer({ presences: [view('bea', 'online'), view('eve', 'offline')] })
  await subscribed
  await line.say('user_presence', view('bea', 'away'))
  await line.say('presence_summary', { room_id: 'lobby', counts: {}, changed: [view('eve', 'dnd')] })
  expect(seen).toEqual(['bea online', 'eve offline', 'bea away', 'eve dnd'])
  expect([client.presence.of('bea')?.status, client.presence.of('nobody')]).toEqual(['away', undefined])
})

test('whoever is watched is watched again on the next connection, when it hears its rooms; others are not', async () => {
  const { client, line, lines, pass } = await signedIn()
  for (const whom of [{ user_ids: ['bea', 'eve'] }, { room_id: 'lobby' }]) {
    const subscribed = client.presence.subscribe(whom)
    await settled()
    await line.last('presence:subscribe').answer({ presences: [] })
    await subscribed
  }
  void client.presence.unsubscribe({ user_ids: ['eve'] })
  await settled()
  await line.last('presence:unsubscribe').answer({})
  await line.end()
  await pass(1_000)
  const next = lines[1] as Line
  await next.greet({ recovered: true })
  expect(next.asked).toEqual([])
  await next.say('state_sync', { rooms: [] })
  expect(next.all('presence:subscribe').map(({ data }) => data)).toEqual([{ user_ids: ['bea'] }, { room_id: 'lobby' }])

  await next.all('presence:subscribe')[1]?.refuse('forbidden')
  await pass(10_000)
  await next.end()
  await pass(1_000)
  await lines[2]?.letIn({ lobby: 0 })
  expect(lines[2]?.all('presence:subscribe').map(({ data }) => data)).toEqual([{ user_ids: ['bea'] }])
})

test('whoever is watched is watched again however often the service asks to wait', async () => {
  const { client, line, lines, pass } = await signedIn()
  const subscribed = client.presence.subscribe({ room_id: 'lobby' })
  await settled()
  await line.last('presence:subscribe').answer({ presences: [] })
  await subscribed
  await line.end()
  await pass(1_000)
  await lines[1]?.letIn({ lobby: 0 })
  for (let refused = 0; refused < 8; refused++) {
    await lines[1]?.last('presence:subscribe').refuse('rate_limited', { retry_after_ms: 1_000 })
    await pass(20_000)
  }
  expect(lines[1]?.all('presence:subscribe')).toHaveLength(9)
})

test('one’s own is told five times in 30 s at most, and of more the last counts', async () => {
  const { client, line, pass } = await signedIn()
  for (const text of ['1', '2', '3', '4', '5']) {
    const told = client.presence.set({ status: 'dnd', text })
    await settled()
    await line.last('presence:update').answer(view('ada', 'dnd'))
    expect(await told).toMatchObject({ user_id: 'ada' })
  }
  const told = ['6', '7', '8'].map((text) => client.presence.set({ status: 'away', text }))
  await pass(29_999)
  expect(line.all('presence:update')).toHaveLength(5)
  await pass(1)
  expect(line.all('presence:update').map(({ data }) => data.text)).toEqual(['1', '2', '3', '4', '5', '8'])
  await line.last('presence:update').answer(view('ada', 'away'))
  expect(await Promise.all(told)).toEqual(Array(3).fill(view('ada', 'away') as never))
})

test('one’s own is told in 30 s also where the clock is set back', async () => {
  const { client, line, pass, setBack } = await signedIn()
  for (const text of ['1', '2', '3', '4', '5']) {
    void client.presence.set({ text, status: 'dnd' })
    await settled()
    await line.last('presence:update').answer(view('ada', 'dnd'))
  }
  setBack(86_400_000)
  void client.presence.set({ status: 'away' })
  await pass(30_000)
  expect(line.all('presence:update')).toHaveLength(6)
})
