// The writer's thread: it has the only connection that writes, and commits one batch after another.
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { deeds } from './deeds.ts'
import { type Op, type Outcome, type Special, type StatementName, statements, type Written } from './ops.ts'

const CACHE_KB = 65_536
/** The log of writes is taken over into the file when it has so many pages; that much of it is kept on disk. */
const CHECKPOINT_PAGES = 2_000
const JOURNAL_BYTES = 64 * 1_048_576

const port = parentPort as NonNullable<typeof parentPort>
const db = opened((workerData as { path: string }).path)
const prepared = new Map<string, StatementSync>()
const special = deeds((sql) => prepare(sql))

const entry = prepare('INSERT INTO entries (n, log, seq, entry) VALUES (?, ?, ?, ?)')
const run = prepare(`INSERT OR REPLACE INTO runs (log, first, n, at, touched, messages, bytes, places)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
const fold = prepare("UPDATE facts SET value = ? WHERE name = 'folded'")
const lastEntry = prepare('SELECT coalesce(max(n), 0) AS n FROM entries')
const [begin, commit, rollback] = ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'].map(prepare) as [
  StatementSync,
  StatementSync,
  StatementSync,
]

const numbers: Float64Array[] = []
const bytes: Uint8Array[] = []

port.on('message', (message: Written | 'close') => {
  if (message !== 'close') return port.postMessage(write(message))
  db.close()
  port.postMessage('closed')
})
port.postMessage('ready')

function opened(path: string): DatabaseSync {
  const db = new DatabaseSync(path)
  // what is deleted is overwritten where that costs no further page
  db.exec(`PRAGMA synchronous = FULL; PRAGMA cache_size = -${CACHE_KB}; PRAGMA temp_store = MEMORY;
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = ${JOURNAL_BYTES};
    PRAGMA secure_delete = FAST; PRAGMA busy_timeout = 5000`)
  return db
}

function prepare(sql: string): StatementSync {
  const known = prepared.get(sql)
  if (known) return known
  const made = db.prepare(sql)
  prepared.set(sql, made)
  return made
}

function write(written: Written): Outcome {
  const began = performance.now()
  try {
    begin.run()
    fill(written)
    commit.run()
    return { ms: performance.now() - began }
  } catch (error) {
    if (db.isTransaction) rollback.run()
    return { failed: error instanceof Error ? error.message : String(error), lastN: lastN() }
  }
}

/** Whatever the failure said: what is there, is there. */
const lastN = () => (lastEntry.get() as { n: number }).n

/** Runs come before the rest: what is done to an entry is also done to its run. */
function fill(written: Written) {
  const { slot, foldedN, ops } = written
  if (written.numbers) numbers[slot] = new Float64Array(written.numbers)
  if (written.bytes) bytes[slot] = new Uint8Array(written.bytes)
  writeRuns(written, writeEntries(written))
  if (foldedN !== undefined) fold.run(foldedN)
  for (const op of ops) carryOut(op)
}

/** The answer is where the bytes of the runs begin. */
function writeEntries({ slot, firstN, entries }: Written): number {
  const [from, memory] = [numbers[slot] as Float64Array, bytes[slot] as Uint8Array]
  let at = 0
  for (let i = 0; i < entries; i++) {
    const end = at + (from[i * 3 + 2] as number)
    entry.run(firstN + i, from[i * 3] as number, from[i * 3 + 1] as number, memory.subarray(at, end))
    at = end
  }
  return at
}

function writeRuns({ slot, entries, runs }: Written, from: number) {
  const memory = bytes[slot] as Uint8Array
  let at = from
  for (let i = 0; i < runs; i++) {
    const begin = entries * 3 + i * 8
    const values = (numbers[slot] as Float64Array).subarray(begin, begin + 8)
    const end = at + (values[7] as number)
    run.run(...values.subarray(0, 7), memory.subarray(at, end))
    at = end
  }
}

function carryOut(op: Op) {
  const [name, ...values] = op
  if (name in statements) prepare(statements[name as StatementName]).run(...(values as string[]))
  else special(op as Special)
}
