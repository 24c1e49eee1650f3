/** Bodies of requests, read within a time: Bun itself waits for as long as a byte comes now and then. */
import { Deadlines } from './deadlines.ts'
import type { Body } from './polling.ts'

export function bodies(ms: number) {
  const deadlines = new Deadlines<() => void>(ms, (giveUp) => giveUp())

  function read(request: Request): Promise<Body> {
    return new Promise((resolve) => {
      const giveUp = () => resolve(408)
      deadlines.add(giveUp)
      request
        .text()
        .catch((): Body => 400)
        .then((body) => {
          deadlines.delete(giveUp)
          resolve(body as Body)
        })
    })
  }

  return { read, close: () => deadlines.clear() }
}
