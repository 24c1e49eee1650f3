// Who follows which room.
import type { Entry } from '../../protocol/entry.ts'

export type Listener = (entry: Entry) => void

export function followings(report: (error: unknown) => void) {
  const rooms = new Map<string, Set<Listener>>()

  function hear(listener: Listener, entry: Entry) {
    try {
      listener(entry)
    } catch (error) {
      report(error)
    }
  }

  return {
    follow(room: string, listener: Listener): () => void {
      const own: Listener = (entry) => listener(entry)
      const followers = rooms.get(room) ?? new Set()
      rooms.set(room, followers.add(own))
      return () => {
        followers.delete(own)
        if (followers.size === 0 && rooms.get(room) === followers) rooms.delete(room)
      }
    },

    /** One that throws does not keep the others from being told. */
    tell(room: string, entry: Entry) {
      const followers = rooms.get(room)
      if (!followers) return
      if (followers.size === 1) for (const only of followers) return hear(only, entry)
      for (const listener of [...followers]) hear(listener, entry)
    },
  }
}
