/** What is due to be written of devices: all that comes close together goes as one. */
import type { Clock } from '../../ports/clock.ts'
import type { Change, Store } from '../../ports/store.ts'

/** Pongs to the same tick are written together. */
const GATHERED_MS = 500

export interface Device {
  readonly key: string
  readonly tenant_id: string
  readonly user_id: string
  readonly device_id: string
}

interface World {
  readonly store: Pick<Store, 'apply'>
  readonly clock: Clock
  /** As it is when it is written. */
  changesOf(device: Device): readonly Change[]
  report(error: unknown): void
}

export function saving({ store, clock, changesOf, report }: World) {
  let due = new Map<string, Device>()
  let callOff: (() => void) | undefined
  let closed = false

  function add(device: Device) {
    if (closed) return
    due.set(device.key, device)
    callOff ??= clock.after(GATHERED_MS, flush)
  }

  async function flush(): Promise<void> {
    callOff?.()
    callOff = undefined
    const devices = [...due.values()]
    due = new Map()
    const changes = devices.flatMap(changesOf)
    if (changes.length === 0) return
    try {
      await store.apply(changes)
    } catch (error) {
      report(error)
      devices.forEach(add) // tried again
    }
  }

  return {
    add,
    flush,
    /** What is due by now is lost, and so is what comes. */
    close() {
      closed = true
      callOff?.()
    },
  }
}
