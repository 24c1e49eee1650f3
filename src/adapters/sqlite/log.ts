import type { Log } from '../../ports/log.ts'
import { appending } from './appending.ts'
import type { Core } from './core.ts'
import { answer } from './reading.ts'
import type { followings } from './telling.ts'
import type { upkeep } from './upkeep.ts'

/** What is read at once may be 200 of the largest: so much of it is enough for a page. */
const READ_BYTES = 4 * 1_048_576

interface Parts {
  readonly core: Core
  readonly followers: ReturnType<typeof followings>
  readonly upkeep: ReturnType<typeof upkeep>
  /** How many commits there were that said something. */
  commits(): number
}

export function sqliteLog({ core, followers, upkeep, commits }: Parts): Log {
  const { rooms, entries } = core
  const append = appending(core)

  return {
    // not `async`: that would be one promise more for every message
    append(name, key, draft, along) {
      try {
        return append(name, key, draft, along)
      } catch (error) {
        return answer(() => {
          throw error
        })
      }
    },
    follow: async (name, listener) => followers.follow(name, listener),
    read: (name, { epoch, seq }, limit) =>
      answer(() => {
        const room = rooms.settled(name)
        return room.epoch === epoch
          ? entries.first(room, { from: seq + 1, to: room.committed, limit, bytes: READ_BYTES })
          : []
      }),
    heads: (names) =>
      answer(() =>
        names.map((name) => {
          const { epoch, committed } = rooms.settled(name)
          return { epoch, seq: committed }
        }),
      ),
    commits: async (names) => names.map(() => commits()),
    expire: upkeep.expire,
    cut: upkeep.cut,
  }
}
