import { type Along, type Log, Stale } from '../../ports/log.ts'
import type { Change } from '../../ports/store.ts'
import { sameDraft } from '../../protocol/alike.ts'
import type { Draft, Entry } from '../../protocol/entry.ts'
import { Failure } from '../../protocol/failure.ts'
import { entryId } from '../../protocol/ids.ts'
import { asOf, type Held, type Rooms } from './rooms.ts'

const DAY_MS = 86_400_000

interface World {
  readonly clock: { now(): number }
  readonly rooms: Rooms
  readonly report: (error: unknown) => void
  change(change: Change, seq: number | undefined): void
}

type Listener = (entry: Entry) => void

export function memoryLog({ clock, rooms, report, change }: World): Log {
  const listeners = new Map<string, Set<Listener>>()

  function tell(name: string, entry: Entry) {
    for (const listener of [...(listeners.get(name) ?? [])]) {
      try {
        listener(entry)
      } catch (error) {
        report(error)
      }
    }
  }

  function write(name: string, held: Held, draft: Draft, { touches = [], redacts = [], changes = [] }: Along): Entry {
    const seq = ++held.seq
    const at = Math.max(clock.now(), held.at)
    held.at = at
    const entry: Entry = { ...draft, id: entryId(at, seq), epoch: held.epoch, seq, at }
    held.entries.set(seq, entry)
    for (const subject of touches) held.touched.set(subject, seq)
    for (const redacted of redacts) take(held, redacted, at)
    for (const one of changes) change(one, 'room' in one && one.room !== name ? undefined : seq)
    rooms.commits++
    return entry
  }

  return {
    async append(name, key, draft, along = {}) {
      const held = rooms.get(name)
      const before = held.keys.get(key)
      if (before && before.at > clock.now() - DAY_MS) {
        const entry = held.entries.get(before.seq) ?? { ...before, body: undefined, redacted_at: before.at }
        if (!sameDraft(entry, draft)) throw new Failure('conflict', 'This key was used before, for something else.')
        along.numbered?.()
        return { entry, durability: 'log', duplicate: true }
      }
      if (isStale(held, along)) throw new Stale(Promise.resolve())

      const entry = write(name, held, draft, along)
      held.keys.set(key, entry)
      along.numbered?.()
      tell(name, entry)
      return { entry, durability: 'log', duplicate: false }
    },

    async follow(name, listener) {
      const own: Listener = (entry) => listener(entry)
      const followers = listeners.get(name) ?? new Set()
      listeners.set(name, followers.add(own))
      return () => {
        followers.delete(own)
        if (followers.size === 0 && listeners.get(name) === followers) listeners.delete(name)
      }
    },

    async read(name, after, limit) {
      const held = rooms.get(name)
      if (after.epoch !== held.epoch) return []
      const entries: Entry[] = []
      for (const [seq, entry] of held.entries) {
        if (entries.length === limit) break
        if (seq > after.seq) entries.push(asOf(entry, clock.now()))
      }
      return entries
    },

    heads: async (names) => names.map((name) => rooms.get(name)).map(({ epoch, seq }) => ({ epoch, seq })),
    commits: async (names) => names.map(() => rooms.commits),

    async expire(now, limit) {
      let count = 0
      for (const [, held] of rooms.all())
        for (const [seq, { body, expires_at = Number.POSITIVE_INFINITY }] of held.entries) {
          if (count === limit) return count
          if (body === undefined || expires_at > now) continue
          take(held, seq, undefined)
          count++
        }
      return count
    },

    async cut(name, before, limit) {
      const held = rooms.get(name)
      let count = 0
      for (const [seq, { at }] of held.entries) {
        if (count === limit || at >= before) break
        held.entries.delete(seq)
        held.overlays.delete(seq)
        count++
      }
      if (count > 0) rooms.commits++
      return count
    },
  }
}

/** Where the number is greater than that of any entry, the caller looked at the room before it was made anew. */
function isStale({ touched, epoch }: Held, along: Along): boolean {
  const { since = {} } = along
  if (along.epoch !== undefined && along.epoch !== epoch) return true
  return Object.entries(since).some(([subject, seq]) => {
    const last = touched.get(subject) ?? 0
    return subject === 'room' ? last !== seq : last > seq
  })
}

function take(held: Held, seq: number, redacted_at: number | undefined) {
  const entry = held.entries.get(seq)
  if (!entry) return
  const gone = { ...entry, body: undefined }
  held.entries.set(seq, redacted_at === undefined ? gone : { ...gone, redacted_at })
  const overlay = held.overlays.get(seq)
  if (overlay?.edited) overlay.edited.body = undefined
}
