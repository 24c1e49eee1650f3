/** The service as it is shipped: a process of its own, that can be killed as a machine would kill it. */
import { join } from 'node:path'

const { PATH = '' } = process.env
const MAIN = join(import.meta.dirname, '../../src/main.ts')

export interface Shipped extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** At once, with nothing said and nothing saved. */
  kill(): Promise<void>
}

/** Starts it, and comes back when it says where it listens. */
export async function shipped(env: Record<string, string>): Promise<Shipped> {
  const child = Bun.spawn([process.execPath, MAIN], {
    env: { PATH, SOCKET_HOST: '127.0.0.1', SOCKET_PORT: '0', LOG_LEVEL: 'info', ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const errors = new Response(child.stderr).text()
  const url = await listening(child.stdout)
  if (!url) throw new Error(`The service did not start: ${await errors}`)

  async function end(signal: NodeJS.Signals) {
    child.kill(signal)
    await child.exited
  }
  return {
    url,
    port: Number(new URL(url).port),
    kill: () => end('SIGKILL'),
    [Symbol.asyncDispose]: () => end('SIGTERM'),
  }
}

/** What else it says is read and let go, so that it never waits for a reader. */
const listening = (lines: ReadableStream<Uint8Array>) =>
  new Promise<string | undefined>((found) => void read(lines, found))

async function read(lines: ReadableStream<Uint8Array>, found: (url: string | undefined) => void) {
  const decoder = new TextDecoder()
  let said = ''
  for await (const part of lines) {
    said = (said + decoder.decode(part, { stream: true })).slice(-4_096)
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? []
    if (url) found(url)
  }
  found(undefined)
}
