/** What a client's connection can be, and what may follow what. */
export const states = {
  /** What was kept is being read. */
  idle: ['connecting', 'closed'],
  connecting: ['authenticating', 'waiting', 'offline', 'connecting', 'closed'],
  authenticating: ['syncing', 'waiting', 'offline', 'connecting', 'closed'],
  /** Signed in; what was missed is being told. */
  syncing: ['ready', 'draining', 'waiting', 'offline', 'connecting', 'closed'],
  ready: ['draining', 'waiting', 'offline', 'connecting', 'closed'],
  /** The server goes away, and the connection moves to another by itself. */
  draining: ['connecting', 'waiting', 'offline', 'closed'],
  /** For the next try. */
  waiting: ['connecting', 'offline', 'closed'],
  /** There is no network, as far as the machine knows. */
  offline: ['connecting', 'waiting', 'closed'],
  closed: [],
} as const satisfies Record<string, readonly string[]>

export type State = keyof typeof states

export const mayFollow = (from: State, to: State): boolean => (states[from] as readonly State[]).includes(to)

/** Whether commands are taken. */
export const signedIn = (state: State): boolean => state === 'syncing' || state === 'ready'
