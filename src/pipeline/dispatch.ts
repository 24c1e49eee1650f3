import * as v from 'valibot'
import type { Caller } from '../features/caller.ts'
import type { Context } from '../features/feature.ts'
import type { Registered } from '../features/registry.ts'
import { Stale } from '../ports/log.ts'
import { type Envelope, envelope, refusal, type Stamp } from '../protocol/envelope.ts'
import { Failure } from '../protocol/failure.ts'
import { keyOf, Name, newId, roomKey } from '../protocol/ids.ts'
import { contexts, type Pipeline } from './context.ts'
import { enterLane, type Lane } from './lanes.ts'
import { type Unwrapped, unwrap } from './unwrap.ts'

export type Dispatch = (caller: Caller, name: string, argument: unknown) => Promise<Envelope>

const TRIES = 8

/** The path of every command, from what a client sent to what it gets back. */
export function dispatcher(commands: ReadonlyMap<string, Registered>, pipeline: Pipeline): Dispatch {
  const { clock, meter, limiter, report } = pipeline.ports
  const contextOf = contexts(pipeline)

  /** Decides and does; where what it was decided on changed meanwhile, it decides again. */
  async function carryOut(found: Registered, caller: Caller, id: string, input: unknown, lane: Lane | undefined) {
    const { command, feature, name } = found
    for (let tries = 1; ; tries++) {
      const ctx: Context = contextOf(caller, feature, id, lane)
      try {
        const allowed = command.allow.check(ctx, input)
        if (allowed) await allowed
        if (limiter && tries === 1) {
          const taking = limiter.take(keyOf(caller.tenant_id, caller.user_id, name), command.rate)
          const { wait_ms, remaining, reset_ms } = taking instanceof Promise ? await taking : taking
          if (wait_ms > 0) throw limited(name, wait_ms, remaining, reset_ms)
        }
        return await command.handle(ctx, input)
      } catch (error) {
        if (!(error instanceof Stale)) throw error
        if (tries === TRIES) throw new Failure('unavailable', 'The room changes too fast.', { retry_after_ms: 100 })
        await error.settled
      }
    }
  }

  return async function dispatch(caller, name, argument) {
    const began = performance.now()
    const found = commands.get(name)
    const action = found?.name ?? 'unknown'
    const unwrapped = unwrap(argument)
    const id = v.is(Name, unwrapped.id) ? unwrapped.id : newId()
    const stamp: Stamp = {
      id,
      tenant_id: caller.tenant_id,
      timestamp: clock.now(),
      action: found ? action : shown(name),
    }
    let outcome = 'ok'
    let lane: Lane | undefined
    try {
      if (!found) throw new Failure('unknown_event', `There is no command "${shown(name)}".`)
      const input = validate(found, name, caller, unwrapped)
      permit(found, caller)
      const laneName = caller.connection && laneOf(found, caller, input)
      if (caller.connection && laneName !== undefined) {
        const entering = enterLane(caller.connection.lanes, laneName)
        lane = entering instanceof Promise ? await entering : entering
      }
      const output = await carryOut(found, caller, id, input, lane)
      stamp.timestamp = clock.now()
      stamp.tenant_id ||= caller.connection?.tenant_id ?? '' // it signed in by this command
      return envelope('ack', stamp, output)
    } catch (thrown) {
      const failure = Failure.from(thrown)
      outcome = failure.code
      if (outcome === 'internal') report(thrown, id)
      return refusal(stamp, failure)
    } finally {
      lane?.leave()
      meter.command(action, outcome, performance.now() - began)
    }
  }
}

const SHOWN = 64

/** A name that a client made up is given back short, and without what might hurt a terminal or a page. */
const shown = (name: string): string => name.slice(0, SHOWN).replace(/[^\w:.-]/g, '?')

const limited = (limit: string, wait_ms: number, remaining: number, reset_ms: number) =>
  new Failure('rate_limited', 'Too many of these in a short time.', {
    retry_after_ms: wait_ms,
    details: { limit, remaining, reset_ms },
  })

function validate({ command, name }: Registered, said: string, caller: Caller, unwrapped: Unwrapped): unknown {
  const { id, data, action, tenant_id } = unwrapped
  if (!v.is(Name, id)) throw invalid('id', 'The id is no text of 1 to 128 characters without control characters.')
  if (action !== undefined && action !== said && action !== name)
    throw invalid('payload.action', 'The envelope names another event than the one it came under.')
  if (tenant_id !== undefined && tenant_id !== caller.tenant_id)
    throw new Failure('tenant_mismatch', 'The envelope names another tenant than the connection has.')
  const { success, output, issues } = v.safeParse(command.input, data)
  if (success) return output
  throw new Failure('validation_failed', 'The data does not have the shape this command takes.', {
    details: issues.slice(0, 20).map((issue) => ({ path: v.getDotPath(issue) ?? '', message: issue.message })),
  })
}

const invalid = (path: string, message: string) =>
  new Failure('validation_failed', message, { details: [{ path, message }] })

function permit({ command, name }: Registered, { permissions }: Caller) {
  if (command.permission && !permissions.reach(name))
    throw new Failure('forbidden', `This takes the permission "${name}".`)
}

function laneOf({ command }: Registered, { tenant_id, user_id }: Caller, input: unknown): string | undefined {
  const room_id = command.ordered?.(input, user_id)
  return room_id === undefined ? undefined : roomKey(tenant_id, room_id)
}
