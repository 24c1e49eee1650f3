/** Every entry of every room's log, once and in order: what is missing is asked for before what follows it is told. */
import type { Position } from '../protocol/entry.ts'
import type { Envelope } from '../protocol/envelope.ts'
import type { Command } from './commands.ts'
import { Refusal } from './refusal.ts'
import { firstAhead, hold, isBehind, latestFirst, moveTo, newLog, type RoomLog, takeNext } from './rooms.ts'

/** What a room's entries were before does not go on: whoever shows the room begins anew, with its history. */
export interface Reset extends Position {
  readonly room_id: string
}

export interface Attached {
  readonly room_id: string
  readonly epoch: string
  readonly attach_seq: number
  /** When it was last spoken in, where that is known. */
  readonly updated_at?: number | undefined
}

export interface Gaps {
  /** A room was heard up to there, by an earlier client. */
  resume(room_id: string, place: Position & { at: number }): void
  /** Of so many rooms, those that were most lately spoken in; of all, or of those that this connection does not follow yet. */
  positions(which: 'all' | 'loose', most: number): Record<string, Position>
  /** A connection begins. Whether the service continues each position that it was given. */
  begin(recovered: boolean, given: Record<string, Position>): void
  /** An entry came, live. */
  hear(entry: Envelope): void
  /** Where a room's live stream starts on this connection. */
  attach(room: Attached): void
  /** All rooms were named: those that are not attached by now are not heard any more, but for those that are `kept`. */
  named(kept: ReadonlySet<string>): void
  forget(room_id: string): void
  /** Tells nothing more: what is left is for the next client. */
  end(): void
  /** Whether nothing is missing. */
  readonly whole: boolean
}

interface Parts {
  readonly command: Command
  /** Whether what came before the first sign-in was named is told, or only what is new. */
  readonly resume: boolean
  /** Tells an entry; a promise where that takes time. */
  tell(entry: Envelope): Promise<unknown> | undefined
  reset(room: Reset): void
  /** What was told up to here is done with; nothing where the room is no more. */
  done(log: Readonly<RoomLog>, seq: number | undefined): void
  /** Nothing is missing any more. */
  healed(): void
  report(error: unknown): void
}

interface Entry {
  readonly room_id: string
  readonly seq: number
}

interface Synced {
  readonly room_id: string
  readonly epoch: string
  readonly events: Envelope[]
  readonly last_seq: number
  readonly has_more: boolean
  readonly reset?: boolean
}

const ROOMS_AT_ONCE = 100

