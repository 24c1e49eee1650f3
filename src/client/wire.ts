/** One connection over Socket.IO, from its opening to its end. It never comes back by itself: `connection.ts` opens the next. */
import { io, type ManagerOptions, type SocketOptions } from 'socket.io-client'
import type { Envelope } from '../protocol/envelope.ts'
import type { FailureData } from '../protocol/failure.ts'

export interface Wire {
  /** The answer; nothing where none came in time, or before the end. */
  ask(name: string, argument: unknown, timeoutMs: number): Promise<Envelope | undefined>
  /** Says goodbye: the service knows that it is meant. */
  leave(): void
  /** As if the network had gone: the service keeps the place for a while. */
  cut(): void
}

export interface WireEvents {
  /** The engine is open; how often it is to be heard of. */
  begun(heartbeatMs: number): void
  /** The service let it in. */
  opened(): void
  heard(name: string, message: Envelope): void
  /** Something came, be it a heartbeat. */
  alive(): void
  /** Once, and nothing after. `meant`: the service ended it in a way that is not to be retried without a reason. */
  ended(how: { readonly meant: boolean; readonly refusal?: FailureData | undefined }): void
}

export type OpenWire = (auth: Record<string, unknown>, events: WireEvents) => Wire

export type SocketSettings = Partial<ManagerOptions & SocketOptions>

const isEnvelope = (given: unknown): given is Envelope =>
  typeof given === 'object' && given !== null && typeof (given as Partial<Envelope>).payload === 'object'

export const socketWire =
  (url: string, settings: SocketSettings = {}): OpenWire =>
  (auth, events) => {
    const always = { auth, reconnection: false, forceNew: true, autoConnect: false }
    const socket = io(url, { transports: ['websocket', 'polling'], tryAllTransports: true, ...settings, ...always })
    let over = false

    function end(meant: boolean, refusal?: FailureData) {
      if (over) return
      over = true
      socket.io.engine?.close()
      events.ended({ meant, refusal })
    }

    socket.on('connect', events.opened)
    socket.on('connect_error', (error: Error & { data?: FailureData }) => end(error.data !== undefined, error.data))
    socket.on('disconnect', (reason) => end(reason === 'io server disconnect'))
    socket.onAny((name: string, message: unknown) => {
      if (!over && isEnvelope(message)) events.heard(name, message)
    })
    socket.connect()
    socket.io.engine.on('handshake', ({ pingInterval }) => events.begun(pingInterval))
    socket.io.engine.on('packet', events.alive)

    return {
      ask: (name, argument, timeoutMs) =>
        new Promise((answered) => {
          if (over || !socket.connected) return answered(undefined)
          const replied = (lost: Error | null, reply: unknown) =>
            answered(lost || !isEnvelope(reply) ? undefined : reply)
          socket.timeout(timeoutMs).emit(name, argument, replied)
        }),
      leave() {
        over = true
        socket.disconnect()
      },
      cut() {
        over = true
        socket.io.engine?.close()
      },
    }
  }
