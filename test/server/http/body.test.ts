import { afterEach, expect, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import { fakeClock } from '../../support/clock.ts'
import { bearer, door, posted, refusedIn } from './door.ts'

const JOIN = '/socket/rooms/join'
const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`

test.each([
  ['nothing', ''],
  ['half of it', '{"room_id":'],
  ['two of them', '{}{}'],
  ['a list', '[{"room_id":"r"}]'],
  ['a text', '"r"'],
  ['null', 'null'],
])('a body of %s is a validation_failed', async (_, body) => {
  const { app, asked } = door()
  const response = await app.request(JOIN, posted(body))
  expect(response.status).toBe(400)
  expect((await refusedIn(response)).code).toBe('validation_failed')
  expect(asked).toEqual([])
})

test('a body that is not UTF-8 is a validation_failed', async () => {
  const { app } = door()
  const body = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])
  const response = await app.request(JOIN, { ...posted('{}'), body })
  expect(response.status).toBe(400)
  expect((await refusedIn(response)).message).toBe('The body is not UTF-8.')
})

test.each([
  'application/json',
  'application/json; charset=utf-8',
  'Application/JSON;charset="UTF-8"',
  'application/vnd.api+json',
])('a body of the type %s is taken', async (type) => {
  const { app, asked } = door()
  await app.request(JOIN, posted({ room_id: 'r' }, { ...bearer('ada-token'), 'content-type': type }))
  expect(asked).toHaveLength(1)
})

test.each([
  'text/plain',
  'application/x-www-form-urlencoded',
  'application/json; charset=latin1',
  'application/jsonp',
  '',
])('a body of the type "%s" is refused', async (type) => {
  const { app, asked } = door()
  const response = await app.request(JOIN, posted({ room_id: 'r' }, { ...bearer('ada-token'), 'content-type': type }))
  expect(response.status).toBe(415)
  expect((await refusedIn(response)).code).toBe('validation_failed')
  expect(asked).toEqual([])
})

test('a body may be as large as a packet of the socket, and no larger, whatever length it claims', async () => {
  const { app, asked } = door({ maxBody: 100 })
  const body = (bytes: number) => `{"room_id":"${'r'.repeat(bytes - 14)}"}`
  expect((await app.request(JOIN, posted(body(100)))).status).toBe(200)

  const honest = { ...bearer('ada-token'), 'content-length': '101' }
  const lying = { ...bearer('ada-token'), 'content-length': '10' }
  for (const headers of [honest, lying, bearer('ada-token')]) {
    const response = await app.request(JOIN, posted(body(101), headers))
    expect(response.status).toBe(413)
    expect(await refusedIn(response)).toMatchObject({ code: 'payload_too_large', retryable: false })
  }
  expect(asked).toHaveLength(1)
})

test('of a body that says itself too large nothing is read', async () => {
  const { app } = door({ maxBody: 1_000 })
  const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('read')) })
  const headers = { ...bearer('ada-token'), 'content-length': '1001' }
  const response = await app.request(JOIN, { ...posted('{}', headers), body })
  expect((await refusedIn(response)).code).toBe('payload_too_large')
})

test('a body of no known length is cut where it becomes too large', async () => {
  const { app } = door({ maxBody: 1_000 })
  let pulled = 0
  let cancelled = false
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (++pulled > 1_000) return controller.close()
      controller.enqueue(new Uint8Array(100).fill(0x20))
    },
    cancel() {
      cancelled = true
    },
  })
  const response = await app.request(JOIN, { ...posted('{}'), body })
  expect(response.status).toBe(413)
  expect(cancelled).toBe(true)
  expect(pulled).toBeLessThan(20)
})

test('JSON may be 64 deep, as on the socket, and no deeper', async () => {
  const { app, asked } = door()
  expect((await app.request(JOIN, posted(nested(64)))).status).toBe(200)
  for (const body of [nested(65), `{"a":${'['.repeat(400_000)}`, `{"a":"\\"${'\\\\'}","b":${nested(65)}}`]) {
    const response = await app.request(JOIN, posted(body))
    expect(response.status).toBe(400)
    expect((await refusedIn(response)).message).toContain('deeper than 64')
  }
  expect(asked).toHaveLength(1)
})

test('brackets in a text are not depth', async () => {
  const { app, asked } = door()
  await app.request(JOIN, posted({ room_id: '[{'.repeat(60), quoted: '"['.repeat(100) }))
  expect(asked).toHaveLength(1)
})

test('a key called __proto__ is a key like any other, and changes nothing', async () => {
  const { app, asked } = door()
  const body = '{"room_id":"r","__proto__":{"admin":true,"user_id":"root"},"constructor":{"prototype":{"admin":true}}}'
  expect((await app.request(JOIN, posted(body))).status).toBe(200)
  expect((await app.request('/socket/rooms?__proto__=x&constructor=y', { headers: bearer('ada-token') })).status).toBe(
    200,
  )
  expect(asked[0]?.caller.user_id).toBe('ada')
  expect(Object.getPrototypeOf(asked[0]?.argument.payload.data)).toBe(Object.prototype)
  expect(({} as { admin?: boolean }).admin).toBeUndefined()
})

const opened: { stop(): unknown }[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.stop()
})

/** Behind a real server, where bodies come in pieces; `waits` settles when the door waits for one. */
function served() {
  const waiting = Promise.withResolvers<void>()
  const { clock, pass } = fakeClock()
  const after: typeof clock.after = (ms, then) => {
    waiting.resolve()
    return clock.after(ms, then)
  }
  const { app, asked, lines } = door({ clock: { now: clock.now, after } })
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: app.fetch })
  opened.push({ stop: () => server.stop(true) })
  return { server, asked, lines, pass, waits: waiting.promise }
}

async function half(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  opened.push({ stop: () => socket.destroy() })
  const head = [`POST ${JOIN} HTTP/1.1`, 'Host: x', 'Content-Type: application/json', 'Authorization: Bearer ada-token']
  socket.write([...head, 'Content-Length: 30', '', '{"room_id"'].join('\r\n'))
  return socket
}

test('a body that does not arrive in time is given up, and others are served meanwhile', async () => {
  const { server, pass, waits, asked } = served()
  const socket = await half(server.port as number)
  const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())))
  await waits
  const other = await fetch(new URL(JOIN, server.url), posted({ room_id: 'r' }))
  expect(other.status).toBe(200)
  await pass(10_000)
  expect(await answer).toMatch(/^HTTP\/1.1 408 .*"code":"timeout"/s)
  expect(asked).toHaveLength(1)
})

test('a body that breaks off does no harm', async () => {
  const { server, waits, asked, lines } = served()
  const socket = await half(server.port as number)
  await waits
  socket.destroy()
  const other = await fetch(new URL(JOIN, server.url), posted({ room_id: 'r' }))
  expect(other.status).toBe(200)
  expect(asked).toHaveLength(1)
  expect(lines.filter(({ level }) => level === 'error')).toEqual([])
})
