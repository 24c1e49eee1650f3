import type { Present, Roster } from '../../ports/roster.ts'
import { firstOf } from './order.ts'

type Users = Map<string, Map<string, Present>>

/** Of one process: what it knows ends with it, as do the connections. */
export function memoryRoster(): Roster {
  const tenants = new Map<string, Users>()

  const own = (tenant_id: string, user_id: string) => tenants.get(tenant_id)?.get(user_id)
  const all = (tenant_id: string, user_id: string): Present[] => [...(own(tenant_id, user_id)?.values() ?? [])]

  return {
    enter(tenant_id, user_id, connection) {
      const users: Users = tenants.get(tenant_id) ?? new Map()
      tenants.set(tenant_id, users)
      const connections = users.get(user_id) ?? new Map<string, Present>()
      users.set(user_id, connections.set(connection.connection_id, connection))
      return [...connections.values()]
    },
    leave(tenant_id, user_id, connection_id) {
      const users = tenants.get(tenant_id)
      const connections = users?.get(user_id)
      const left = connections?.delete(connection_id) ?? false
      if (connections?.size === 0) users?.delete(user_id)
      if (users?.size === 0) tenants.delete(tenant_id)
      return { left, others: [...(connections?.values() ?? [])] }
    },
    note(tenant_id, user_id, connection_id, change) {
      const connections = own(tenant_id, user_id)
      const before = connections?.get(connection_id)
      if (before) connections?.set(connection_id, { ...before, ...change })
      return [...(connections?.values() ?? [])]
    },
    of: (tenant_id, user_ids) => user_ids.map((user_id) => all(tenant_id, user_id)),
    users(tenant_id, after, limit) {
      const page = firstOf(tenants.get(tenant_id)?.keys() ?? [], after, limit)
      return page.map((user_id) => ({ user_id, connections: all(tenant_id, user_id) }))
    },
  }
}
