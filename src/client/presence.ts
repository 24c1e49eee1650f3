/** How others are to be seen, kept up to date over connections; and oneself, told no more often than the service takes. */
import { type Clock, pause } from './clock.ts'
import type { Asking, Command } from './commands.ts'
import { audience } from './listeners.ts'
import { Refusal } from './refusal.ts'
import type { Answer, Data, Told } from './vocabulary.ts'

export type View = Told<'user_presence'>
export type Whom = Data<'presence:subscribe'>
export type Status = Data<'presence:update'>

export interface Presence {
  /** Of many in a short time the last is what counts: all get its answer. */
  set(status: Status): Promise<View>
  /** How they are now; from then on the client hears of each change, also after it came back. */
  subscribe(whom: Whom): Promise<Answer<'presence:subscribe'>>
  unsubscribe(whom: Whom): Promise<void>
  /** As last heard. */
  of(user_id: string): View | undefined
  onChange(listener: (view: View) => void): () => void
}

interface Parts {
  readonly clock: Clock
  readonly command: Command
  /** Comes true when the connection hears its rooms. */
  ready(): Promise<void>
  report(error: unknown): void
}

/** What the service takes. */
const UPDATES = 5
const UPDATES_MS = 30_000
const REQUEST_MS = 30_000
const USERS_AT_ONCE = 500

export function presence({ clock, command, ready, report }: Parts) {
  const known = new Map<string, View>()
  const users = new Set<string>()
  const rooms = new Set<string>()
  const changes = audience<View>(report)
  const updatedAt: number[] = []
  let wanted: Status | undefined
  let next: Promise<View> | undefined
  let connections = 0

  function heard(view: View) {
    known.set(view.user_id, view)
    changes.tell(view)
  }

  function set(status: Status): Promise<View> {
    wanted = status
    next ??= update()
    return next
  }

  async function update(): Promise<View> {
    await turn()
    next = undefined
    const view = await command<View>('presence:update', wanted, { timeoutMs: REQUEST_MS })
    heard(view)
    return view
  }

  async function turn() {
    const [oldest = 0] = updatedAt
    const left = oldest + UPDATES_MS - clock.now()
    if (updatedAt.length === UPDATES) await pause(clock, Math.max(0, Math.min(left, UPDATES_MS)))
    if (updatedAt.length === UPDATES) updatedAt.shift()
    updatedAt.push(clock.now())
  }

  async function ask(whom: Whom, how: Asking): Promise<Answer<'presence:subscribe'>> {
    const answer = await command<Answer<'presence:subscribe'>>('presence:subscribe', whom, how)
    for (const view of answer.presences) heard(view)
    return answer
  }

  /** What is not open to one any more is not told, and not asked for again. */
  function askAgain(whom: Whom) {
    const mine = connections
    ask(whom, { tries: Number.POSITIVE_INFINITY, gone: () => mine !== connections }).catch((error) => {
      if (!(error instanceof Refusal)) report(error)
      else if (!error.retryable) forget(whom)
    })
  }

  function forget({ user_ids = [], room_id }: Whom) {
    for (const user_id of user_ids) users.delete(user_id)
    if (room_id !== undefined) rooms.delete(room_id)
  }

  return {
    set,
    async subscribe(whom: Whom) {
      await ready()
      const answer = await ask(whom, { timeoutMs: REQUEST_MS })
      for (const user_id of whom.user_ids ?? []) users.add(user_id)
      if (whom.room_id !== undefined) rooms.add(whom.room_id)
      return answer
    },
    async unsubscribe(whom: Whom) {
      forget(whom)
      await command('presence:unsubscribe', whom, { timeoutMs: REQUEST_MS })
    },
    of: (user_id: string) => known.get(user_id),
    onChange: changes.on,
    heard,
    /** The connection is gone: what is asked on it is asked anew on the next one. */
    clear() {
      connections++
    },
    /** A new connection watches nobody yet. */
    again() {
      const all = [...users]
      for (let at = 0; at < all.length; at += USERS_AT_ONCE) askAgain({ user_ids: all.slice(at, at + USERS_AT_ONCE) })
      for (const room_id of rooms) askAgain({ room_id })
    },
  }
}