export function gaps({ command, resume, tell, reset, done, healed, report }: Parts): Gaps {
  const logs = new Map<string, RoomLog>()
  const lagging = new Set<RoomLog>()
  /** What still settles of each room, the last of a chain. */
  const settling = new Map<RoomLog, Promise<unknown>>()
  let healing = false
  let allNamed = false
  let onlyNew = !resume
  let over = false

  function logOf(room_id: string): RoomLog {
    const log = logs.get(room_id) ?? newLog(room_id)
    logs.set(room_id, log)
    return log
  }

  const isCurrent = (log: RoomLog) => logs.get(log.room_id) === log

  function take(log: RoomLog, entry: Envelope) {
    const { seq } = entry.payload.data as Entry
    if (log.epoch !== undefined && log.attached && seq <= log.seq) return
    hold(log, seq, entry)
    advance(log)
  }

  /** Tells what follows; what is missing before the rest is asked for. */
  function advance(log: RoomLog) {
    if (log.epoch === undefined) return void (allNamed && lag(log)) // it may yet be named
    if (!log.attached) return
    tellNext(log)
    if (isBehind(log)) lag(log)
  }

  function tellNext(log: RoomLog) {
    for (let entry = takeNext(log); entry && isCurrent(log); entry = takeNext(log)) say(log, entry)
  }

  function say(log: RoomLog, entry: Envelope) {
    const { epoch, seq } = log
    log.at = Math.max(log.at, entry.timestamp)
    const told = tell(entry)
    if (!isCurrent(log)) return // it told of the room's end
    const before = settling.get(log)
    if (!told && !before) return done(log, seq)
    const settled = Promise.all([before, told])
      .catch(report)
      .then(() => {
        if (isCurrent(log) && log.epoch === epoch) done(log, seq)
        if (settling.get(log) === settled) settling.delete(log)
      })
    settling.set(log, settled)
  }

  function startAnew(log: RoomLog, { epoch, seq }: Position) {
    moveTo(log, { epoch, seq })
    done(log, seq)
    reset({ room_id: log.room_id, epoch, seq })
  }

  function lag(log: RoomLog) {
    lagging.add(log)
    if (!healing) void heal()
  }

  async function heal() {
    healing = true
    let most = ROOMS_AT_ONCE
    try {
      while (lagging.size > 0) most = await healSome([...lagging].slice(0, most))
    } catch (error) {
      if (!(error instanceof Refusal)) report(error) // a client that ended is healed by the next one
    }
    healing = false
    if (lagging.size === 0) healed()
  }

  /** How many to ask for next: where one of many is refused, each is asked for alone. */
  async function healSome(some: RoomLog[]): Promise<number> {
    const asked = some.map((log) => ({ room_id: log.room_id, epoch: log.epoch, after_seq: startOf(log) }))
    try {
      const patient = { tries: Number.POSITIVE_INFINITY }
      const { rooms } = await command<{ rooms: Synced[] }>('message:sync', { rooms: asked }, patient)
      const byRoom = new Map(asked.map((one) => [one.room_id, one]))
      for (const answer of rooms) heard(answer, byRoom.get(answer.room_id))
      return ROOMS_AT_ONCE
    } catch (error) {
      const isOut = error instanceof Refusal && ['forbidden', 'not_found'].includes(error.code)
      if (!isOut) throw error
      if (some.length === 1) for (const { room_id } of some) forget(room_id)
      return 1
    }
  }

  const startOf = (log: RoomLog) => (log.epoch === undefined ? firstAhead(log) - 1 : log.seq)

  function heard(answer: Synced, asked: { epoch: string | undefined; after_seq: number } | undefined) {
    const log = logs.get(answer.room_id)
    if (!log || !asked || over) return
    if (log.epoch === undefined) moveTo(log, { epoch: answer.epoch, seq: asked.after_seq })
    else if (log.epoch !== asked.epoch) return // it began anew meanwhile
    log.attached = true
    const before = log.seq
    if (answer.reset) startAnew(log, { epoch: answer.epoch, seq: answer.last_seq })
    for (const entry of answer.events)
      if (!over && (entry.payload.data as Entry).seq === log.seq + 1 && isCurrent(log))
        say(log, takeNext(log, entry) as Envelope)
    tellNext(log)
    const unfillable = !answer.has_more && isBehind(log) && log.seq === before
    if (unfillable) startAnew(log, { epoch: answer.epoch, seq: log.highest })
    if (!answer.has_more && !isBehind(log)) lagging.delete(log)
  }

  function forget(room_id: string) {
    const log = logs.get(room_id)
    if (!log) return
    logs.delete(room_id)
    lagging.delete(log)
    done(log, undefined)
  }

  function attach({ room_id, epoch, attach_seq, updated_at = 0 }: Attached) {
    const log = logOf(room_id)
    log.at = Math.max(log.at, updated_at)
    const wasAttached = log.attached
    log.attached = true
    if (log.epoch === undefined) {
      // what came before it was named was told to this connection, and so it is to be told
      moveTo(log, { epoch, seq: onlyNew ? attach_seq : Math.min(attach_seq, firstAhead(log) - 1) })
      done(log, log.seq)
    }
    const goesOn = log.epoch === epoch && (wasAttached || attach_seq >= log.seq)
    if (!goesOn) startAnew(log, { epoch, seq: attach_seq })
    log.highest = Math.max(log.highest, attach_seq)
    advance(log)
  }

  return {
    resume: (room_id, { epoch, seq, at }) => void logs.set(room_id, { ...newLog(room_id), epoch, seq, at }),
    positions(which, most) {
      const known = latestFirst(logs.values()).filter(({ epoch }) => epoch !== undefined)
      const some = known.filter(({ attached }) => which === 'all' || !attached).slice(0, most)
      return Object.fromEntries(some.map(({ room_id, epoch, seq }) => [room_id, { epoch: epoch as string, seq }]))
    },
    begin(recovered, given) {
      allNamed = false
      for (const log of logs.values()) {
        log.ahead.clear() // it comes again
        log.highest = 0
        log.attached = recovered && Object.hasOwn(given, log.room_id)
        if (log.epoch === undefined) forget(log.room_id)
      }
    },
    hear(entry) {
      const { room_id } = entry.payload.data as Entry
      take(logOf(room_id), entry)
    },
    attach,
    named(kept) {
      allNamed = true
      onlyNew = false
      for (const log of logs.values()) {
        if (log.attached) continue
        if (log.ahead.size > 0) lag(log)
        else if (!kept.has(log.room_id)) forget(log.room_id)
      }
    },
    forget,
    end() {
      over = true
      for (const { ahead } of logs.values()) ahead.clear()
    },
    get whole() {
      return lagging.size === 0
    },
  }
}
