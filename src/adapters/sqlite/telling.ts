// Who follows which room.
import type { Entry } from '../../protocol/entry.ts'

export type Listener = (entry: Entry) => void

export function followings(report: (error: unknown) => void) {
  const rooms = new Map<string, Set<Listener>>()

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
      for (const listener of [...followers]) {
        try {
          listener(entry)
        } catch (error) {
          report(error)
        }
      }
    },
  }
}
