// What the writer's thread does that is more than one statement.
import type { StatementSync } from 'node:sqlite'
import { DAY_MS, PAGES, pagesOf } from './keys.ts'
import { withoutBody } from './line.ts'
import type { Enqueued, Special, StoredGeneration, Young } from './ops.ts'
import { uint32sOf } from './reading.ts'
import { endOf, markTaken } from './runs.ts'

interface StoredRun {
  readonly first: number
  readonly n: number
  readonly places: Uint8Array
}

export function deeds(sql: (text: string) => StatementSync) {
  function take(log: number, seq: number, n: number, redacted_at: number | null) {
    const found = sql('SELECT entry FROM entries WHERE n = ? AND log = ?').get(n, log) as
      | { entry: Uint8Array }
      | undefined
    if (!found) return
    strip(n, found.entry, redacted_at)
    sql('UPDATE messages SET body = NULL WHERE log = ? AND seq = ?').run(log, seq)
    mark(log, seq)
  }

  function strip(n: number, entry: Uint8Array, redacted_at: number | null) {
    const { bytes, expires_at } = withoutBody(entry, redacted_at ?? undefined)
    sql('UPDATE entries SET entry = ? WHERE n = ?').run(bytes, n)
    if (expires_at !== undefined) sql('DELETE FROM expiring WHERE expires_at = ? AND n = ?').run(expires_at, n)
  }

  /** Where the entry is in a run already. */
  function mark(log: number, seq: number) {
    const stored = sql('SELECT first, n, places FROM runs WHERE log = ? AND first <= ? ORDER BY first DESC').get(
      log,
      seq,
    ) as StoredRun | undefined
    if (!stored) return
    const run = { first: stored.first, places: uint32sOf(stored.places) }
    if (seq > endOf(run)) return
    markTaken(run, seq)
    const places = new Uint8Array(run.places.buffer)
    sql('UPDATE runs SET places = ? WHERE log = ? AND first = ?').run(places, log, run.first)
  }

  /** The last run stays: it tells where the log ends. */
  function cut(log: number, tailSeq: number, ns: readonly number[], young: readonly Young[]) {
    for (const n of ns) sql('DELETE FROM entries WHERE n = ?').run(n)
    for (const { until, ns } of young) for (const n of ns) haunt(n, until)
    sql(`DELETE FROM runs WHERE log = ?1 AND first < (
      SELECT max(first) FROM runs WHERE log = ?1 AND first <= ?2)`).run(log, tailSeq)
    for (const table of ['messages', 'edits', 'reactions'])
      sql(`DELETE FROM ${table} WHERE log = ? AND seq < ?`).run(log, tailSeq)
  }

  /** What is left of an entry until its key may be used again. */
  function haunt(n: number, until: number) {
    const found = sql('SELECT entry FROM entries WHERE n = ?').get(n) as { entry: Uint8Array } | undefined
    if (found) strip(n, found.entry, until - DAY_MS)
    sql('INSERT OR IGNORE INTO ghosts (until, n) VALUES (?, ?)').run(until, n)
  }

  function keepKeys({ id, first, last, since, until, bits }: StoredGeneration, table: Uint32Array) {
    for (const [page, pairs] of pagesOf(table, bits))
      sql('INSERT INTO keys (page, hashes) VALUES (?, ?)').run(
        id * PAGES + page,
        new Uint8Array(Uint32Array.from(pairs).buffer),
      )
    sql('INSERT INTO generations VALUES (?, ?, ?, ?, ?, ?)').run(id, first, last, since, until, bits)
  }

  function dropKeys(id: number) {
    sql('DELETE FROM keys WHERE page >= ? AND page < ?').run(id * PAGES, (id + 1) * PAGES)
    sql('DELETE FROM generations WHERE generation = ?').run(id)
  }

  /** A dropped log goes in pieces: first its entries, run by run, then what else has its number. */
  function purge(rows: number) {
    const dropped = sql(`SELECT log FROM dropped
      WHERE n <= (SELECT value FROM facts WHERE name = 'folded') LIMIT 1`).get() as { log: number } | undefined
    if (!dropped) return
    const { log } = dropped
    if (purgeRuns(log, rows) || purgeRest(log, rows)) return
    sql('DELETE FROM dropped WHERE log = ?').run(log)
  }

  function purgeRuns(log: number, rows: number): boolean {
    const runs = sql('SELECT first, n, places FROM runs WHERE log = ? ORDER BY first LIMIT ?').all(
      log,
      Math.ceil(rows / 64),
    ) as unknown as StoredRun[]
    for (const { first, n, places } of runs) {
      uint32sOf(places).forEach((distance, i) => {
        if (i % 2 === 0) sql('DELETE FROM entries WHERE n = ?').run(n + distance)
      })
      sql('DELETE FROM runs WHERE log = ? AND first = ?').run(log, first)
    }
    return runs.length > 0
  }

  function purgeRest(log: number, rows: number): boolean {
    const members = sql(`DELETE FROM members WHERE log = ?1 AND user_id IN (
      SELECT user_id FROM members WHERE log = ?1 LIMIT ?2)`).run(log, rows)
    if (Number(members.changes) > 0) return true
    const reactions = sql(`DELETE FROM reactions WHERE reaction IN (
      SELECT reaction FROM reactions WHERE log = ? LIMIT ?)`).run(log, rows)
    if (Number(reactions.changes) > 0) return true
    for (const table of ['messages', 'edits', 'invitations']) sql(`DELETE FROM ${table} WHERE log = ?`).run(log)
    return false
  }

  function enqueue([tenant_id, user_id, ...rest]: Enqueued, most: number, now: number) {
    const { changes } = sql(`INSERT INTO queued
      (tenant_id, user_id, id, device_id, action, data, created_at, expires_at) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
      WHERE NOT EXISTS (SELECT 1 FROM queued WHERE tenant_id = ?1 AND user_id = ?2 AND id = ?3)`).run(
      tenant_id,
      user_id,
      ...rest,
    )
    if (Number(changes) === 0) return
    sql(`DELETE FROM queued WHERE tenant_id = ?1 AND user_id = ?2 AND id <= (
      SELECT id FROM queued WHERE tenant_id = ?1 AND user_id = ?2 AND expires_at > ?3
      ORDER BY id DESC LIMIT 1 OFFSET ?4)`).run(tenant_id, user_id, now, most)
  }

  return (op: Special) => {
    if (op[0] === 'enqueue') return enqueue(op[1], op[2], op[3])
    if (op[0] === 'take') return take(op[1], op[2], op[3], op[4])
    if (op[0] === 'cut') return cut(op[1], op[2], op[3], op[4])
    if (op[0] === 'keep_keys') return keepKeys(op[1], op[2])
    if (op[0] === 'drop_keys') return dropKeys(op[1])
    return purge(op[1])
  }
}
