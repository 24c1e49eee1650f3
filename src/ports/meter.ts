import type { Quality } from './roster.ts'
import type { Reason, Step } from './suspects.ts'

/**
 * What is counted and timed. To count is on every path, so it costs next to nothing (a command well below 1 µs), is
 * never waited for and never throws. Labels are few, whatever is said: commands and events that are not of the registry
 * share one label each, and so do all beyond a hundred closing reasons, or places of failure.
 */
export interface Meter {
  /** A command went its whole way; `outcome` is `ok` or the code of its failure. */
  command(name: string, outcome: string, ms: number): void
  /** An event was handed to so many receivers at once. */
  told(event: string, receivers: number): void
  /** A connection left one state for another: it comes from none at first, and goes to none at last. */
  connection(transport: string, from: string | undefined, to: string | undefined): void
  /** One in this state went over from polling to a WebSocket. */
  upgraded(state: string): void
  /** A connection ended; what ends as `slow_consumer` is also counted by itself. */
  closed(reason: string): void
  /** A ping was answered after so many ms; it became late, and may be answered yet; its connection ended for want of it. */
  ping(outcome: 'answered' | 'late' | 'unanswered', ms?: number): void
  /** A connection gets through otherwise than before: it comes from nothing at first, and goes to nothing at last. */
  quality(from: Quality | undefined, to: Quality | undefined): void
  /** Entries that were committed and not told when they should have been; all that are found should be healed. */
  gap(state: 'found' | 'healed', entries: number): void
  /** What was told in so many rooms was compared with the log. */
  checked(rooms: number): void
  /** The log made so many entries durable by one commit, which took so long. */
  committed(entries: number, ms: number): void
  /** Something failed that should not have: a bug, or a part of the world. `where` is one of a few words. */
  failed(where: string): void
  /** Something was held against an address, which has come to this step by now. */
  suspicious(reason: Reason, step: Step): void
  /** How many of something there are just now; asked at each rendering. One name has one reader, the last. */
  gauge(name: string, about: string, read: () => number): void
  /** In Prometheus' text format. */
  render(): Promise<string>
  summary(): Summary
}

export interface Summary {
  readonly connections: number
  /** Messages accepted, since the start. */
  readonly messages: number
  /** Events told, once for each receiver, since the start. */
  readonly events: number
  /** Commands that were answered with an error, and all else that failed, since the start. */
  readonly errors: number
  /** How long commands took in the last five to ten minutes, to within a tenth; 0 where there were none. */
  readonly latency_ms: { readonly p50: number; readonly p95: number; readonly p99: number }
}
