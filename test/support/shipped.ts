/** The service as it is shipped: a process of its own, that can be killed as a machine would kill it. */
import { join } from 'node:path'

const { PATH = '', HOME = '' } = process.env
const ROOT = join(import.meta.dirname, '../..')
const MAIN = join(ROOT, 'src/main.ts')

/** Each becomes the service's own process, so that what is done to it is done to the service. */
const commands = {
  bun: [process.execPath, MAIN],
  deno: ['sh', join(ROOT, '.ci/deno'), 'run', '-A', MAIN],
} as const

export type Runtime = keyof typeof commands

export interface Shipped extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** At once, with nothing said and nothing saved. */
  kill(): Promise<void>
  /** As an operator does, and with what code it ended. */
  stop(): Promise<number>
}

/** Starts it, and comes back when it says where it listens. */
export async function shipped(env: Record<string, string>, runtime: Runtime = 'bun', cwd = ROOT): Promise<Shipped> {
  const child = Bun.spawn([...commands[runtime]], {
    env: { PATH, HOME, SOCKET_HOST: '127.0.0.1', SOCKET_PORT: '0', LOG_LEVEL: 'info', ...env },
    cwd,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const errors = new Response(child.stderr).text()
  const url = await listening(child.stdout)
  if (!url) throw new Error(`The service did not start: ${await errors}`)

  function end(signal: NodeJS.Signals): Promise<number> {
    child.kill(signal)
    return child.exited
  }
  return {
    url,
    port: Number(new URL(url).port),
    stop: () => end('SIGTERM'),
    async kill() {
      await end('SIGKILL')
    },
    async [Symbol.asyncDispose]() {
      await end('SIGTERM')
    },
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
