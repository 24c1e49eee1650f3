/** Who comes and goes: it is noted in the roster, and the features are told, each with the caller's own context. */
import type { Caller } from '../features/caller.ts'
import type { Context, Feature } from '../features/feature.ts'
import type { Changing, Present, Roster } from '../ports/roster.ts'
import { newId } from '../protocol/ids.ts'

export interface Attendance {
  enter(caller: Caller, connection: Present): Promise<void>
  /** Its first `state_sync` was told. */
  synced(caller: Caller): Promise<void>
  /** The features are told where it went idle or is so no more. */
  note(caller: Caller, connection_id: string, change: Partial<Changing>): Promise<void>
  leave(caller: Caller, connection_id: string, clean: boolean): Promise<void>
}

interface World {
  readonly roster: Roster
  readonly features: readonly Feature[]
  contextOf(caller: Caller, feature: Feature, commandId: string): Context
  report(error: unknown, id: string): void
}

type Hook = 'entered' | 'synced' | 'stirred' | 'left'

export function attendance({ roster, features, contextOf, report }: World): Attendance {
  const having = (hook: Hook) => features.filter((feature) => feature[hook])
  const hooks = {
    entered: having('entered'),
    synced: having('synced'),
    stirred: having('stirred'),
    left: having('left'),
  }

  /** One that fails keeps no other from being told, and no connection from going on. */
  async function tell(hook: Hook, caller: Caller, call: (feature: Feature, ctx: Context) => unknown) {
    for (const feature of hooks[hook]) {
      const id = newId()
      try {
        await call(feature, contextOf(caller, feature, id))
      } catch (error) {
        report(error, id)
      }
    }
  }

  return {
    async enter(caller, connection) {
      const here = await roster.enter(caller.tenant_id, caller.user_id, connection)
      await tell('entered', caller, (feature, ctx) => feature.entered?.(ctx, here))
    },
    synced: (caller) => tell('synced', caller, (feature, ctx) => feature.synced?.(ctx)),
    async note(caller, connection_id, change) {
      const here = await roster.note(caller.tenant_id, caller.user_id, connection_id, change)
      if (change.idle !== undefined) await tell('stirred', caller, (feature, ctx) => feature.stirred?.(ctx, here))
    },
    async leave(caller, connection_id, clean) {
      const { left, others: here } = await roster.leave(caller.tenant_id, caller.user_id, connection_id)
      if (left) await tell('left', caller, (feature, ctx) => feature.left?.(ctx, { clean, here }))
    },
  }
}
