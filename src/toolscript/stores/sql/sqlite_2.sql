-- Version 2: leases, parked runs, snippets, state. A run of version 1 that still runs has no lease: it can be taken over.
ALTER TABLE run ADD COLUMN scope TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN lease_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN wake_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN decisions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN ended INTEGER;  -- when it ended first; a rollback comes later and leaves it
ALTER TABLE run ADD COLUMN due INTEGER     -- from when on it can be claimed; NULL once it ended
  AS (CASE status WHEN 'parked' THEN wake_at WHEN 'running' THEN lease_until END) VIRTUAL;
UPDATE run SET ended = updated WHERE status NOT IN ('running', 'parked');
CREATE INDEX run_by_due ON run (scope, due) WHERE due IS NOT NULL;
CREATE INDEX run_by_end ON run (ended) WHERE ended IS NOT NULL;
CREATE TABLE snapshot (
  run     TEXT PRIMARY KEY REFERENCES run (id) ON DELETE CASCADE,
  content BLOB NOT NULL
);
CREATE TABLE blob_use (
  run  TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  blob TEXT NOT NULL REFERENCES blob (id) ON DELETE CASCADE,
  PRIMARY KEY (run, blob)
) WITHOUT ROWID;
CREATE INDEX blob_use_by_blob ON blob_use (blob);
INSERT INTO blob_use SELECT DISTINCT log.run, blob.id FROM log JOIN blob ON instr(log.entries, blob.id);
CREATE TRIGGER blob_unused AFTER DELETE ON blob_use BEGIN  -- a blob goes with the last run that has it
  DELETE FROM blob WHERE id = OLD.blob AND NOT EXISTS (SELECT 1 FROM blob_use WHERE blob = OLD.blob);
END;
CREATE TABLE cell (
  scope TEXT NOT NULL,
  name  TEXT NOT NULL,             -- a JSON string: a program may choose any name
  value TEXT NOT NULL,
  PRIMARY KEY (scope, name)
) WITHOUT ROWID;
CREATE TABLE secret (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  content BLOB NOT NULL
);
CREATE TABLE snippet (
  scope   TEXT NOT NULL,
  name    TEXT NOT NULL,
  version INTEGER NOT NULL,
  content TEXT NOT NULL,           -- the rest of it: a JSON object
  PRIMARY KEY (scope, name, version)
) WITHOUT ROWID;
