/**
 * What one connection sends to one room is numbered in the order sent: its commands go one after the other, but only
 * until the one before has its number, not until it is committed.
 */
export interface Lane {
  /** Lets the next one begin. Said again it does nothing. */
  leave(): void
}

type Lanes = Map<string, Promise<void>>

/** Free at once where nothing is before it in the lane, and then without waiting. */
export function enterLane(lanes: Lanes, name: string): Lane | Promise<Lane> {
  const before = lanes.get(name)
  let free: () => void = () => {}
  const own = new Promise<void>((resolve) => {
    free = resolve
  })
  lanes.set(name, own)
  const lane: Lane = {
    leave() {
      if (lanes.get(name) === own) lanes.delete(name)
      free()
    },
  }
  return before ? before.then(() => lane) : lane
}
