/** What lies between a client and a service, and can go wrong: cut, reset, gone without a word, or stuck. */
import { connect, createServer, type Socket } from 'node:net'
import { cleanUp } from './cleaning.ts'

export interface Network {
  /** Where the service is to be found through it. */
  readonly url: string
  readonly port: number
  /** Both ends are told that it is over. */
  cut(): void
  /** As after a machine lost its memory: whoever sends learns that nobody is there. */
  reset(): void
  /** What is sent takes so many ms, from now on. */
  slow(ms: number): void
  /** What is sent arrives nowhere, and nobody is told. */
  vanish(): void
  /** What is sent is not taken any more. */
  stall(): void
}

export async function network(url: string): Promise<Network> {
  const pairs: [Socket, Socket][] = []
  let delay = 0
  let gone = false
  const server = createServer((client) => {
    const service = connect(Number(new URL(url).port), '127.0.0.1')
    pairs.push([client, service])
    for (const [from, to] of [
      [client, service],
      [service, client],
    ] as const) {
      let last = 0 // what was sent later does not arrive earlier
      from.on('data', (data) => {
        if (gone) return
        const now = performance.now()
        last = Math.max(last, now + delay)
        if (last > now) setTimeout(() => to.write(data), last - now)
        else to.write(data)
      })
      from.on('close', () => gone || to.destroy())
      from.on('error', () => to.destroy()) // it was reset: the other end is, too
    }
  })
  await new Promise<void>((listens) => void server.listen(0, '127.0.0.1', listens))
  const all = (what: (one: Socket) => unknown) => () => pairs.flat().forEach(what)
  const cut = all((one) => one.destroy())
  cleanUp(() => {
    cut()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    cut,
    reset: all((one) => one.resetAndDestroy()),
    slow(ms) {
      delay = ms
    },
    vanish() {
      gone = true
    },
    stall: all((one) => one.pause()),
  }
}
