/** How far each room was heard, kept for the next client of the same storage. */
import type { Position } from '../protocol/entry.ts'
import type { Clock } from './clock.ts'
import type { Storage } from './storage.ts'

/** `at` is when the room was last spoken in. */
export interface Place extends Position {
  readonly at: number
}

export interface Positions {
  load(): Promise<[room_id: string, Place][]>
  /** Nothing where the room is not heard any more. */
  set(room_id: string, place: Place | undefined): void
  flush(): Promise<void>
}

interface Parts {
  readonly clock: Clock
  readonly storage: Storage
  report(error: unknown): void
}

/** Many changes in so short a time are written once. */
const WRITE_MS = 250

export function positions({ clock, storage, report }: Parts): Positions {
  const unwritten = new Map<string, Place | undefined>()
  const written = new Set<string>()
  let callOff: (() => void) | undefined

  async function flush() {
    callOff?.()
    callOff = undefined
    const values = [...unwritten]
    unwritten.clear()
    if (values.length > 0) await storage.write('position', values).catch(report)
  }

  return {
    async load() {
      const places = (await storage.all('position')) as [string, Place][]
      for (const [room_id] of places) written.add(room_id)
      return places
    },
    set(room_id, place) {
      unwritten.set(room_id, place)
      // from an old place entries are told again; from none the next client would begin with what is new
      const isFirst = !written.has(room_id)
      if (place) written.add(room_id)
      else written.delete(room_id)
      if (isFirst) callOff?.()
      if (isFirst || !callOff) callOff = clock.after(isFirst ? 0 : WRITE_MS, () => void flush())
    },
    flush,
  }
}
