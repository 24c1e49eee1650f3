import { expect, test } from 'bun:test'
import { settled } from '../support/clock.ts'
import { byHand } from '../support/wire.ts'

async function typist() {
  const parts = byHand()
  const client = parts.begin()
  const line = await parts.line()
  await line.letIn({ lobby: 0, attic: 0 })
  const said = () =>
    line.asked.filter(({ name }) => name.startsWith('typing')).map(({ name, data }) => `${name} ${data.room_id}`)
  return { ...parts, client, line, said }
}

test('of many keystrokes one in 3 s is told', async () => {
  const { client, pass, said } = await typist()
  for (let keystroke = 0; keystroke < 70; keystroke++) {
    client.typing('lobby')
    await pass(100)
  }
  expect(said()).toEqual(Array(3).fill('typing:start lobby'))
})

test('who writes nothing for 5 s has stopped', async () => {
  const { client, pass, said } = await typist()
  client.typing('lobby')
  await pass(4_000)
  client.typing('lobby')
  await pass(4_999)
  expect(said()).toEqual(['typing:start lobby', 'typing:start lobby'])
  await pass(1)
  expect(said().at(-1)).toBe('typing:stop lobby')
})

test('a stop is told at once, and once; without a start there is none', async () => {
  const { client, pass, said } = await typist()
  client.typing('attic', false)
  client.typing('lobby')
  client.typing('lobby', false)
  client.typing('lobby', false)
  await pass(10_000)
  expect(said()).toEqual(['typing:start lobby', 'typing:stop lobby'])
})

test('what is sent is typed no longer', async () => {
  const { client, line, pass, said } = await typist()
  client.typing('lobby')
  client.typing('attic')
  void client.send('lobby', { text: 'hello' })
  await settled()
  expect(said()).toEqual(['typing:start lobby', 'typing:start attic', 'typing:stop lobby'])
  expect(line.asked.at(-1)?.name).toBe('message:send')
  await pass(10_000)
  expect(said()).toHaveLength(4)
})

test('without a connection nothing is told, neither then nor later', async () => {
  const { client, line, lines, pass } = await typist()
  client.typing('lobby')
  await line.end()
  client.typing('lobby')
  await pass(1_000)
  await lines[1]?.letIn()
  await pass(10_000)
  expect(lines[1]?.asked.filter(({ name }) => name.startsWith('typing'))).toEqual([])
})
