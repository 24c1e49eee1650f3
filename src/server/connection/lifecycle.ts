/** The states of a connection, and which may follow which: their names are the metrics' labels. */
export const lifecycle = {
  connecting: ['authenticating', 'closed'],
  authenticating: ['assigning_rooms', 'closed'],
  assigning_rooms: ['syncing', 'closed'],
  syncing: ['active', 'closed'],
  active: ['draining', 'closed'],
  draining: ['closed'],
  closed: ['cleaned_up'],
  cleaned_up: [],
} as const satisfies Record<string, readonly string[]>

export type State = keyof typeof lifecycle

export const mayFollow = (from: State, to: State): boolean => (lifecycle[from] as readonly State[]).includes(to)
