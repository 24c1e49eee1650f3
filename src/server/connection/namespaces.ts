/** The namespaces of a connection beside `/`: made with the first of them, as most connections open none. */
import type { Socket } from 'socket.io'
import type { Failure } from '../../protocol/failure.ts'

/** One that was asked for before it was known whose the connection is. */
export interface Waiting {
  letIn(): void
  refuse(why: Failure): void
}

export class Namespaces {
  readonly open = new Map<string, Socket>()
  readonly #waiting = new Set<Waiting>()

  /** The first of these that is open. */
  first(names: readonly string[]): Socket | undefined {
    for (const name of names) {
      const socket = this.open.get(name)
      if (socket) return socket
    }
    return undefined
  }

  wait(one: Waiting) {
    this.#waiting.add(one)
  }

  letIn() {
    for (const one of this.#taken()) one.letIn()
  }

  /** Whether any waited. */
  refuse(why: Failure): boolean {
    const all = this.#taken()
    for (const one of all) one.refuse(why)
    return all.length > 0
  }

  #taken(): Waiting[] {
    const all = [...this.#waiting]
    this.#waiting.clear()
    return all
  }
}
