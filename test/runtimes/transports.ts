import { expect, test } from 'bun:test'
import { createRequire } from 'node:module'
import type { Client } from '../support/running.ts'
import { client, count, seqs } from '../support/running.ts'
import { newRoom, type Place } from './list.ts'

const msgpack = createRequire(import.meta.url)('socket.io-msgpack-parser')

export function transports({ shared, own }: Place) {
  async function said(socket: Client, n: number) {
    const room_id = newRoom()
    await socket.ask('room:create', { room_id, kind: 'group' })
    await Promise.all(count(1, n).map((one) => socket.ask('message:send', { room_id, content: { text: `${one}` } })))
    await socket.hears('message_new', ({ seq, room_id: where }) => where === room_id && seq === n + 1)
    return seqs(socket, room_id)
  }

  test('polling alone hears all of it, in order', async () => {
    const { url } = await shared()
    expect(await said(await client(url, 'polly', {}, { transports: ['polling'] }), 40)).toEqual(count(2, 41))
  })

  test('who goes over from polling to a WebSocket while told things misses nothing', async () => {
    const { url } = await shared()
    const socket = await client(url, 'una', {}, { transports: ['polling', 'websocket'], auth: {} })
    const upgraded = new Promise((resolve) => socket.io.engine.once('upgrade', resolve))
    expect(await said(socket, 40)).toEqual(count(2, 41))
    if (socket.io.engine.transport.name === 'polling') await upgraded
    expect(await said(socket, 5)).toEqual(count(2, 6))
  })

  test('MessagePack is spoken where both sides do', async () => {
    const { url } = await own({ SOCKET_PARSER: 'msgpack' })
    expect(await said(await client(url, 'ada', {}, { parser: msgpack }), 10)).toEqual(count(2, 11))
  })

  test('compression is agreed upon, and changes nothing', async () => {
    const { url } = await own({ SOCKET_COMPRESSION: 'on' })
    const ada = await client(url, 'ada')
    const room_id = newRoom()
    await ada.ask('room:create', { room_id, kind: 'group' })
    const text = 'again and again '.repeat(1_000)
    await ada.ask('message:send', { room_id, content: { text } })
    expect((await ada.hears('message_new')).message.content.text).toBe(text)
  })

  test('who answers no heartbeat is closed', async () => {
    const { port } = await own({ SOCKET_PING_INTERVAL: '200', SOCKET_PING_TIMEOUT: '200', AUTH_TIMEOUT: '60000' })
    const mute = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`)
    expect(await new Promise((resolve) => mute.addEventListener('close', () => resolve('closed')))).toBe('closed')
  })
}
