-- What the second version has more. Times are REAL: they come from tokens too, and a value that does not fit would fail
-- its whole batch.

-- How often a scheduled message could not be sent yet.
ALTER TABLE scheduled ADD COLUMN tries INTEGER;

CREATE TABLE presences (
  tenant_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  status TEXT NOT NULL,
  text TEXT,
  emoji TEXT,
  expires_at REAL,
  PRIMARY KEY (tenant_id, user_id)
) STRICT, WITHOUT ROWID;

-- Thousands of these are written every few seconds, a kilobyte each: in a table with rows of their own that is one page less.
CREATE TABLE checkpoints (
  tenant_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  checkpoint TEXT NOT NULL,
  PRIMARY KEY (tenant_id, user_id, device_id)
) STRICT;

CREATE TABLE queued (
  queued INTEGER PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  id TEXT NOT NULL,
  device_id TEXT,
  action TEXT NOT NULL,
  data BLOB NOT NULL,
  created_at REAL NOT NULL,
  expires_at REAL NOT NULL
) STRICT;
CREATE INDEX queued_of_user ON queued (tenant_id, user_id, id, expires_at);
CREATE INDEX queued_expiring ON queued (expires_at);

CREATE TABLE revocations (
  tenant_id TEXT NOT NULL,
  what TEXT NOT NULL,
  subject TEXT NOT NULL,
  before REAL NOT NULL,
  until REAL NOT NULL,
  PRIMARY KEY (tenant_id, what, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX revocations_until ON revocations (until);
