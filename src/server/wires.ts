import type { Failure } from '../protocol/failure.ts'

/** What the sockets need of the engine under them; each runtime brings its own. */
export interface Wires {
  /** The native WebSocket under an engine's connection, where it has one (by now) that takes topics. */
  wireOf(conn: object): Wire | undefined
  /** One frame to all who subscribed a topic. */
  publish(topic: string, frame: string | Uint8Array): void
  /** Bytes that wait to be read by a connection. */
  bufferedAmount(conn: object): number
  /** What is written in `run`, so many characters or bytes, goes as one where it can. */
  together(conn: object, size: number, run: () => void): void
  /** Pings its client now, where no ping is under way. */
  ping(conn: object): void
  /** It has signed in: the short leash for strangers ends. */
  admit(conn: object): void
  /** The token it brought was none: it is a stranger like those without one. */
  refused(conn: object): void
  /** Strangers of a network are told why, and go. */
  turnOut(network: string, why: Failure): void
}

export interface Wire {
  subscribe(topic: string): unknown
  unsubscribe(topic: string): unknown
}
