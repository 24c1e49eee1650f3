/**
 * What a token lets its bearer do. A permission is a command's name (`message:send`), a name with its reach
 * (`message:edit:own`, `message:delete:any`), a family (`call:*`), `admin` (all of a tenant) or `*`.
 */

/** `any`: whoever's it is. `own`: one's own, and what a role in the room allows. */
export type Reach = 'own' | 'any' | undefined

export interface Permissions {
  /** How far a command may reach; nothing where it may not be used. */
  reach(name: string): Reach
  readonly admin: boolean
  /** As they were given; what an ordinary user may do, where none were. */
  readonly listed: readonly string[]
}

const ORDINARY = ['room:*', 'message:*', 'typing:*', 'presence:*', 'call:*', 'screen:*', 'ai:*'] as const

/** Only those with `admin` or `*`, whatever else is listed. */
export function permissionsOf(given: readonly string[] | undefined): Permissions {
  const listed = given ?? ORDINARY
  const all = new Set<string>(listed)
  const admin = all.has('*') || all.has('admin')
  const known = new Map<string, Reach>()

  function find(name: string): Reach {
    if (admin || all.has(`${name}:any`)) return 'any'
    const families = [...name.matchAll(/:/g)].map(({ index }) => `${name.slice(0, index)}:*`)
    return [name, `${name}:own`, ...families].some((one) => all.has(one)) ? 'own' : undefined
  }

  return {
    admin,
    listed,
    reach(name) {
      if (!known.has(name)) known.set(name, find(name))
      return known.get(name)
    },
  }
}

const ordinary = permissionsOf(undefined)
const shared = new Map<string, Permissions>()
const SHARED_MOST = 1_000

/** The same list gives the same value, so that ten thousand connections of one kind share one. */
export function sharedPermissions(given: readonly string[] | undefined): Permissions {
  if (!given) return ordinary
  const key = JSON.stringify(given)
  const before = shared.get(key)
  if (before) return before
  const made = permissionsOf(given)
  if (shared.size < SHARED_MOST) shared.set(key, made)
  return made
}
