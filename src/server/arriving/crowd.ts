/** Whether an address is that of many: as many as an office has, and more than one who does harm has names. */
import type { Caller } from '../../features/caller.ts'
import { keyOf } from '../../protocol/ids.ts'

interface Here {
  readonly network: string | undefined
  readonly caller: Caller | undefined
}

const MANY = 50

export function isCrowd(connections: Iterable<Here>, network: string): boolean {
  const users = new Set<string>()
  for (const { caller, network: from } of connections) {
    if (from === network && caller) users.add(keyOf(caller.tenant_id, caller.user_id))
    if (users.size >= MANY) return true
  }
  return false
}
