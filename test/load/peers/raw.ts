// The raw peer: Bun's own websockets and topics under the same frames, with nothing between.
import { type Command, relay } from './envelope.ts'

interface State {
  user: string
}

const PING_INTERVAL_MS = 25_000
const { SOCKET_PORT } = process.env
const EVERYONE = 'everyone'

const openPacket = (): string =>
  `0${JSON.stringify({ sid: Bun.randomUUIDv7(), upgrades: [], pingInterval: PING_INTERVAL_MS, pingTimeout: 20_000, maxPayload: 1_000_000 })}`

function greet(socket: Bun.ServerWebSocket<State>, packet: string): void {
  const { user, rooms } = JSON.parse(packet.slice(2)) as { user: string; rooms: readonly string[] }
  socket.data.user = user
  socket.subscribe(EVERYONE)
  for (const room of rooms) socket.subscribe(room)
  socket.send(`40${JSON.stringify({ sid: Bun.randomUUIDv7() })}`)
}

function send(socket: Bun.ServerWebSocket<State>, packet: string): void {
  const body = packet.indexOf('[')
  const [, command] = JSON.parse(packet.slice(body)) as [string, Command]
  const { told, answer } = relay(socket.data.user, command)
  server.publish(command.room_id, `42["message_new",${JSON.stringify(told)}]`)
  socket.send(`43${packet.slice(2, body)}[${JSON.stringify(answer)}]`)
}

const server = Bun.serve<State>({
  hostname: '127.0.0.1',
  port: Number(SOCKET_PORT),
  fetch(request, upgrader) {
    if (request.url.endsWith('/health/ready')) return new Response('ready')
    return upgrader.upgrade(request, { data: { user: '' } }) ? undefined : new Response(null, { status: 400 })
  },
  websocket: {
    open: (socket) => {
      socket.send(openPacket())
    },
    message(socket, packet) {
      const text = String(packet)
      if (text.startsWith('42')) send(socket, text)
      if (text.startsWith('40')) greet(socket, text)
    },
  },
})

setInterval(() => server.publish(EVERYONE, '2'), PING_INTERVAL_MS)
process.on('SIGTERM', () => process.exit(0))
