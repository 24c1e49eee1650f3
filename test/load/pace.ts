// Two ways to send: so many under way at a time (what can it do?), or at a rate whatever the answers (how does it wait?).
import type { Traffic } from './traffic.ts'

const STRETCH_LIMIT_MS = 90_000

export interface Loop {
  readonly messages: number
  readonly outstanding: number
  /** How many of those sent are over and done with. */
  readonly done: (traffic: Traffic) => number
}

/** Resolves with what went wrong, once all of them are answered and delivered. */
export async function closedLoop(traffic: Traffic, { messages, outstanding, done }: Loop): Promise<string[]> {
  const { promise: allSent, resolve } = Promise.withResolvers<void>()
  let late = false
  const fill = (): void => {
    while (traffic.sent < messages && traffic.sent - done(traffic) < outstanding && !late)
      traffic.send(performance.now())
    if (traffic.sent >= messages || late) resolve()
  }
  traffic.onProgress = fill
  fill()
  const stuck = setTimeout(() => {
    late = true
    fill()
  }, STRETCH_LIMIT_MS)
  await allSent
  clearTimeout(stuck)
  return traffic.settle()
}

/** Latencies count from when a message was due, so that a stall is seen by all that came due in it. */
export async function openLoop(traffic: Traffic, rate: number, seconds: number): Promise<string[]> {
  const start = performance.now()
  const total = Math.round(rate * seconds)
  while (traffic.sent < total) {
    const due = Math.min(total, Math.floor(((performance.now() - start) * rate) / 1000))
    while (traffic.sent < due) traffic.send(start + (traffic.sent * 1000) / rate)
    await Bun.sleep(1)
  }
  return traffic.settle()
}
