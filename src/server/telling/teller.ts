/** Follows the log and tells this server's own sockets: in order, each entry once, with no holes. */
import type { Log } from '../../ports/log.ts'
import type { Entry, Position } from '../../protocol/entry.ts'
import { type Followed, followedRoom, Held, mark, type Watch } from './followed.ts'

const PAGE = 200

export interface Teller {
  /** From what it was told then, all that is said in the room is told here, until the last who attached releases. */
  attach(room: string): Promise<Watch>
  /** Compares what was told with the log, for hints that were lost with none after them. */
  check(): Promise<void>
  /** Marks how far the rooms were told by now; the answer is those that moved since the last time. */
  mark(): Iterable<string>
  /** How many rooms are followed. */
  followed(): number
  close(): void
}

export interface Sayer {
  /** From now on all that is said in the room is told here. */
  begun(room: string): void
  tell(room: string, entry: Entry): void
  /** The room is told here no longer. */
  ended(room: string): void
  /** The log no longer holds what comes next, or begins anew, so the room's sockets must too. */
  cut(room: string): void
  report(error: unknown): void
  /** So many entries were found untold, or were told from the log after all. */
  gap(state: 'found' | 'healed', entries: number): void
  checked(rooms: number): void
  /** In ms of a clock that is never set anew. */
  moment(): number
}

export function teller(log: Log, sayer: Sayer): Teller {
  const { tell, cut, report } = sayer
  const rooms = new Map<string, Followed>()
  let moved: Followed[] = []

  function say(followed: Followed, entry: Entry) {
    followed.told = { epoch: entry.epoch, seq: entry.seq }
    if (!followed.moved) {
      followed.moved = true
      moved.push(followed)
    }
    try {
      tell(followed.room, entry)
    } catch (error) {
      report(error) // one entry that cannot be told must not silence the room
    }
  }

  function hear(followed: Followed, entry: Entry) {
    const { told } = followed
    if (!told) return
    if (entry.epoch !== told.epoch) return end(followed)
    if (entry.seq <= told.seq) return
    if (!followed.healing && entry.seq === told.seq + 1) return say(followed, entry)
    void reach(followed, entry)
  }

  /** Tells from the log what no hint brought. Hints that come meanwhile only move the head. */
  async function reach(followed: Followed, { epoch, seq }: Position) {
    const { told } = followed
    if (!told) return
    if (epoch !== told.epoch) return end(followed)
    followed.head = Math.max(followed.head, seq)
    if (told.seq >= followed.head) return
    followed.healing ??= heal(followed)
    await followed.healing
  }

  async function heal(followed: Followed) {
    await null // never over before it is noted that it goes on
    try {
      while (followed.told && followed.told.seq < followed.head) {
        const entries = await log.read(followed.room, followed.told, PAGE)
        if (!followed.told) return
        if (entries[0]?.seq !== followed.told.seq + 1) return end(followed)
        sayer.gap('found', entries.length)
        for (const entry of entries) {
          if (!followed.told) return // what was told just now ended it
          say(followed, entry)
        }
        sayer.gap('healed', entries.length)
      }
    } catch (error) {
      report(error) // the next hint, or the next check, tries again
    } finally {
      followed.healing = undefined
    }
  }

  function forget(followed: Followed) {
    if (rooms.get(followed.room) === followed) {
      rooms.delete(followed.room)
      if (followed.told) sayer.ended(followed.room)
    }
    followed.told = undefined
    followed.unfollow()
  }

  function end(followed: Followed) {
    forget(followed)
    cut(followed.room)
  }

  function begin(room: string): Followed {
    const followed = followedRoom(room)
    rooms.set(room, followed)
    followed.ready = open(followed)
    return followed
  }

  /** Followed first, asked then: what is committed between the two waits for the answer. */
  async function open(followed: Followed): Promise<void> {
    const early: Entry[] = []
    let listen = (entry: Entry): void => void early.push(entry)
    followed.unfollow = await log.follow(followed.room, (entry) => listen(entry))
    try {
      const [head] = await log.heads([followed.room])
      followed.told = head
    } catch (error) {
      forget(followed)
      throw error
    }
    if (rooms.get(followed.room) !== followed) return forget(followed)
    sayer.begun(followed.room)
    listen = (entry) => hear(followed, entry)
    for (const entry of early) hear(followed, entry)
  }

  const keeper = { reach, forget, now: sayer.moment }

  async function attach(room: string): Promise<Watch> {
    const followed = rooms.get(room) ?? begin(room)
    followed.holders++
    try {
      await followed.ready
    } catch (error) {
      if (rooms.get(room) === followed) rooms.delete(room)
      throw error
    }
    return new Held(followed, keeper)
  }

  async function check() {
    const watched = [...rooms.values()].filter(({ told }) => told)
    sayer.checked(watched.length)
    const commits = await log.commits(watched.map(({ room }) => room))
    const moved = watched
      .map((followed, n) => ({ followed, commits: commits[n] }))
      .filter((one) => one.commits !== one.followed.commits)
    const heads = await log.heads(moved.map(({ followed }) => followed.room))
    await Promise.all(
      moved.map(async ({ followed, commits }, n) => {
        const head = heads[n] as Position
        await reach(followed, head)
        if (followed.told && followed.told.seq >= head.seq) followed.commits = commits
      }),
    )
  }

  function markAll(): string[] {
    const all = moved
    moved = []
    const now = sayer.moment()
    for (const followed of all) {
      followed.moved = false
      mark(followed, now)
    }
    return all.map(({ room }) => room)
  }

  return { attach, check, mark: markAll, followed: () => rooms.size, close: () => [...rooms.values()].forEach(forget) }
}
