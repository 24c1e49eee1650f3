// Many connections: opened at once, or so many at a time.
import type { SocketHandler } from 'bun'
import { Connection, type Door } from './connection.ts'

const OPENING_MS = 60_000

const handlers: SocketHandler<Connection> = {
  open: (socket) => socket.data.opened(socket),
  data: (socket, chunk) => socket.data.received(chunk as Buffer),
  drain: (socket) => socket.data.drained(),
  close: (socket) => socket.data.ended('the connection closed'),
  error: (socket, error) => socket.data.ended(String(error)),
  connectError: (socket, error) => socket.data.ended(`no connection: ${error.message}`),
}

export function open(door: Door): Connection {
  const connection = new Connection(door)
  Bun.connect({ hostname: '127.0.0.1', port: door.port, data: connection, socket: handlers }).catch((error) =>
    connection.ended(`no connection: ${error}`),
  )
  return connection
}

/** Opens them all, no more than `atOnce` under way; throws the first reason for which one did not get in. */
export async function openAll(doors: readonly Door[], atOnce: number): Promise<Connection[]> {
  const opened: Connection[] = []
  const deadline = AbortSignal.timeout(OPENING_MS)
  const next = async (): Promise<void> => {
    for (let door = doors[opened.length]; door; door = doors[opened.length]) {
      const connection = open(door)
      opened.push(connection)
      await connection.ready.promise
      deadline.throwIfAborted()
    }
  }
  try {
    await Promise.race([Promise.all(Array.from({ length: atOnce }, next)), expiry(deadline)])
  } catch (error) {
    closeAll(opened)
    throw error
  }
  return opened
}

const expiry = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`Not all connections were ready in ${OPENING_MS} ms.`)))
  })

export function closeAll(connections: readonly Connection[]): void {
  for (const connection of connections) connection.close()
}
