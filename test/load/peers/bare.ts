// The bare peer: socket.io on its Bun engine as stock. It relays and acknowledges; it checks and stores nothing.
import { Server as Engine } from '@socket.io/bun-engine'
import { Server } from 'socket.io'
import { type Command, relay } from './envelope.ts'

interface Greeting {
  readonly user: string
  readonly rooms: readonly string[]
}

const { SOCKET_PORT } = process.env
const io = new Server({ serveClient: false })
const engine = new Engine({ path: '/socket.io/' })
io.bind(engine)

io.on('connection', (socket) => {
  const { user, rooms } = socket.handshake.auth as Greeting
  socket.join([...rooms])
  socket.on('message:send', (command: Command, ack: (answer: unknown) => void) => {
    const { told, answer } = relay(user, command)
    io.to(command.room_id).emit('message_new', told)
    ack(answer)
  })
})

const { fetch, ...handler } = engine.handler()
Bun.serve({
  ...handler,
  hostname: '127.0.0.1',
  port: Number(SOCKET_PORT),
  fetch: (request, server) =>
    request.url.endsWith('/health/ready') ? new Response('ready') : fetch.call(server, request, server),
})
process.on('SIGTERM', () => process.exit(0))
