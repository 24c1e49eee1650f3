// What the serving thread reads: a connection of its own that cannot write, and its statements, prepared once.
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Failure } from '../../protocol/failure.ts'
import type { Run } from './runs.ts'

export type Value = string | number | null | Uint8Array
export type Row = readonly Value[]

export interface Reading {
  /** The first row of an answer. */
  row(sql: string, ...values: (string | number)[]): Row | undefined
  rows(sql: string, ...values: (string | number)[]): Row[]
  /** All that is read in it is of one moment, and what it reads twice it fetches once. */
  within<Answer>(read: () => Answer): Answer
  close(): void
}

const CACHE_KB = 16_384

export function openReading(path: string): Reading {
  const db = new DatabaseSync(path, { readOnly: true })
  db.exec(`PRAGMA cache_size = -${CACHE_KB}; PRAGMA query_only = ON`)
  const statements = new Map<string, StatementSync>()
  let depth = 0

  function statement(sql: string): StatementSync {
    const known = statements.get(sql)
    if (known) return known
    const made = db.prepare(steady(sql))
    made.setReturnArrays(true)
    statements.set(sql, made)
    return made
  }

  return {
    row: (sql, ...values) => statement(sql).get(...values) as Row | undefined,
    rows: (sql, ...values) => statement(sql).all(...values) as unknown as Row[],
    within(read) {
      if (depth > 0) return read()
      depth++
      statement('BEGIN').run()
      try {
        return read()
      } finally {
        depth--
        statement('COMMIT').run()
      }
    },
    close: () => db.close(),
  }
}

/**
 * Where a query is ordered, SQLite plans it for the very values it is asked with, and so prepares it anew each time, which
 * costs several times the reading. What is not a bare parameter it does not look into.
 */
const steady = (sql: string): string => sql.replaceAll('?', '+?')

const RUN = 'first, n, places, at, touched, messages, bytes'
export const LAST_RUN = `SELECT ${RUN} FROM runs WHERE log = ? ORDER BY first DESC LIMIT 1`
/** The runs that hold any of these numbers: none is longer than 64. */
export const RUNS_UP = `SELECT ${RUN} FROM runs WHERE log = ? AND first > ? - 64 AND first <= ? ORDER BY first LIMIT ?`
export const RUNS_DOWN = `SELECT ${RUN} FROM runs WHERE log = ? AND first > ? - 64 AND first <= ? ORDER BY first DESC LIMIT ?`

export function runOf([first, n, places, at, touched, messages, bytes]: Row): Run {
  return {
    first: first as number,
    n: n as number,
    places: uint32sOf(places as Uint8Array),
    at: at as number,
    touched: touched as number,
    messages: messages as number,
    bytes: bytes as number,
  }
}

/** A copy, since what is read may begin at any byte. */
export const uint32sOf = (bytes: Uint8Array): Uint32Array => new Uint32Array(Uint8Array.from(bytes).buffer)

/** What the file refuses is no fault of who asked. */
export async function answer<Answer>(read: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await read()
  } catch (error) {
    throw isOfFile(error) ? unreadable(error) : error
  }
}

const isOfFile = (error: unknown) => (error as { code?: unknown }).code === 'ERR_SQLITE_ERROR'

function unreadable(cause: unknown): Failure {
  const failure = new Failure('unavailable', 'The store cannot be read at the moment.', { retry_after_ms: 1_000 })
  failure.cause = cause
  return failure
}
