/** All that is counted and timed by one service, and the metrics it is read by. */
import type { Registry } from 'prom-client'
import { commandCounts } from './commands.ts'
import { type Counts, counts } from './counts.ts'
import { exposeNumbers, exposeTimes, type Sample } from './exposed.ts'
import { suspicions } from './suspicions.ts'
import { times } from './times.ts'

const BATCH_BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000]
const COMMIT_BOUNDS_MS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500]
const RTT_BOUNDS_MS = [5, 10, 25, 50, 100, 150, 250, 400, 750, 1_500, 3_000, 10_000]
const DELAY_BOUNDS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000]

export const numbers = (commands: readonly string[], events: readonly string[]) => ({
  commands: commandCounts(commands),
  told: counts(events),
  websocket: counts(),
  polling: counts(),
  entered: counts(),
  closed: counts(),
  failed: counts(),
  suspicious: suspicions(),
  pings: counts(['answered', 'late', 'unanswered']),
  qualities: counts(['good', 'fair', 'poor']),
  rtts: times(RTT_BOUNDS_MS),
  gaps: counts(['found', 'healed']),
  checks: counts(),
  batches: times(BATCH_BOUNDS),
  commits: times(COMMIT_BOUNDS_MS),
  delays: times(DELAY_BOUNDS_MS),
})

export type Numbers = ReturnType<typeof numbers>

export function exposeCounts(registry: Registry, all: Numbers): void {
  const counter = (name: string, help: string, read: () => Iterable<Sample>) =>
    exposeNumbers(registry, 'counter', { name, help }, read)

  counter('parley_commands_total', 'Commands, by what came of them.', all.commands.outcomes)
  counter('parley_events_told_total', 'Events told, once for each receiver.', () => by('event', all.told))
  counter('parley_connections_closed_total', 'Connections that ended, and why.', () => by('reason', all.closed))
  counter('parley_connection_states_total', 'Connections that came into a state.', () => by('state', all.entered))
  counter('parley_slow_consumers_total', 'Connections closed because they took too little.', () => [
    [{}, all.closed.of.get('slow_consumer') ?? 0],
  ])
  counter('parley_pings_total', 'Pings, by how they were answered; one that is late may be answered yet.', () =>
    by('outcome', all.pings),
  )
  counter('parley_position_gaps_total', 'Entries not told when they should have been.', () => by('state', all.gaps))
  counter('parley_teller_checks_total', 'Comparisons of what was told with the log.', () => [
    [{}, all.checks.of.get('checks') ?? 0],
  ])
  counter('parley_teller_checked_rooms_total', 'Rooms compared with the log.', () => [
    [{}, all.checks.of.get('rooms') ?? 0],
  ])
  counter(
    'parley_suspicious_total',
    'What was held against an address, and the step it was at then.',
    all.suspicious.samples,
  )
  counter('parley_errors_total', 'What failed that should not have, and where.', () => by('where', all.failed))
  exposeNumbers(registry, 'gauge', { name: 'parley_connections', help: 'Connections, by their state.' }, () => [
    ...by('state', all.websocket, { transport: 'websocket' }),
    ...by('state', all.polling, { transport: 'polling' }),
  ])
  const measured = { name: 'parley_measured_connections', help: 'Connections, by how well they get through.' }
  exposeNumbers(registry, 'gauge', measured, () => by('quality', all.qualities))
}

export function exposeDurations(registry: Registry, all: Numbers): void {
  exposeTimes(
    registry,
    { name: 'parley_command_duration_seconds', help: 'From the unwrapping of a command to its answer.' },
    all.commands.durations,
  )
  exposeTimes(
    registry,
    { name: 'parley_log_commit_duration_seconds', help: 'From the begin of a commit of the log to its end.' },
    () => [[{}, all.commits]],
  )
  exposeTimes(
    registry,
    { name: 'parley_log_commit_entries', help: 'Entries that became durable by one commit.' },
    () => [[{}, all.batches]],
    1,
  )
  exposeTimes(registry, { name: 'parley_rtt_seconds', help: 'From a ping to its answer.' }, () => [[{}, all.rtts]])
  exposeTimes(registry, { name: 'parley_event_loop_delay_seconds', help: 'How late a timer of 50 ms is.' }, () => [
    [{}, all.delays],
  ])
}

function* by(label: string, { of }: Counts, more: Record<string, string> = {}): Generator<Sample> {
  for (const [name, value] of of) yield [{ ...more, [label]: name }, value]
}
