/** Which clients of one storage are alive: each holds a lock of its own name, and a lock that is free has lost its holder. */

export interface Locks {
  /** Until the function returned is called, or the page is gone. */
  hold(name: string): () => void
  /** Runs it where nobody holds the name, and keeps others from doing the same meanwhile. */
  ifFree(name: string, act: () => Promise<void>): Promise<void>
}

/** The Web Locks of a browser; nothing where there are none. */
export function webLocks(locks: LockManager | undefined = globalThis.navigator?.locks): Locks | undefined {
  if (!locks) return undefined
  return {
    hold(name) {
      let letGo = () => {}
      const held = new Promise<void>((end) => {
        letGo = end
      })
      locks.request(name, () => held).catch(() => {}) // where they may not be used, there is no storage to share either
      return letGo
    },
    async ifFree(name, act) {
      await locks.request(name, { ifAvailable: true }, (lock) => (lock ? act() : undefined))
    },
  }
}
