/** What of one connection is at work and waits for its turn: started in the order it came, and never without bound. */
import { BOUNDS } from './options.ts'

export interface Command {
  readonly bytes: number
  /** A promise, where it goes on. */
  run(): unknown
  /** Must not throw. */
  failed(error: unknown): void
}

export class Commands {
  readonly #mostBytes: number
  #waiting: Command[] = []
  #working = 0
  #bytes = 0

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  /** False where there are too many, or what they hold is too much. */
  take(command: Command): boolean {
    if (this.#working < BOUNDS.working && this.#waiting.length === 0 && this.#bytes <= this.#mostBytes) {
      this.#start(command)
      return true
    }
    if (this.#waiting.length >= BOUNDS.waiting || this.#bytes > this.#mostBytes) return false
    this.#bytes += command.bytes
    this.#waiting.push(command)
    return true
  }

  /** What has not begun will not begin: nobody is there to be told how it went. */
  clear() {
    this.#waiting = []
  }

  #start(command: Command) {
    const done = attempt(command)
    if (!(done instanceof Promise)) return
    this.#working++
    this.#bytes += command.bytes
    done.then(
      () => this.#end(command),
      (error) => {
        command.failed(error)
        this.#end(command)
      },
    )
  }

  #end({ bytes }: Command) {
    this.#working--
    this.#bytes -= bytes
    this.#next()
  }

  #next() {
    while (this.#working < BOUNDS.working) {
      const command = this.#waiting.shift()
      if (!command) return
      this.#bytes -= command.bytes
      this.#start(command)
    }
  }
}

function attempt(command: Command): unknown {
  try {
    return command.run()
  } catch (error) {
    command.failed(error)
    return undefined
  }
}
