/** Features hear what is told from the rooms' logs, each with what it remembers of the tenant; where that is nothing, they are not asked. */
import type { Caller } from '../features/caller.ts'
import type { Context, Feature } from '../features/feature.ts'
import { permissionsOf } from '../features/permissions.ts'
import type { Entry } from '../protocol/entry.ts'
import { newId } from '../protocol/ids.ts'
import type { contexts } from './context.ts'

interface World {
  readonly features: readonly Feature[]
  readonly contextOf: ReturnType<typeof contexts>
  report(error: unknown, id: string): void
}

const NOTHING = permissionsOf([])

export function hearing({ features, contextOf, report }: World) {
  const listening = features.filter(({ heard }) => heard)

  const contextFor = (feature: Feature, { tenant_id, id }: Entry): Context =>
    contextOf(nobodyOf(tenant_id), feature, id, undefined)

  return (entry: Entry) => {
    for (const feature of listening) {
      const state = contextOf.stateOf(entry.tenant_id, feature)
      if (state === undefined) continue
      try {
        feature.heard?.(state, entry, () => contextFor(feature, entry))
      } catch (error) {
        report(error, newId())
      }
    }
  }
}

/** Of the tenant, and nobody in it: it may do nothing, but looks and tells. */
const nobodyOf = (tenant_id: string): Caller => ({
  tenant_id,
  user_id: '',
  device_id: undefined,
  session_id: '',
  permissions: NOTHING,
  grants: {},
  connection: undefined,
})
