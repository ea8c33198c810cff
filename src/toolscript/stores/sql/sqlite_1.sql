-- Version 1. Times are milliseconds since 1970-01-01T00:00Z, bound from the injected clock.
CREATE TABLE run (
  id      TEXT PRIMARY KEY,
  key     TEXT UNIQUE,
  status  TEXT NOT NULL,
  fence   INTEGER NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  program TEXT NOT NULL            -- what never changes: code, language, input, engine, names, limits
) WITHOUT ROWID;
CREATE INDEX run_by_age ON run (created DESC);
CREATE INDEX run_by_status ON run (status, created DESC);
CREATE TABLE log (
  id      INTEGER PRIMARY KEY,     -- grows with every row, so it orders the rows of a run
  run     TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  entries TEXT NOT NULL            -- what one turn added: a JSON array of entries
);
CREATE INDEX log_by_run ON log (run, id);
CREATE TABLE blob (
  id         TEXT PRIMARY KEY,     -- SHA-256 of the content
  media_type TEXT NOT NULL,
  content    BLOB NOT NULL
) WITHOUT ROWID;
