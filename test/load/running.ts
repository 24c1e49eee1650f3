// A server as a child process: started on a free port, waited for, stopped by its id whatever happens.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Driver } from './drivers.ts'
import { pinned, SERVER_CORE } from './processes.ts'

const STARTING_MS = 20_000
const STOPPING_MS = 15_000
const LOOK_EVERY_MS = 25
const OUTPUT_KEPT = 4_000
const COLLECT = fileURLToPath(new URL('peers/collect.ts', import.meta.url))

export interface Heap {
  readonly heapSize: number
  readonly objectCount: number
}

export interface Running {
  readonly driver: Driver
  readonly pid: number
  readonly port: number
  /** Has the server collect its garbage, and say what is left. */
  collect(): Promise<Heap>
  stop(): Promise<void>
  /** Ends it as a machine would, and starts it anew with what it had on disk. */
  restart(): Promise<void>
}

type Child = Bun.Subprocess<'ignore', 'pipe', 'pipe'>

const alive = new Map<Child, string>()

process.on('exit', () => {
  for (const [child, folder] of alive) {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    console.error(`stopped by ${signal}`)
    process.exit(130)
  })
}

interface Place {
  readonly port: number
  readonly folder: string
}

export async function start(driver: Driver, profileFolder?: string): Promise<Running> {
  const place = { port: freePort(), folder: mkdtempSync(join(tmpdir(), 'load-')) }
  let current = await launch(place, driver, profileFolder)
  return {
    driver,
    port: place.port,
    get pid() {
      return current.child.pid
    },
    collect: () => current.output.collect(current.child),
    stop: () => stop(current.child),
    async restart() {
      alive.delete(current.child)
      current.child.kill('SIGKILL')
      await current.child.exited
      current = await launch(place, driver, profileFolder)
    },
  }
}

async function launch({ port, folder }: Place, driver: Driver, profileFolder?: string) {
  const { PATH } = process.env
  const child = Bun.spawn(commandLine(driver, profileFolder), {
    // Away from the project, whose `.env` would be read.
    cwd: folder,
    env: {
      PATH,
      HOME: folder,
      SOCKET_HOST: '127.0.0.1',
      SOCKET_PORT: String(port),
      DATA_DIR: join(folder, 'data'),
      ...driver.env,
    },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  alive.set(child, folder)
  const output = listen(child)
  try {
    await untilReady(child, port)
  } catch (error) {
    await stop(child)
    throw new Error(`${driver.name} did not start: ${error}\n${output.kept}`)
  }
  return { child, output }
}

function commandLine(driver: Driver, profileFolder?: string): string[] {
  const pin = pinned ? ['taskset', '-c', String(SERVER_CORE)] : []
  const profile = profileFolder
    ? [
        '--cpu-prof',
        '--cpu-prof-md',
        '--cpu-prof-dir',
        profileFolder,
        '--cpu-prof-name',
        `${driver.name}-${Date.now()}`,
      ]
    : []
  return [...pin, process.execPath, '--no-orphans', ...profile, '--preload', COLLECT, driver.script]
}

function freePort(): number {
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } })
  const { port } = probe
  probe.stop(true)
  return port
}

async function untilReady(child: Child, port: number): Promise<void> {
  const deadline = performance.now() + STARTING_MS
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
    const ready = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined)
    if (ready?.ok) return
    await Bun.sleep(LOOK_EVERY_MS)
  }
  throw new Error(`not ready in ${STARTING_MS} ms`)
}

async function stop(child: Child): Promise<void> {
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), STOPPING_MS)
  await child.exited
  clearTimeout(late)
  rmSync(alive.get(child) as string, { recursive: true, force: true })
  alive.delete(child)
}

/** Reads all that the child says, so that it never waits for a reader, and keeps the end of it. */
function listen(child: Child) {
  const waiting: ((heap: Heap) => void)[] = []
  const output = {
    kept: '',
    collect(of: Child): Promise<Heap> {
      const { promise, resolve } = Promise.withResolvers<Heap>()
      waiting.push(resolve)
      of.kill('SIGUSR2')
      return promise
    },
  }
  const take = (line: string): void => {
    const said = line.startsWith('{"collected"') ? (JSON.parse(line) as { collected: Heap }).collected : undefined
    if (said) waiting.shift()?.(said)
    else output.kept = `${output.kept}${line}\n`.slice(-OUTPUT_KEPT)
  }
  for (const stream of [child.stdout, child.stderr]) readLines(stream, take).catch((error) => take(String(error)))
  return output
}

async function readLines(stream: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  }
}
