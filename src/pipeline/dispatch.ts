import * as v from 'valibot'
import type { Caller, Lane } from '../features/caller.ts'
import { namespacesOf, type Registered } from '../features/registry.ts'
import { Stale } from '../ports/log.ts'
import type { Ports } from '../ports/ports.ts'
import { type Envelope, envelope, refusal } from '../protocol/envelope.ts'
import { Failure } from '../protocol/failure.ts'
import { roomKey } from '../protocol/ids.ts'
import { namespaces } from '../protocol/namespaces.ts'
import type { contexts } from './context.ts'
import { enterLane } from './lanes.ts'
import { type Limits, limiting, standardLimits } from './limits.ts'
import { type Unwrapped, unwrap } from './unwrap.ts'

/** Without a namespace it is `/`, which takes every command. */
export type Dispatch = (caller: Caller, name: string, argument: unknown, namespace?: string) => Promise<Envelope>

const TRIES = 8
/** Who found the room changed so often takes turns with the others of whom that is so. */
const TURNS_FROM = 3

/** The path of every command, from what a client sent to what it gets back. */
export function dispatcher(
  commands: ReadonlyMap<string, Registered>,
  { clock, meter, limiter, report }: Pick<Ports, 'clock' | 'meter' | 'limiter' | 'report'>,
  contextOf: ReturnType<typeof contexts>,
  limits: Limits = standardLimits,
): Dispatch {
  const limited = limiter && limiting(limiter, limits)
  const turns = new Map<string, Lane>()

  /** Decides and does; where what it was decided on changed meanwhile, it decides again. */
  async function carryOut({ command, feature, name }: Registered, ask: Asked): Promise<unknown> {
    let turn: Lane | undefined
    for (let tries = 1; ; tries++) {
      const ctx = contextOf(ask.caller, feature, ask.id, ask.lane)
      try {
        const allowed = command.allow.check(ctx, ask.input)
        if (allowed) await allowed
        const waiting = tries === 1 ? limited?.one(name, command.rate, ask.caller) : undefined
        if (waiting) await waiting
        return await command.handle(ctx, ask.input)
      } catch (error) {
        if (!(error instanceof Stale)) throw error
        if (tries === TRIES) throw new Failure('unavailable', 'The room changes too fast.', { retry_after_ms: 100 })
        await error.settled
      } finally {
        turn?.leave()
      }
      const room = ctx.lookAgain()
      if (room !== undefined && tries >= TURNS_FROM) turn = await enterLane(turns, room)
    }
  }

  async function answer(found: Registered, name: string, caller: Caller, unwrapped: Unwrapped) {
    const input = validate(found, name, caller, unwrapped)
    permit(found, caller)
    const { connection } = caller
    const place = connection && laneOf(found, caller, input)
    const entering = connection && place !== undefined ? enterLane(connection.lanes, place) : undefined
    const lane = entering instanceof Promise ? await entering : entering
    try {
      return await carryOut(found, { caller, id: unwrapped.id, input, lane })
    } finally {
      lane?.leave()
    }
  }

  return async function dispatch(caller, name, argument, namespace = namespaces.main) {
    const began = performance.now()
    const found = commands.get(name)
    const unwrapped = unwrap(argument)
    const { id } = unwrapped
    const stamp = { id, tenant_id: caller.tenant_id, timestamp: clock.now(), action: found?.name ?? shown(name) }
    let outcome = 'ok'
    try {
      const waiting = limited?.anything(caller)
      if (waiting) await waiting
      if (!found) throw new Failure('unknown_event', `There is no command "${shown(name)}".`)
      if (namespace !== namespaces.main) checkNamespace(found, namespace)
      const output = await answer(found, name, caller, unwrapped)
      stamp.timestamp = clock.now()
      stamp.tenant_id ||= caller.connection?.tenant_id ?? '' // it signed in by this command
      return envelope('ack', stamp, output)
    } catch (thrown) {
      const failure = Failure.from(thrown)
      outcome = failure.code
      if (outcome === 'internal') report(thrown, id)
      return refusal(stamp, failure)
    } finally {
      meter.command(found?.name ?? 'unknown', outcome, performance.now() - began)
    }
  }
}

interface Asked {
  readonly caller: Caller
  readonly id: string
  readonly input: unknown
  readonly lane: Lane | undefined
}

function checkNamespace(found: Registered, namespace: string) {
  const taken = namespacesOf(found)
  if (taken.includes(namespace)) return
  const message = `"${found.name}" is not taken on this namespace.`
  throw new Failure('unknown_event', message, { details: { namespaces: taken } })
}

const SHOWN = 64

/** A name that a client made up is given back short, and without what might hurt a terminal or a page. */
export const shown = (name: string): string => name.slice(0, SHOWN).replace(/[^\w:.-]/g, '?')

function validate({ command, name }: Registered, said: string, caller: Caller, unwrapped: Unwrapped): unknown {
  const { badId, data, action, tenant_id } = unwrapped
  if (badId) throw invalid('id', 'The id is no text of 1 to 128 characters without control characters.')
  if (action !== undefined && action !== said && action !== name)
    throw invalid('payload.action', 'The envelope names another event than the one it came under.')
  if (tenant_id !== undefined && caller.tenant_id !== '' && tenant_id !== caller.tenant_id)
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
