import type { ConnectedUser } from '../features/feature.ts'
import type { ServerConnection } from './connection.ts'

/** The connections of this server that have signed in, by tenant and user. */
export class Connections {
  readonly #tenants = new Map<string, Map<string, Set<ServerConnection>>>()
  #users = 0

  add(connection: ServerConnection) {
    const { tenant_id, user_id } = connection.caller ?? { tenant_id: '', user_id: '' }
    const users = this.#tenants.get(tenant_id) ?? new Map<string, Set<ServerConnection>>()
    this.#tenants.set(tenant_id, users)
    const own = users.get(user_id) ?? new Set<ServerConnection>()
    if (own.size === 0) this.#users++
    users.set(user_id, own.add(connection))
  }

  remove(connection: ServerConnection) {
    const { tenant_id, user_id } = connection.caller ?? { tenant_id: '', user_id: '' }
    const users = this.#tenants.get(tenant_id)
    const own = users?.get(user_id)
    if (!users || !own?.delete(connection) || own.size > 0) return
    this.#users--
    users.delete(user_id)
    if (users.size === 0) this.#tenants.delete(tenant_id)
  }

  /** How many users have a connection here. */
  get users(): number {
    return this.#users
  }

  of(tenant_id: string, user_id: string): Iterable<ServerConnection> {
    return this.#tenants.get(tenant_id)?.get(user_id) ?? []
  }

  user(tenant_id: string, user_id: string): ConnectedUser | undefined {
    const own = [...this.of(tenant_id, user_id)]
    if (own.length === 0) return undefined
    const devices = own.flatMap(({ caller }) => caller?.device_id ?? [])
    return {
      user_id,
      devices: [...new Set(devices)],
      connections: own.length,
      last_active_at: Math.max(...own.map(({ lastActive }) => lastActive)),
    }
  }

  /** By user id, after the one given. */
  list(tenant_id: string, after: string | undefined, limit: number): ConnectedUser[] {
    const ids = [...(this.#tenants.get(tenant_id)?.keys() ?? [])].sort()
    const page = ids.filter((id) => after === undefined || id > after).slice(0, limit)
    return page.flatMap((id) => this.user(tenant_id, id) ?? [])
  }

  *[Symbol.iterator](): Iterator<ServerConnection> {
    for (const users of this.#tenants.values()) for (const own of users.values()) yield* own
  }
}
