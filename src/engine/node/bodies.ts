/** Bodies of requests, read within a time and up to a size. */
import type { IncomingMessage } from 'node:http'
import { Deadlines } from '../deadlines.ts'

/** What a request brought, or the status that says why it did not. */
export type Body = string | 400 | 408 | 413

export function bodies(ms: number, most: number) {
  const deadlines = new Deadlines<() => void>(ms, (giveUp) => giveUp())

  function read(request: IncomingMessage): Promise<Body> {
    return new Promise((resolve) => {
      const chunks: Buffer[] = []
      let size = 0
      const giveUp = () => end(408)
      const broken = () => end(400)
      const whole = () => end(Buffer.concat(chunks, size).toString())

      function take(chunk: Buffer) {
        size += chunk.length
        if (size > most) end(413)
        else chunks.push(chunk)
      }

      function end(body: Body) {
        deadlines.delete(giveUp)
        request.off('data', take).off('end', whole).off('close', broken)
        resolve(body)
      }
      deadlines.add(giveUp)
      request.on('data', take).on('end', whole).on('close', broken)
    })
  }

  return { read, close: () => deadlines.clear() }
}
