/**
 * Addresses that behave as if to do harm: what is held against each, and what is done about it.
 *
 * Behind one address there may be an office, or a carrier's thousands. So it takes hundreds of refusals; who is signed in
 * stays and is not slowed; where many are, newcomers are slowed and never kept out; and to be many is no reason by itself,
 * but only where much is refused as well.
 */
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Meter } from '../../ports/meter.ts'
import type { Reason, Step, Suspect, Suspects } from '../../ports/suspects.ts'
import { Failure, type FailureCode } from '../../protocol/failure.ts'

/** Nothing where an address is no client's: it is a proxy's, or not known. */
type Network = string | undefined

export interface Suspicion {
  /** Something that came from there was not as it should be. */
  noticed(network: Network, reason: Reason): void
  /** Who came from there was not taken for who they said they were. */
  refused(network: Network, failure: unknown): void
  signedIn(network: Network, tenant_id: string, user_id: string): void
  /** ms for which nobody comes in from there; 0 where they may. */
  cutOff(network: Network): number
  /** Comes true when who comes from there has waited, where they have to. */
  wait(network: Network): Promise<void> | undefined
  list(limit: number): Suspect[] | Promise<Suspect[]>
  pardon(network: string): boolean | Promise<boolean>
}

interface World {
  readonly suspects: Suspects
  readonly clock: Clock
  readonly logger: Pick<Logger, 'info' | 'warn'>
  readonly meter: Pick<Meter, 'suspicious'>
  /** Whether so many are signed in from there that it is an office, or a carrier. */
  crowded(network: string): boolean
  /** Who is there and brought no token is to go. */
  turnOut(network: string): void
}

/** Points for each time. */
const POINTS: Readonly<Record<Reason, number>> = {
  refused_token: 1,
  malformed: 5,
  stranger: 5,
  refused_commands: 20,
  many_tenants: 50,
  many_users: 50,
}

/** Of those points: a token that was good once is no guess. */
const TOKEN_WEIGHT: Partial<Record<FailureCode, number>> = {
  unauthenticated: 1,
  forbidden: 1,
  token_expired: 0.25,
  session_revoked: 0.25,
}

/** From so many points on; once there, a step is left below half of them. */
const FROM: readonly (readonly [Step, number])[] = [
  ['cut_off', 400],
  ['slowed', 100],
  ['noted', 20],
]

/** From as many on, of those who signed in where much is refused. */
const MANY_TENANTS = 20
const MANY_USERS = 100

const FIRST_MS = 300_000
const LONGEST_MS = 3_600_000

/** For so long it stays one that many are signed in from. */
const SPARED_MS = 60_000
const SPARED_MOST = 1_000

const WAIT_MS = 2_000
/** The slowed must not pile up: beyond these none waits. */
const WAITING_MOST = 1_000

export function suspecting({ suspects, clock, logger, meter, crowded, turnOut }: World): Suspicion {
  let waiting = 0
  const spared = new Map<string, number>()

  /** It is a question that takes its time, and many may be the reasons to ask it. */
  function isSpared(network: string): boolean {
    const now = clock.now()
    if ((spared.get(network) ?? 0) > now) return true
    if (!crowded(network)) return false
    if (spared.size >= SPARED_MOST) spared.clear()
    spared.set(network, now + SPARED_MS)
    logger.warn({ address: network }, 'An address is slowed only, where it would be cut off: many are signed in there.')
    return true
  }

  function noticedOf(network: string, reason: Reason, weight = 1) {
    const suspect = suspects.add(network, reason, POINTS[reason] * weight)
    const before = stepBefore(suspect, clock.now())
    const due = stepDue(suspect, clock.now())
    const step = due === 'cut_off' && before !== due && isSpared(network) ? 'slowed' : due
    meter.suspicious(reason, step)
    if (step === before) return
    const rises = rankOf(step) > rankOf(before)
    const cut = step === 'cut_off' ? cutOffFor(suspect, clock.now()) : {}
    suspects.mark(network, { step, ...cut })
    if (rises) tell({ ...suspect, ...cut, step })
    if (step === 'cut_off') turnOut(network)
  }

  function tell({ network, points, reasons, step, until, times }: Suspect) {
    const about = { address: network, points: Math.round(points), reasons, step }
    if (step === 'noted') return logger.info(about, 'Much from one address is refused.')
    if (step === 'slowed') return logger.warn(about, 'An address is slowed: too much from it is refused.')
    logger.warn(
      { ...about, until, times },
      'An address is cut off for a time. If it is a proxy of yours, name it in TRUSTED_PROXIES.',
    )
  }

  return {
    noticed(network, reason) {
      if (network !== undefined) noticedOf(network, reason)
    },
    refused(network, failure) {
      const weight = failure instanceof Failure ? TOKEN_WEIGHT[failure.code] : undefined
      if (network !== undefined && weight !== undefined) noticedOf(network, 'refused_token', weight)
    },
    signedIn(network, tenant_id, user_id) {
      const suspect = network === undefined ? undefined : suspects.signedIn(network, tenant_id, user_id)
      if (!suspect || rankOf(stepNow(suspect, clock.now())) < rankOf('noted')) return
      const { reasons, tenants, users } = suspect
      if (tenants >= MANY_TENANTS && !reasons.many_tenants) noticedOf(suspect.network, 'many_tenants')
      if (users >= MANY_USERS && !reasons.many_users) noticedOf(suspect.network, 'many_users')
    },
    cutOff(network) {
      const suspect = network === undefined ? undefined : suspects.of(network)
      return suspect ? Math.max(0, suspect.until - clock.now()) : 0
    },
    wait(network) {
      const suspect = network === undefined ? undefined : suspects.of(network)
      if (!suspect || rankOf(stepNow(suspect, clock.now())) < rankOf('slowed')) return undefined
      if (waiting >= WAITING_MOST) return undefined
      waiting++
      return new Promise<void>((then) => clock.after(WAIT_MS, then)).finally(() => waiting--)
    },
    list: async (limit) => {
      const listed = await suspects.list(limit)
      return listed.map((suspect) => ({ ...suspect, step: stepNow(suspect, clock.now()) }))
    },
    pardon: (network) => suspects.pardon(network),
  }
}

const STEPS: readonly Step[] = ['watched', 'noted', 'slowed', 'cut_off']

const rankOf = (step: Step) => STEPS.indexOf(step)

/** Being cut off ends with its time; from then on it is only slowed. */
const stepBefore = ({ step, until }: Suspect, now: number): Step =>
  until > now ? 'cut_off' : step === 'cut_off' ? 'slowed' : step

/** By what is held against it. */
function stepDue(suspect: Suspect, now: number): Step {
  const before = stepBefore(suspect, now)
  if (before === 'cut_off') return before
  const kept = rankOf(before)
  return FROM.find(([one, from]) => suspect.points >= (rankOf(one) <= kept ? from / 2 : from))?.[0] ?? 'watched'
}

function stepNow(suspect: Suspect, now: number): Step {
  const due = stepDue(suspect, now)
  return due === 'cut_off' && suspect.until <= now ? 'slowed' : due
}

/** Twice as long each time. */
function cutOffFor({ times }: Suspect, now: number) {
  return { until: now + Math.min(FIRST_MS * 2 ** times, LONGEST_MS), times: times + 1 }
}
