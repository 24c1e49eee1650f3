/** What the process takes of its machine; the names are those that every dashboard knows. */
import type { Registry } from 'prom-client'
import { exposeNumbers } from './exposed.ts'

export function exposeProcess(registry: Registry): void {
  const startedAt = Date.now() - process.uptime() * 1_000
  const one = (type: 'counter' | 'gauge', name: string, help: string, read: () => number) =>
    exposeNumbers(registry, type, { name, help }, () => [[{}, read()]])

  one('gauge', 'process_start_time_seconds', 'When it started, in seconds since the epoch.', () => startedAt / 1_000)
  one('gauge', 'process_resident_memory_bytes', 'Memory it holds.', () => process.memoryUsage().rss)
  one(
    'gauge',
    'parley_heap_used_bytes',
    'Memory in use by what the program made.',
    () => process.memoryUsage().heapUsed,
  )
  one('counter', 'process_cpu_seconds_total', 'Time on the processors, of all threads.', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000_000
  })
}
