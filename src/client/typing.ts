/** That one is typing, told no more often than it is of use: from keystroke to keystroke nothing goes out. */
import type { Clock } from './clock.ts'

interface Parts {
  readonly clock: Clock
  /** Once, now or never: nobody wants to know later. */
  tell(name: 'typing:start' | 'typing:stop', data: { room_id: string }): void
}

/** A start is relayed at most so often, and lapses after twice that. */
const START_MS = 3_000
/** Who wrote nothing for so long has stopped. */
const IDLE_MS = 5_000

export function typing({ clock, tell }: Parts) {
  const rooms = new Map<string, { startedAt: number; callOff(): void }>()

  function stop(room_id: string) {
    const room = rooms.get(room_id)
    if (!room) return
    room.callOff()
    rooms.delete(room_id)
    tell('typing:stop', { room_id })
  }

  return {
    typed(room_id: string) {
      const now = clock.now()
      const before = rooms.get(room_id)
      before?.callOff()
      const due = !before || now - before.startedAt >= START_MS
      const callOff = clock.after(IDLE_MS, () => stop(room_id))
      rooms.set(room_id, { startedAt: due ? now : before.startedAt, callOff })
      if (due) tell('typing:start', { room_id })
    },
    stop,
    /** What was sent is typed no longer: the message itself says so. */
    sent: stop,
    /** The connection is gone, and with it what it said. */
    clear() {
      for (const { callOff } of rooms.values()) callOff()
      rooms.clear()
    },
  }
}
