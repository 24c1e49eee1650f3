// What /proc knows of a process: its CPU time over all threads, its memory, and how busy its core was.
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** The kernel tells times to programs in hundredths of a second. */
const TICK_MS = 10

export const SERVER_CORE = 0
export const CLIENT_CORE = 1

/** One core for the server, another for the client, where there are two and `taskset` can say so. */
export const pinned = cpus().length > 1 && Bun.which('taskset') !== null

/** Ms of CPU that all threads of a process have taken, the finished ones too. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

/** Ms in which a core was at work, for whomever. */
function busyMs(core: number): number {
  const line = readFileSync('/proc/stat', 'utf8').match(new RegExp(`^cpu${core} (.*)$`, 'm'))?.[1] ?? ''
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(' ').map(Number)
  return (user + nice + system + irq + softirq + steal) * TICK_MS
}

export interface Memory {
  readonly rss: number
  readonly pss: number
}

export function memoryBytes(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const kilobytes = (name: string): number => Number(text.match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))?.[1])
  return { rss: kilobytes('Rss') * 1024, pss: kilobytes('Pss') * 1024 }
}

/** Ms in which a process's first thread could have run, but had to wait for its core. */
function waitedMs(pid: number): number {
  const [, waited = '0'] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')
  return Number(waited) / 1e6
}

export interface Spent {
  readonly ms: number
  readonly serverCpuMs: number
  /** Of a core, 0 to 1: a client at 1 was itself what limited the run. */
  readonly clientShare: number
  /** Of the time, what others took from us: while they had the core, and the server or the client waited for it. */
  readonly disturbedShare: number
}

interface Reading {
  readonly cpu: number
  readonly waited: number
  readonly core: number
}

const read = (pid: number, core: number): Reading => ({ cpu: cpuMs(pid), waited: waitedMs(pid), core: busyMs(core) })

function takenByOthers(before: Reading, after: Reading): number {
  const others = after.core - before.core - (after.cpu - before.cpu)
  return Math.max(0, Math.min(others, after.waited - before.waited))
}

/** Starts to measure; what it gives back ends it. */
export function meter(serverPid: number): () => Spent {
  const startedAt = performance.now()
  const server = read(serverPid, SERVER_CORE)
  const client = read(process.pid, CLIENT_CORE)
  return () => {
    const ms = performance.now() - startedAt
    const serverNow = read(serverPid, SERVER_CORE)
    const clientNow = read(process.pid, CLIENT_CORE)
    const taken = Math.max(takenByOthers(server, serverNow), takenByOthers(client, clientNow))
    return {
      ms,
      serverCpuMs: serverNow.cpu - server.cpu,
      clientShare: (clientNow.cpu - client.cpu) / ms,
      disturbedShare: pinned ? taken / ms : Number.NaN,
    }
  }
}

/** Keeps this process, with all its threads, on the client's core. */
export function pinClient(): void {
  if (pinned) Bun.spawnSync(['taskset', '-a', '-c', '-p', String(CLIENT_CORE), String(process.pid)])
}
