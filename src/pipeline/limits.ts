/** How often: of each command, and of all commands of a connection, a user, an address, a tenant, or an API key. */
import type { Caller } from '../features/caller.ts'
import type { Bucket, Limiter, Rate, Taken } from '../ports/limiter.ts'
import { Failure } from '../protocol/failure.ts'
import { keyOf } from '../protocol/ids.ts'

export type LimitName = 'connection' | 'user' | 'address' | 'tenant' | 'key'

export type Limits = Readonly<Record<LimitName, Rate>>

/**
 * Commands of any name. A person stays far below, with a shared cursor too; a program in a loop does not. An address
 * may be that of an office or a carrier. A tenant's is a third of what a server can do: ten thousand users who all come
 * back at once are within it, and no tenant takes the others' part.
 */
export const standardLimits: Limits = {
  connection: { take: 300, every_ms: 10_000 },
  user: { take: 600, every_ms: 10_000 },
  address: { take: 20_000, every_ms: 10_000 },
  tenant: { take: 100_000, every_ms: 10_000 },
  key: { take: 10_000, every_ms: 10_000 },
}

/** As clients are told: what can be done at once, and how much of it comes back in a second. */
export const toldLimits = ({ connection, user, address, tenant }: Limits, frames: Rate): Record<string, number> =>
  Object.fromEntries(
    Object.entries({ connection, user, address, tenant, frames }).flatMap(([name, { take, every_ms }]) => [
      [`${name}_burst`, take],
      [`${name}_per_second`, (take * 1_000) / every_ms],
    ]),
  )

/** Each throws `rate_limited`; a promise is there only where the limiter does not answer at once. */
export function limiting(limiter: Limiter, limits: Limits) {
  /** Those of a connection, which it keeps. */
  const kept = new WeakMap<object, readonly Bucket[]>()

  function bucketsOf(caller: Caller): readonly Bucket[] {
    const { connection } = caller
    const before = connection && kept.get(connection)
    if (before) return before
    const made = keysOf(caller).flatMap(([kind, key]) => (key ? limiter.bucket(kind, key, limits[kind]) : []))
    if (connection) kept.set(connection, made)
    return made
  }

  /** Of anything that is asked. Who is not signed in is bounded by the engine, and takes nothing from those who are. */
  function anything(caller: Caller): Promise<void> | undefined {
    if (caller.counted || caller.tenant_id === '') return undefined
    const refused = limiter.takeEach(bucketsOf(caller))
    if (refused === undefined) return undefined
    if (refused instanceof Promise) return refused.then((late) => late && refuse(late.kind, late))
    return refuse(refused.kind, refused)
  }

  /** Of one command. An API key stands for a server, which does one thing for many: it has no limit of its own. */
  function one(name: string, rate: Rate, { tenant_id, user_id, counted, key }: Caller): Promise<void> | undefined {
    if (counted || key !== undefined) return undefined
    const taken = limiter.take(keyOf(tenant_id, user_id, name), rate)
    if (taken instanceof Promise) return taken.then((late) => pass(name, late))
    return pass(name, taken)
  }

  return { anything, one }
}

/** In the order in which they are asked. What is nothing has no bucket. */
function keysOf({ tenant_id, user_id, key, network, connection }: Caller): [LimitName, string | undefined][] {
  if (key !== undefined)
    return [
      ['key', keyOf(tenant_id, key)],
      ['tenant', tenant_id],
    ]
  return [
    ['connection', connection?.id],
    ['user', keyOf(tenant_id, user_id)],
    ['address', connection ? connection.network : network],
    ['tenant', tenant_id],
  ]
}

function pass(name: string, taken: Taken): undefined {
  if (taken.wait_ms > 0) refuse(name, taken)
}

function refuse(name: string, { wait_ms, remaining, reset_ms }: Taken): never {
  throw new Failure('rate_limited', 'Too many of these in a short time.', {
    retry_after_ms: wait_ms,
    details: { limit: name, remaining, reset_ms },
  })
}
