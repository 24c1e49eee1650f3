/** What the machine says of its network and of who looks: a browser's events, where there is a browser. */

export type Signal = 'online' | 'offline' | 'moved' | 'returned'

export interface Signals {
  /** Whether there may be a network. */
  isOnline(): boolean
  /** `moved` is from one network to another, `returned` is someone to a page that lay in the background. */
  listen(heard: (signal: Signal) => void): () => void
}

interface Emitter {
  addEventListener?(name: string, listener: (event: { persisted?: boolean }) => void): void
  removeEventListener?(name: string, listener: (event: { persisted?: boolean }) => void): void
}

interface Surroundings extends Emitter {
  readonly navigator?: { readonly onLine?: boolean; readonly connection?: Emitter & { readonly type?: string } }
  readonly document?: Emitter & { readonly visibilityState: string }
}

export function systemSignals(around = globalThis as unknown as Surroundings): Signals {
  const { navigator, document } = around
  const { connection } = navigator ?? {}

  return {
    isOnline: () => navigator?.onLine !== false,
    listen(heard) {
      let type = connection?.type
      /** It also tells of every guess how fast the network may be. */
      function moved() {
        if (connection?.type === type) return
        type = connection?.type
        heard('moved')
      }
      const events: [Emitter | undefined, string, (event: { persisted?: boolean }) => void][] = [
        [around, 'online', () => heard('online')],
        [around, 'offline', () => heard('offline')],
        [around, 'pageshow', ({ persisted }) => persisted && heard('returned')],
        [document, 'visibilitychange', () => document?.visibilityState === 'visible' && heard('returned')],
        [connection, 'change', moved],
      ]
      for (const [where, name, listener] of events) where?.addEventListener?.(name, listener)
      return () => {
        for (const [where, name, listener] of events) where?.removeEventListener?.(name, listener)
      }
    },
  }
}
