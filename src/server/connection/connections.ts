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

  /** Of all users of a tenant. */
  *in(tenant_id: string): Iterable<ServerConnection> {
    for (const own of this.#tenants.get(tenant_id)?.values() ?? []) yield* own
  }

  *[Symbol.iterator](): Iterator<ServerConnection> {
    for (const users of this.#tenants.values()) for (const own of users.values()) yield* own
  }
}
