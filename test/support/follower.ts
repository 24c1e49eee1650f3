/** A log whose hints come when and as often as the test says, and a teller that follows it. */
import { memoryWorld } from '../../src/adapters/memory/world.ts'
import type { Log } from '../../src/ports/log.ts'
import type { Entry } from '../../src/protocol/entry.ts'
import { teller } from '../../src/server/telling/teller.ts'
import { fakeClock, settled } from './clock.ts'

export const emptyLog = (): Log => memoryWorld(fakeClock().clock).log

export const draft = (text: string, room_id = 'a') => ({
  tenant_id: 'acme',
  room_id,
  action: 'message_new',
  kept: { text },
})

export function follower(log: Log = emptyLog()) {
  const hints: Entry[] = []
  const told: number[] = []
  const cut: string[] = []
  const reported: unknown[] = []
  const did: string[] = []
  const gaps = { found: 0, healed: 0 }
  let moments = 1
  let listener: ((entry: Entry) => void) | undefined
  let followers = 0
  void log.follow('a', (entry) => void hints.push(entry))

  const following: Log = {
    ...log,
    async follow(_, heard) {
      listener = heard
      followers++
      let going = true
      return () => {
        if (going) followers--
        going = false
      }
    },
  }
  const telling = { onTell: (_: Entry): void => {} }
  const made = teller(following, {
    begun: (room) => void did.push(`begun ${room}`),
    ended: (room) => void did.push(`ended ${room}`),
    tell(_, entry) {
      told.push(entry.seq)
      telling.onTell(entry)
    },
    cut: (room) => void cut.push(room),
    report: (error) => void reported.push(error),
    gap(state, entries) {
      gaps[state] += entries
    },
    checked: (rooms) => void did.push(`checked ${rooms}`),
    moment: () => moments++,
  })

  return Object.assign(telling, made, {
    following,
    followers: () => followers,
    told,
    cut,
    reported,
    /** Of rooms that are followed, and of checks. */
    did,
    gaps,
    hints,
    hint: (entry: Entry) => listener?.(entry),
    async append(...texts: string[]) {
      for (const text of texts) await log.append('a', text, draft(text))
    },
    /** Lets the hints of these numbers arrive, in this order; the others stay lost. */
    async arrive(...seqs: number[]) {
      for (const seq of seqs) for (const entry of hints.filter((one) => one.seq === seq)) listener?.(entry)
      await settled()
    },
  })
}
