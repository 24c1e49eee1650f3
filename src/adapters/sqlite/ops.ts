// What the writer's thread is asked to do, beside writing entries and runs: most of it is one statement.

export const statements = {
  try: "INSERT OR REPLACE INTO facts (name, value) VALUES ('tried', ?)",

  make_log: 'INSERT INTO logs (log, room, epoch, tenant_id, room_id) VALUES (?, ?, ?, ?, ?)',
  cut_log: 'UPDATE logs SET tail_seq = ?2, cut_messages = ?3, cut_bytes = ?4 WHERE log = ?1',
  drop_log: 'DELETE FROM logs WHERE log = ?',
  leave_log: 'INSERT INTO dropped (log, n) VALUES (?, ?)',

  set_room: `INSERT INTO rooms (log, tenant_id, room_id, state, retention_s, members)
    VALUES (?1, ?2, ?3, ?4, ?5, (SELECT count(*) FROM members WHERE log = ?1))
    ON CONFLICT (log) DO UPDATE SET state = excluded.state, retention_s = excluded.retention_s`,
  drop_room: 'DELETE FROM rooms WHERE log = ?',

  set_member: `INSERT INTO members (log, user_id, role, joined_at, joined_seq, read_seq, delivered_seq, tenant_id)
    VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?5, (SELECT tenant_id FROM rooms WHERE log = ?1))
    ON CONFLICT (log, user_id) DO UPDATE SET role = excluded.role`,
  drop_member: 'DELETE FROM members WHERE log = ? AND user_id = ?',
  receipt: `UPDATE members SET read_seq = max(read_seq, ?3), delivered_seq = max(delivered_seq, ?4)
    WHERE log = ?1 AND user_id = ?2`,

  invite: `INSERT INTO invitations (log, user_id, by, at) VALUES (?, ?, ?, ?)
    ON CONFLICT (log, user_id) DO UPDATE SET by = excluded.by, at = excluded.at`,
  uninvite: 'DELETE FROM invitations WHERE log = ? AND user_id = ?',

  edit: `INSERT INTO messages (log, seq, body, version, edited_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (log, seq) DO UPDATE SET version = excluded.version, edited_at = excluded.edited_at,
      body = iif(deleted, NULL, excluded.body)`,
  edited_by: 'INSERT OR IGNORE INTO edits (log, seq, edit) VALUES (?, ?, ?)',
  delete: `INSERT INTO messages (log, seq, deleted) VALUES (?, ?, 1)
    ON CONFLICT (log, seq) DO UPDATE SET deleted = 1, body = NULL`,
  touch: `INSERT INTO messages (log, seq, touched) VALUES (?, ?, ?)
    ON CONFLICT (log, seq) DO UPDATE SET touched = max(touched, excluded.touched)`,
  react: 'INSERT OR IGNORE INTO reactions (log, seq, emoji, user_id) VALUES (?, ?, ?, ?)',
  unreact: 'DELETE FROM reactions WHERE log = ? AND seq = ? AND emoji = ? AND user_id = ?',
  drop_reactions: 'DELETE FROM reactions WHERE log = ? AND seq = ?',

  set_device: `INSERT INTO devices (tenant_id, user_id, device_id, name, platform, last_seen_at)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
    SET name = excluded.name, platform = excluded.platform, last_seen_at = excluded.last_seen_at`,
  see_device: `UPDATE devices SET name = coalesce(?4, name), platform = coalesce(?5, platform), last_seen_at = ?6
    WHERE tenant_id = ?1 AND user_id = ?2 AND device_id = ?3`,
  drop_device: 'DELETE FROM devices WHERE tenant_id = ? AND user_id = ? AND device_id = ?',

  set_checkpoint: `INSERT INTO checkpoints (tenant_id, user_id, device_id, checkpoint) SELECT ?1, ?2, ?3, ?4
    WHERE EXISTS (SELECT 1 FROM devices WHERE tenant_id = ?1 AND user_id = ?2 AND device_id = ?3)
    ON CONFLICT DO UPDATE SET checkpoint = excluded.checkpoint`,
  drop_checkpoint: 'DELETE FROM checkpoints WHERE tenant_id = ? AND user_id = ? AND device_id = ?',

  set_presence: `INSERT INTO presences (tenant_id, user_id, status, text, emoji, expires_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE
    SET status = excluded.status, text = excluded.text, emoji = excluded.emoji, expires_at = excluded.expires_at`,
  dequeue: 'DELETE FROM queued WHERE tenant_id = ? AND user_id = ? AND id = ?',
  revoke: `INSERT INTO revocations (tenant_id, what, subject, before, until) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET before = max(before, excluded.before), until = max(until, excluded.until)`,
  forget_queued: `DELETE FROM queued WHERE queued IN (
    SELECT queued FROM queued WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
  forget_revoked: `DELETE FROM revocations WHERE (tenant_id, what, subject) IN (
    SELECT tenant_id, what, subject FROM revocations WHERE until <= ? LIMIT ?)`,

  schedule: `INSERT INTO scheduled (tenant_id, scheduled_id, user_id, deliver_at, data, tries) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE
    SET user_id = excluded.user_id, deliver_at = excluded.deliver_at, data = excluded.data, tries = excluded.tries`,
  unschedule: 'DELETE FROM scheduled WHERE tenant_id = ? AND scheduled_id = ?',

  expires: 'INSERT INTO expiring (expires_at, n, log, seq) VALUES (?, ?, ?, ?)',
  bury: 'DELETE FROM entries WHERE n IN (SELECT n FROM ghosts WHERE until < ? LIMIT ?)',
  buried: 'DELETE FROM ghosts WHERE (until, n) IN (SELECT until, n FROM ghosts WHERE until < ? LIMIT ?)',
  expired: 'DELETE FROM expiring WHERE expires_at = ? AND n = ?',
} as const

export type StatementName = keyof typeof statements
type Bound = string | number | null | Uint8Array

export type Op = readonly [name: StatementName, ...values: Bound[]] | Special

export type Special =
  /** The body of an entry goes; with a time, because someone deleted it. */
  | readonly [name: 'take', log: number, seq: number, n: number, redacted_at: number | null]
  /** The entries before a number go; of the younger ones the key stays until its day is over. */
  | readonly [name: 'cut', log: number, tailSeq: number, ns: readonly number[], young: readonly Young[]]
  | readonly [name: 'keep_keys', generation: StoredGeneration, table: Uint32Array]
  | readonly [name: 'drop_keys', generation: number]
  /** Some of what dropped rooms left behind goes. */
  | readonly [name: 'purge', rows: number]
  /** Where it was not there before, and its user then has too much of what has not expired by now, the oldest go. */
  | readonly [name: 'enqueue', row: Enqueued, most: number, now: number]

/** As the columns are in the file, but for its number. */
export type Enqueued = readonly [tenant_id: string, user_id: string, ...rest: Bound[]]

/** Entries, and until when their keys are used. */
export interface Young {
  readonly until: number
  readonly ns: readonly number[]
}

export interface StoredGeneration {
  readonly id: number
  readonly first: number
  readonly last: number
  readonly since: number
  readonly until: number
  readonly bits: number
}

/** What crosses to the writer's thread. */
export interface Written {
  /** Which of the two pieces of memory holds it, and the memory itself where it is new. */
  readonly slot: number
  readonly numbers?: SharedArrayBuffer
  readonly bytes?: SharedArrayBuffer
  readonly firstN: number
  /** In `numbers` first three for each entry (log, number, bytes), then eight for each run. */
  readonly entries: number
  readonly runs: number
  /** Up to where all entries are in runs then. */
  readonly foldedN: number | undefined
  readonly ops: readonly Op[]
}

/** How long the commit took, or why there was none. */
export type Outcome = { readonly ms: number } | { readonly failed: string; readonly lastN: number }
