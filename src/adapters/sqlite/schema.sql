-- The log and the store in one file. Only the writer's thread writes to it. A room's rows are found by the number of
-- its log, so that a room made again after its deletion meets nothing of the old one.

CREATE TABLE facts (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;

-- A log keeps its row when its room is dropped, under a new number and epoch. An epoch of NULL is the file's own.
CREATE TABLE logs (
  log INTEGER PRIMARY KEY,
  room TEXT NOT NULL UNIQUE,
  epoch TEXT,
  tenant_id TEXT,
  room_id TEXT,
  tail_seq INTEGER NOT NULL DEFAULT 1,
  cut_messages INTEGER NOT NULL DEFAULT 0,
  cut_bytes INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Logs whose rows are still to be removed, and the last entry there was then.
CREATE TABLE dropped (log INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT;

-- Every entry of every log in the order of committing, with no other index: what is written goes to the end.
CREATE TABLE entries (
  n INTEGER PRIMARY KEY,
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  entry BLOB NOT NULL
) STRICT;

-- Where a log's entries are: up to 64 in one row, from number `first` on. Written for many entries at once, later.
CREATE TABLE runs (
  log INTEGER NOT NULL,
  first INTEGER NOT NULL,
  n INTEGER NOT NULL,
  at INTEGER NOT NULL,
  touched INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  places BLOB NOT NULL,
  PRIMARY KEY (log, first)
) STRICT, WITHOUT ROWID;

-- The idempotency keys of a span of time, by their hashes, in pages.
CREATE TABLE generations (
  generation INTEGER PRIMARY KEY,
  first_n INTEGER NOT NULL,
  last_n INTEGER NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  bits INTEGER NOT NULL
) STRICT;
CREATE TABLE keys (page INTEGER PRIMARY KEY, hashes BLOB NOT NULL) STRICT;

CREATE TABLE expiring (
  expires_at INTEGER NOT NULL,
  n INTEGER NOT NULL,
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (expires_at, n)
) STRICT, WITHOUT ROWID;

-- Entries that were cut off their log, without their bodies, until their keys may be used again.
CREATE TABLE ghosts (until INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (until, n)) STRICT, WITHOUT ROWID;

CREATE TABLE rooms (
  log INTEGER PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  room_id TEXT NOT NULL,
  state BLOB NOT NULL,
  retention_s INTEGER,
  members INTEGER NOT NULL,
  UNIQUE (tenant_id, room_id)
) STRICT;
CREATE INDEX rooms_retained ON rooms (log) WHERE retention_s IS NOT NULL;

CREATE TABLE members (
  log INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  tenant_id TEXT,
  role TEXT NOT NULL,
  joined_at INTEGER NOT NULL,
  joined_seq INTEGER NOT NULL,
  read_seq INTEGER NOT NULL,
  delivered_seq INTEGER NOT NULL,
  PRIMARY KEY (log, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_user ON members (tenant_id, user_id);

CREATE TRIGGER members_more AFTER INSERT ON members BEGIN
  UPDATE rooms SET members = members + 1 WHERE log = NEW.log;
END;
CREATE TRIGGER members_fewer AFTER DELETE ON members BEGIN
  UPDATE rooms SET members = members - 1 WHERE log = OLD.log;
END;
CREATE TRIGGER members_before_their_room AFTER INSERT ON rooms WHEN NEW.members > 0 BEGIN
  UPDATE members SET tenant_id = NEW.tenant_id WHERE log = NEW.log;
END;

CREATE TABLE invitations (
  log INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  by TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (log, user_id)
) STRICT, WITHOUT ROWID;

-- Only messages that something was made of since: an edit, a deletion, a reaction.
CREATE TABLE messages (
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  touched INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 1,
  edited_at INTEGER,
  deleted INTEGER NOT NULL DEFAULT 0,
  body BLOB,
  PRIMARY KEY (log, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE edits (
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  edit INTEGER NOT NULL,
  PRIMARY KEY (log, seq, edit)
) STRICT, WITHOUT ROWID;
CREATE TABLE reactions (
  reaction INTEGER PRIMARY KEY,
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  emoji TEXT NOT NULL,
  user_id TEXT NOT NULL,
  UNIQUE (log, seq, emoji, user_id)
) STRICT;

CREATE TABLE devices (
  tenant_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  name TEXT,
  platform TEXT,
  last_seen_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, user_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE scheduled (
  tenant_id TEXT NOT NULL,
  scheduled_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  deliver_at INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (tenant_id, scheduled_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX scheduled_due ON scheduled (deliver_at);
