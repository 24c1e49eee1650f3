import { closeAll } from '../crowd.ts'
import { admit, people } from '../gathering.ts'
import type { Options } from '../options.ts'
import { type Memory, memoryBytes, meter } from '../processes.ts'
import type { Heap, Running } from '../running.ts'
import { circumstances, type Sample, type Scenario } from './scenario.ts'

const CONNECTIONS = 10_000
/** Longer than the ping interval: each connection is asked once whether it is still there. */
const WATCHED_SECONDS = 26
const SETTLING_MS = 1_500
const WARMING = 100

async function cleanMemory(server: Running): Promise<Memory & Heap> {
  await Bun.sleep(SETTLING_MS)
  await server.collect()
  await Bun.sleep(SETTLING_MS)
  const heap = await server.collect()
  return { ...heap, ...memoryBytes(server.pid) }
}

async function measure(
  server: Running,
  { connections = CONNECTIONS, seconds = WATCHED_SECONDS }: Options,
): Promise<Sample> {
  const guests = people(connections + WARMING).map((user) => ({ user, rooms: [] }))
  closeAll(await admit(server, guests.slice(connections)))
  const before = await cleanMemory(server)
  const connected = await admit(server, guests.slice(0, connections))
  const trouble: string[] = []
  for (const connection of connected) connection.listener = { ...deaf, lost: (reason) => trouble.push(reason) }
  const after = await cleanMemory(server)
  const spent = meter(server.pid)
  await Bun.sleep(seconds * 1000)
  const { ms, serverCpuMs, clientShare, disturbedShare } = spent()
  closeAll(connected)
  const each = (key: keyof (Memory & Heap)): number => (after[key] - before[key]) / connections
  return {
    trouble: trouble.length > 0 ? [`${trouble.length} connections were lost, the first: ${trouble[0]}`] : [],
    values: {
      pss_kb: each('pss') / 1024,
      rss_kb: each('rss') / 1024,
      heap_kb: each('heapSize') / 1024,
      objects: each('objectCount'),
      idle_cpu_pct: (serverCpuMs / ms) * 100,
      total_mb: after.rss / 2 ** 20,
      client_pct: clientShare * 100,
      disturbed_pct: disturbedShare * 100,
    },
  }
}

const deaf = { acknowledged: () => undefined, delivery: () => undefined }

export const idle: Scenario = {
  name: 'idle',
  about: ({ connections = CONNECTIONS, seconds = WATCHED_SECONDS }) =>
    `${connections} connections that say nothing: memory after collecting garbage, then ${seconds} s of watching`,
  columns: [
    { key: 'pss_kb', title: 'KB a connection (Pss)', digits: 2, compared: true },
    { key: 'rss_kb', title: '(Rss)', digits: 2 },
    { key: 'heap_kb', title: '(heap)', digits: 2 },
    { key: 'objects', title: 'objects', digits: 1 },
    { key: 'idle_cpu_pct', title: 'idle CPU %', digits: 2 },
    { key: 'total_mb', title: 'whole process MB', digits: 0 },
    ...circumstances,
  ],
  targets: [{ key: 'rss_kb', atMost: 15 }],
  measure,
}
