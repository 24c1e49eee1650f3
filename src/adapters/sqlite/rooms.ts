// The rooms' logs as the serving thread knows them: where they end, and what of them is in no run yet.
import type { Appended } from '../../ports/log.ts'
import type { Entry } from '../../protocol/entry.ts'
import type { Failure } from '../../protocol/failure.ts'
import { newId } from '../../protocol/ids.ts'
import type { Batch } from './batch.ts'
import { LAST_RUN, type Reading, type Row, runOf } from './reading.ts'
import { endOf, type Run } from './runs.ts'

/** An entry that has its number, from then until it is in a run. */
export interface Item {
  readonly room: RoomLog
  readonly n: number
  readonly key: string
  /** What is told of it; without its body once that was taken. */
  entry: Entry
  /** As it goes into its run. */
  word: number
  readonly bytes: number
  readonly touchesRoom: boolean
  readonly appended: Promise<Appended>
  readonly resolve: (appended: Appended) => void
  readonly reject: (failure: Failure) => void
}

export interface RoomLog {
  readonly name: string
  /** 0 until there is one. */
  log: number
  epoch: string
  tenant_id: string | undefined
  room_id: string | undefined
  /** The first number that is still held. */
  tailSeq: number
  /** What was cut off it. */
  cut: { messages: number; bytes: number }
  /** Of its last entry, committed or not. */
  seq: number
  at: number
  touched: number
  /** The number of the last committed entry. */
  committed: number
  /** Its last run; the entries after that, in order. */
  run: Run | undefined
  readonly tail: Item[]
  /** The log that it takes the place of, until that is committed. */
  was: RoomLog | undefined
  /** The last batch that has to do with it. */
  batch: number
}

export interface Rooms {
  /** With what is numbered, though not committed. */
  of(name: string): RoomLog
  /** As it is committed. */
  settled(name: string): RoomLog
  /** By number, whether or not it has a name; for the start. */
  byLog(log: number): RoomLog
  /** Gives it a log. */
  make(room: RoomLog, batch: Batch, of: { tenant_id?: string; room_id?: string }): void
  /** Another log takes its name, with nothing in it. */
  drop(room: RoomLog, batch: Batch): void
  /** Those with entries that are in no run. */
  readonly active: Set<RoomLog>
  /** Takes what is numbered but not committed away again. */
  restore(room: RoomLog): void
}

const MOST = 20_000
const LOOK_AT = 16

const LOG = 'SELECT log, epoch, tenant_id, room_id, tail_seq, cut_messages, cut_bytes, room FROM logs WHERE'
const BY_ROOM = `${LOG} room = ?`
const BY_LOG = `${LOG} log = ?`

interface World {
  readonly reading: Reading
  /** Of logs that were never dropped. */
  readonly epoch: string
  /** The greatest number of a log so far. */
  readonly last: number
  /** Of the last committed batch. */
  committed(): number
  /** The last entry of all so far. */
  lastN(): number
}

export function roomLogs({ reading, epoch, last, committed, lastN }: World): Rooms {
  const names = new Map<string, RoomLog>()
  const active = new Set<RoomLog>()
  let lastLog = last

  function opened(name: string, row: Row | undefined): RoomLog {
    const [log = 0, ownEpoch, tenant_id, room_id, tailSeq = 1, messages = 0, bytes = 0] = row ?? []
    const stored = log === 0 ? undefined : reading.row(LAST_RUN, log as number)
    const room: RoomLog = {
      name,
      log: log as number,
      epoch: (ownEpoch as string | null | undefined) ?? epoch,
      tenant_id: (tenant_id as string | null) ?? undefined,
      room_id: (room_id as string | null) ?? undefined,
      tailSeq: tailSeq as number,
      cut: { messages: messages as number, bytes: bytes as number },
      seq: 0,
      at: 0,
      touched: 0,
      committed: 0,
      run: stored && runOf(stored),
      tail: [],
      was: undefined,
      batch: 0,
    }
    restore(room)
    room.committed = room.seq
    return room
  }

  function restore(room: RoomLog) {
    const { run, tail } = room
    const last = tail.at(-1)
    room.seq = last?.entry.seq ?? (run ? endOf(run) : 0)
    room.at = last?.entry.at ?? run?.at ?? 0
    room.touched = tail.findLast(({ touchesRoom }) => touchesRoom)?.entry.seq ?? run?.touched ?? 0
  }

  function of(name: string): RoomLog {
    const known = names.get(name)
    if (known) return known
    const room = opened(name, reading.row(BY_ROOM, name))
    if (names.size >= MOST) makeRoom()
    names.set(name, room)
    return room
  }

  /** The longest known go first, where all that is known of them is on disk. */
  function makeRoom() {
    let looked = 0
    for (const [name, room] of names) {
      names.delete(name)
      if (room.tail.length > 0 || room.batch > committed()) names.set(name, room)
      if (++looked === LOOK_AT) return
    }
  }

  return {
    of,
    active,
    restore,

    settled(name) {
      let room = of(name)
      while (room.was) room = room.was
      return room
    },

    byLog(log) {
      const row = reading.row(BY_LOG, log)
      const name = row?.[7] as string | undefined
      return name === undefined ? opened('', [log, '', null, null]) : of(name)
    },

    make(room, batch, { tenant_id, room_id }) {
      room.log = ++lastLog
      room.tenant_id = tenant_id
      room.room_id = room_id
      room.batch = batch.number
      batch.ops.push(['make_log', room.log, room.name, null, tenant_id ?? null, room_id ?? null])
      batch.undone.push(() => names.delete(room.name))
    },

    drop(room, batch) {
      const { name, log, tenant_id = null, room_id = null } = room
      if (log === 0) return
      const next = opened(name, [++lastLog, newId(), tenant_id, room_id])
      Object.assign(next, { was: room, batch: batch.number })
      room.batch = batch.number
      names.set(name, next)
      batch.ops.push(['drop_log', log], ['drop_room', log], ['leave_log', log, lastN()])
      batch.ops.push(['make_log', next.log, name, next.epoch, tenant_id, room_id])
      batch.committed.push(() => {
        next.was = undefined
      })
      batch.undone.push(() => names.set(name, room))
    },
  }
}
