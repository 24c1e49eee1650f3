// Preloaded into every server that is measured: on SIGUSR2 it collects garbage and says what its heap holds.
import { heapStats } from 'bun:jsc'

process.on('SIGUSR2', () => {
  Bun.gc(true)
  const { heapSize, objectCount } = heapStats()
  process.stdout.write(`${JSON.stringify({ collected: { heapSize, objectCount } })}\n`)
})
