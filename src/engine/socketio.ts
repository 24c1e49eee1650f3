/** Socket.IO upon an engine, with our client in the place of its own. */
import { Server } from 'socket.io'
import { Client, type Desk } from './client.ts'
import { jsonCodec } from './json.ts'
import type { Link } from './link.ts'
import { msgpackCodec } from './msgpack.ts'

type Host = Pick<Desk, 'options' | 'hooks' | 'admission' | 'connecting'>

export function socketServer(engine: Host): Server {
  const { options, hooks, admission, connecting } = engine
  const codec = options.parser === 'msgpack' ? msgpackCodec : jsonCodec
  const parser = {
    Encoder: class {
      encode = codec.encoder.encode
    },
    Decoder: class {},
  }
  const io = new Server({ serveClient: false, cleanupEmptyChildNamespaces: true, parser })
  const desk: Desk = { io, options, hooks, codec, admission, connecting }
  const open = io as unknown as { onconnection(connection: Link): void }
  open.onconnection = (connection) => {
    connection.client = new Client(connection, desk)
  }
  io.bind(engine)
  return io
}
