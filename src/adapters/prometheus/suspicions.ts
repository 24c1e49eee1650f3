/** What was held against addresses, by its reason and by how far it had come with them. All are there from the start. */
import type { Reason, Step } from '../../ports/suspects.ts'
import type { Sample } from './exposed.ts'

const REASONS: readonly Reason[] = [
  'refused_token',
  'refused_commands',
  'malformed',
  'stranger',
  'many_tenants',
  'many_users',
]
const STEPS: readonly Step[] = ['watched', 'noted', 'slowed', 'cut_off']

export function suspicions() {
  const rows = new Map(REASONS.map((reason) => [reason, new Map(STEPS.map((step) => [step, 0]))]))

  function* samples(): Generator<Sample> {
    for (const [reason, steps] of rows) for (const [step, count] of steps) yield [{ reason, step }, count]
  }

  return {
    samples,
    add(reason: Reason, step: Step) {
      const steps = rows.get(reason)
      steps?.set(step, (steps.get(step) ?? 0) + 1)
    },
  }
}
